internal import EventLog
package import EventModel
internal import Locks

/// Combines what the registry, the fold and the log's newest records say about each site; the newest definition in
/// the log is in force.
///
/// The registry is written after the log, so a crash between the two leaves it behind; and the fold may be behind both.
package struct SiteRecovery {
    package private(set) var sites: [SiteID: PlacedDefinition] = [:]
    /// Sites whose registry row must be written again.
    private var repaired: Set<SiteID> = []

    /// - Parameters:
    ///   - registry: Definitions with names.
    ///   - corrected: Sites of which the registry said something else (``RegistryComparison``).
    ///   - folded: The newest definitions from a fold of the log; names that the registry knows stay.
    package init(registry: [PlacedDefinition], corrected: Set<SiteID> = [], folded: [PlacedDefinition]) {
        for placed in registry { sites[placed.siteID] = placed }
        repaired = corrected
        for placed in folded where isNewer(placed.position.offset, of: placed.siteID) { adopt(placed) }
    }

    /// Adds a definition from the log.
    /// - Parameter earlier: offsets of the site's definitions before it, each of which counts for the version.
    package mutating func take(
        _ record: DefinitionRecord, at position: RecordPosition, after earlier: [LogOffset] = []
    ) {
        let site = record.definition.siteID
        guard isNewer(position.offset, of: site) else { return }
        let between = earlier.count { isNewer($0, of: site) }
        let version = (sites[site]?.version ?? 0) + 1 + UInt64(between)
        adopt(
            PlacedDefinition(
                definition: record.definition, version: version, createdAt: record.createdAt, position: position))
    }

    private func isNewer(_ offset: LogOffset, of site: SiteID) -> Bool {
        sites[site].map { $0.position.offset < offset } ?? true
    }

    /// Keeps the names that the registry has.
    private mutating func adopt(_ placed: PlacedDefinition) {
        sites[placed.siteID] = sites[placed.siteID].map { placed.named(by: $0) } ?? placed
        repaired.insert(placed.siteID)
    }

    /// Writes what the registry lacks.
    ///
    /// - Parameter time: Only definitions older than this are written to a shared registry: a younger one is still on
    ///   its way there from the gateway that appended it, with the names.
    /// - Throws: errors of a registry of this process alone; the workers repair a shared one if this fails.
    package func repair(_ registry: any DefinitionRegistry, before time: Timestamp) throws {
        for site in repaired {
            guard let placed = sites[site] else { continue }
            if registry.isShared {
                if placed.createdAt < time { registry.store(placed) { _ in } }
            } else {
                let stored = Monitor<Result<Void, any Error>?>(nil)
                registry.store(placed) { error in
                    stored.update { $0 = error.map { .failure($0) } ?? .success(()) }
                }
                try stored.wait { $0 }.get()
            }
        }
    }
}
