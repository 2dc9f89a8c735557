internal import EventLog
internal import EventModel

/// The result of the registry topic's records: for each site the highest revision of this log.
///
/// Pure: takes records one by one, in topic order. Compaction keeps the newest record of a key, not the one with the
/// highest revision. So the table also tracks where the two differ, and a process that has the better one rewrites it.
struct RegistryTable {
    struct Entry: Equatable {
        var best: PlacedDefinition
        /// Whether the newest record of this site is ``best``, so that compaction keeps it.
        var isKept: Bool
    }

    /// What a record changed.
    struct Effect: Equatable {
        /// The definition now in force, if it differs from before.
        var changed: PlacedDefinition?
        /// The definition in force, if the record is inferior to it: it must be written again.
        var displaced: PlacedDefinition?
    }

    let epoch: LogEpoch
    let partitionCount: Int32
    private(set) var entries: [SiteID: Entry] = [:]
    /// Definitions of another log, for their names; the fold of a copied log has none.
    private var otherLogs: [SiteID: PlacedDefinition] = [:]

    init(epoch: LogEpoch, partitionCount: Int32) {
        self.epoch = epoch
        self.partitionCount = partitionCount
    }

    /// Definitions of other logs do not apply to this log's registry (DESIGN 1.3), except for the names in them.
    mutating func take(_ record: RegistryRecord) -> Effect {
        let new = record.placed
        let site = new.definition.siteID
        guard record.epoch == epoch,
            new.position.partition == Partitioner.partition(of: site.bytes, partitionCount: partitionCount)
        else {
            otherLogs[site] = new
            entries[site]?.isKept = false
            return Effect()
        }
        guard let entry = entries[site] else {
            entries[site] = Entry(best: new, isKept: true)
            return Effect(changed: new)
        }
        guard entry.best.position.offset >= new.position.offset else {
            // Its gateway may not have known the one before; then the repair writes the merged one.
            let merged = new.keepingFormerNames(of: entry.best)
            entries[site] = Entry(best: merged, isKept: merged == new)
            return Effect(changed: merged)
        }
        guard entry.best.position.offset == new.position.offset else {
            entries[site]?.isKept = false
            return Effect(displaced: entry.best)
        }
        // The same definition with another version, from a repair that perhaps does not know the names.
        var merged = new
        merged.definition = new.definition.named(by: entry.best.definition.workers)
        merged.former = entry.best.former.followed(by: new.former).without(new.definition)
        entries[site] = Entry(best: merged, isKept: merged == new)
        return Effect(changed: merged == entry.best ? nil : merged, displaced: merged == new ? nil : merged)
    }

    /// The site's names are erased; the rest of the definition is still in the log and in force.
    mutating func erase(_ site: SiteID) -> Effect {
        otherLogs[site] = nil
        guard let entry = entries[site] else { return Effect() }
        var nameless = entry.best
        nameless.definition = nameless.definition.withoutPersonalData
        nameless.former = nameless.former.withoutPersonalData
        entries[site] = Entry(best: nameless, isKept: false)
        return Effect(changed: nameless == entry.best ? nil : nameless)
    }

    /// A definition of the fold with the known names.
    func named(_ placed: PlacedDefinition) -> PlacedDefinition {
        [entries[placed.siteID]?.best, otherLogs[placed.siteID]].reduce(placed) { placed, old in
            old.map { placed.named(by: $0) } ?? placed
        }
    }
}

extension PlacedDefinition {
    /// The definition with the names of those that it drops from an older one.
    func keepingFormerNames(of old: PlacedDefinition) -> PlacedDefinition {
        var kept = self
        kept.former = FormerNames(replacing: old, by: definition).followed(by: former)
        return kept
    }

    /// A definition of the fold, which has no names, with all that an older one tells.
    func named(by old: PlacedDefinition) -> PlacedDefinition {
        var named = keepingFormerNames(of: old)
        named.definition = definition.named(by: old.definition.workers)
        return named
    }
}

extension SiteDefinition {
    /// The definition, with missing names of its workers filled in from `others`.
    func named(by others: [Worker]) -> SiteDefinition {
        guard others.contains(where: \.isNamed), workers.contains(where: { !$0.isNamed }) else { return self }
        let persons = Dictionary(others.map { ($0.workerID, $0) }, uniquingKeysWith: { first, _ in first })
        var named = self
        named.workers = workers.map { $0.isNamed ? $0 : persons[$0.workerID] ?? $0 }
        return named
    }
}

extension SiteDefinition.Worker {
    /// Whether it contains more than the log does.
    var isNamed: Bool { name != nil || location != nil || activeSince != nil }
}
