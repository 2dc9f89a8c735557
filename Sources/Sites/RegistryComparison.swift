package import EventLog
package import EventModel
package import Observability

/// Compares the definitions of a registry with the records of the log that they name; what the log says is in force.
///
/// The two differ when one of the files was replaced by an older or another one. Admission would then follow the
/// registry and the figures the log, for ever. A registry that several gateways share is compared by the workers instead
/// (``RegistryRepair``).
package struct RegistryComparison {
    /// What is in force, with the names that the registry has. A site that the log does not define is left out.
    package private(set) var definitions: [PlacedDefinition] = []
    /// Sites whose definition in the registry is not the log's newest one.
    package private(set) var corrected: Set<SiteID> = []

    /// - Throws: ``LogError`` when the log cannot be read.
    package init(
        _ registered: [PlacedDefinition], in registry: any DefinitionRegistry, with log: any EventLog,
        _ journal: Journal
    ) throws {
        guard !registry.isShared else {
            definitions = registered
            return
        }
        var others: [SiteID: PlacedDefinition] = [:]
        for placed in registered {
            if try Self.isRecord(placed, in: log) { definitions.append(placed) } else { others[placed.siteID] = placed }
        }
        guard !others.isEmpty else { return }
        let newest = try Self.newest(of: Set(others.keys), in: log)
        for (site, old) in others {
            corrected.insert(site)
            if let placed = newest[site] { definitions.append(placed.named(by: old)) }
            journal.record(.registryCorrected(site, isDefined: newest[site] != nil))
        }
    }

    /// Whether the log has this definition at its position.
    private static func isRecord(_ placed: PlacedDefinition, in log: any EventLog) throws -> Bool {
        let place = placed.position
        guard (0..<log.partitionCount).contains(place.partition.value),
            place.offset >= (try log.startOffset(place.partition)), place.offset < (try log.endOffset(place.partition))
        else { return false }
        var batch = EventBatch(siteID: placed.siteID)
        var isFound = false
        _ = try log.read(place.partition, from: place.offset, byteLimit: 1) { record in
            guard record.offset == place.offset,
                case .definition(let found)? = try? RecordCodec.decode(record.payload, into: &batch)
            else { return }
            isFound = found.createdAt == placed.createdAt && found.definition == placed.definition.withoutPersonalData
        }
        return isFound
    }

    /// The newest definition of each site, found by reading all of the log.
    private static func newest(of sites: Set<SiteID>, in log: any EventLog) throws -> [SiteID: PlacedDefinition] {
        var found: [SiteID: PlacedDefinition] = [:]
        try DefinitionScan.read(log, of: sites) { record, position in
            let site = record.definition.siteID
            found[site] = PlacedDefinition(
                definition: record.definition, version: (found[site]?.version ?? 0) + 1, createdAt: record.createdAt,
                position: position)
        }
        return found
    }
}
