internal import EventLog
internal import EventModel

/// What the records of the registry topic come to: for each site the highest revision of this log.
///
/// Pure: records go in one by one, in the order of the topic. Compaction keeps the newest record of a key, not the one of
/// the highest revision; so the table also knows where the two differ, and whoever has the better one writes it again.
struct RegistryTable {
    struct Entry: Equatable {
        var best: PlacedDefinition
        /// Whether the newest record of this site is ``best``, so that compaction keeps it.
        var isKept: Bool
    }

    /// What a record changed.
    struct Effect: Equatable {
        /// What holds now, when that is something else than before.
        var changed: PlacedDefinition?
        /// What holds, when the record says less: it has to be written again.
        var displaced: PlacedDefinition?
    }

    let epoch: LogEpoch
    let partitionCount: Int32
    private(set) var entries: [SiteID: Entry] = [:]
    /// Persons as another log's definitions named them; the fold of a copied log has none.
    private var otherLogs: [SiteID: [SiteDefinition.Worker]] = [:]

    init(epoch: LogEpoch, partitionCount: Int32) {
        self.epoch = epoch
        self.partitionCount = partitionCount
    }

    /// The registry of this log says nothing about definitions of others (DESIGN 1.3), but for the names in them.
    mutating func take(_ record: RegistryRecord) -> Effect {
        let new = record.placed
        let site = new.definition.siteID
        guard record.epoch == epoch,
            new.position.partition == Partitioner.partition(of: site.bytes, partitionCount: partitionCount)
        else {
            otherLogs[site] = new.definition.workers.filter(\.isNamed)
            entries[site]?.isKept = false
            return Effect()
        }
        guard let entry = entries[site], entry.best.position.offset >= new.position.offset else {
            entries[site] = Entry(best: new, isKept: true)
            return Effect(changed: new)
        }
        guard entry.best.position.offset == new.position.offset else {
            entries[site]?.isKept = false
            return Effect(displaced: entry.best)
        }
        // The same definition again: with another version by a repair, perhaps by somebody who does not know the names.
        var merged = new
        merged.definition = new.definition.named(by: entry.best.definition.workers)
        entries[site] = Entry(best: merged, isKept: merged == new)
        return Effect(changed: merged == entry.best ? nil : merged, displaced: merged == new ? nil : merged)
    }

    /// The site's names are erased; who works where still stands in the log and holds.
    mutating func erase(_ site: SiteID) -> Effect {
        otherLogs[site] = nil
        guard let entry = entries[site] else { return Effect() }
        var nameless = entry.best
        nameless.definition = nameless.definition.withoutPersonalData
        entries[site] = Entry(best: nameless, isKept: false)
        return Effect(changed: nameless == entry.best ? nil : nameless)
    }

    /// A definition of the fold with the names that are known of its people.
    func named(_ definition: SiteDefinition) -> SiteDefinition {
        let persons = entries[definition.siteID]?.best.definition.workers ?? []
        return definition.named(by: persons).named(by: otherLogs[definition.siteID] ?? [])
    }
}

extension SiteDefinition {
    /// The definition with the names that others give to those of its workers that have none here.
    func named(by others: [Worker]) -> SiteDefinition {
        guard others.contains(where: \.isNamed), workers.contains(where: { !$0.isNamed }) else { return self }
        let persons = Dictionary(others.map { ($0.workerID, $0) }, uniquingKeysWith: { first, _ in first })
        var named = self
        named.workers = workers.map { $0.isNamed ? $0 : persons[$0.workerID] ?? $0 }
        return named
    }
}

extension SiteDefinition.Worker {
    /// Whether it says more than the log does.
    var isNamed: Bool { name != nil || location != nil || activeSince != nil }
}
