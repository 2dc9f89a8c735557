public import Clocks
public import EventLog
public import EventModel
internal import Locks

/// Repairs the registry topic from what the fold knows (DESIGN 3).
///
/// The registry falls behind if a gateway dies between the log and the registry. Two gateways that put definitions of
/// one site at once assign the same version twice. Compaction may keep an older record than the best. The fold has read
/// every definition in order, so it is the authority. For workers: call ``repair(_:)`` now and then with the
/// definitions of their partitions, from one thread.
public final class RegistryRepair: Sendable {
    /// A definition reaches the registry within a produce deadline after the log; one that is still missing after this
    /// time is lost. Writing earlier would race with the gateway, which alone has the names.
    public static let graceMillisecondsDefault = 60_000

    private struct Lack {
        var known: RegistryRevision
        var since: MonotonicTime
    }

    private struct RegistryRevision: Equatable {
        var offset: LogOffset
        var version: UInt64
    }

    private let registry: TopicRegistry
    private let graceMilliseconds: Int
    private let clock: any ProcessClock
    private let lacks = Guarded<[SiteID: Lack]>([:])

    public init(
        _ registry: TopicRegistry, graceMilliseconds: Int = RegistryRepair.graceMillisecondsDefault,
        clock: any ProcessClock = .system
    ) {
        self.registry = registry
        self.graceMilliseconds = graceMilliseconds
        self.clock = clock
    }

    /// Writes the definitions that the registry lacks, has with a lower revision or another version, or might lose,
    /// once that has lasted for the grace period. Names that the registry knows stay. Calling it again does nothing.
    ///
    /// - Parameter known: The newest definitions of the partitions that this process folds.
    /// - Returns: how many records were passed on for sending; the next call repairs failures.
    /// - Throws: ``LogError`` if the registry cannot be read to its end.
    @discardableResult
    public func repair(_ known: [PlacedDefinition]) throws(LogError) -> Int {
        guard registry.readToEnd(timeoutMilliseconds: TopicRegistry.readMillisecondsMaximum) else {
            throw registry.directory.failure ?? LogError(.unavailable, "the registry could not be read to its end")
        }
        let lacking = registry.directory.withTable { table in
            known.compactMap { known in Self.missing(known, in: table).map { (known, $0) } }
        }
        let due = due(lacking.map(\.0))
        for (known, definition) in lacking where due.contains(known.siteID) {
            registry.store(definition) { _ in }
        }
        return due.count
    }

    /// What the registry should contain for a site; nil if it already has that, or something newer.
    private static func missing(_ known: PlacedDefinition, in table: RegistryTable) -> PlacedDefinition? {
        let site = known.siteID
        let entry = table.entries[site]
        if let entry {
            let offset = entry.best.position.offset
            // A definition newer than the fold's is one that the fold has not reached yet.
            if offset > known.position.offset || offset == known.position.offset && entry.best.version == known.version
            {
                return entry.isKept ? nil : entry.best
            }
        }
        return table.named(known)
    }

    /// Those that have been missing for long enough.
    private func due(_ lacking: [PlacedDefinition]) -> Set<SiteID> {
        let now = clock.uptime
        return lacks.withLock { lacks in
            var next: [SiteID: Lack] = [:]
            var due: Set<SiteID> = []
            for known in lacking {
                let site = known.siteID
                let revision = RegistryRevision(offset: known.position.offset, version: known.version)
                var lack = Lack(known: revision, since: now)
                if let before = lacks[site], before.known == revision { lack = before }
                next[site] = lack
                if lack.since.advanced(milliseconds: graceMilliseconds) <= now { due.insert(site) }
            }
            lacks = next
            return due
        }
    }
}
