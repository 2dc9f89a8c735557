public import Clocks
public import EventLog
public import EventModel
internal import Locks

/// Puts right what the registry topic lacks, by what the fold knows (DESIGN 3).
///
/// A gateway that dies between the log and the registry leaves the registry behind; two gateways that put definitions of
/// one site at once count the same version twice; compaction may keep an older record than the best. The fold has read
/// every definition in order, so it is the authority. For workers: call ``repair(_:)`` now and then with the definitions
/// of the partitions at hand, from one thread.
public final class RegistryRepair: Sendable {
    /// A definition reaches the registry within a produce's deadline of the log; what is still missing after this time was
    /// lost. Writing earlier would race with the gateway, which alone has the names.
    public static let graceMillisecondsDefault: Int64 = 60_000

    private struct Lack {
        var known: RegistryRevision
        var since: Int64
    }

    private struct RegistryRevision: Equatable {
        var offset: LogOffset
        var version: UInt64
    }

    private let registry: TopicRegistry
    private let graceMilliseconds: Int64
    private let uptime: @Sendable () -> Int64
    private let lacks = Guarded<[SiteID: Lack]>([:])

    /// - Parameter uptime: Milliseconds of a monotonic clock; tests pass their own.
    public init(
        _ registry: TopicRegistry, graceMilliseconds: Int64 = RegistryRepair.graceMillisecondsDefault,
        uptime: @escaping @Sendable () -> Int64 = { SystemClock().uptime.milliseconds }
    ) {
        self.registry = registry
        self.graceMilliseconds = graceMilliseconds
        self.uptime = uptime
    }

    /// Writes the definitions that the registry lacks, has with a lower revision or another version, or might lose, once
    /// that has been so for the time of grace; names that it knows stay. Repeating it does nothing.
    ///
    /// - Parameter known: The newest definitions of the partitions that this process folds.
    /// - Returns: how many records were handed over to be sent; failures are repaired by the next call.
    /// - Throws: ``LogError`` when the registry cannot be read to its end.
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

    /// What the registry ought to say of a site; nil when it says so, or something newer.
    private static func missing(_ known: PlacedDefinition, in table: RegistryTable) -> PlacedDefinition? {
        let site = known.siteID
        let entry = table.entries[site]
        if let entry {
            let offset = entry.best.position.offset
            // Beyond what the fold knows is a definition that it has not reached yet.
            if offset > known.position.offset || offset == known.position.offset && entry.best.version == known.version
            {
                return entry.isKept ? nil : entry.best
            }
        }
        var definition = known
        definition.definition = table.named(known.definition)
        return definition
    }

    /// Those that have been lacking for long enough.
    private func due(_ lacking: [PlacedDefinition]) -> Set<SiteID> {
        let now = uptime()
        return lacks.withLock { lacks in
            var next: [SiteID: Lack] = [:]
            var due: Set<SiteID> = []
            for known in lacking {
                let site = known.siteID
                let revision = RegistryRevision(offset: known.position.offset, version: known.version)
                var lack = Lack(known: revision, since: now)
                if let before = lacks[site], before.known == revision { lack = before }
                next[site] = lack
                if now - lack.since >= graceMilliseconds { due.insert(site) }
            }
            lacks = next
            return due
        }
    }
}
