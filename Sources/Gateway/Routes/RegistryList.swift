public import EventModel
public import HTTPServer
internal import JSON
internal import Sites

/// Asks for a definition of before the newest one, which the registry does not have (SPEC 3, 5.1).
public struct OlderDefinitionQuestion {
    /// Valid only while the question is asked.
    public let request: HTTPRequest
    public let exchange: any HTTPExchange
    public let knownAt: Timestamp
    /// The newest definition of the site, which was not known then.
    public let newest: PlacedDefinition
}

/// What a fold of the log says about it.
public enum OlderDefinition {
    /// As the log has it; nil if the site had none.
    case found(PlacedDefinition?)
    /// The log is not folded as far as the newest definition, so an older one may be missing.
    case behind
    /// Another process answers the request.
    case elsewhere(HTTPOutcome)
}

/// The lists of what a definition names, with the names that the registry has (SPEC 3, 8.5).
enum RegistryList {
    case workers, workstations

    /// - Parameters:
    ///   - visible: The definition that the list is about; nil for none.
    ///   - newest: The registry's, for the names.
    func answer(_ visible: PlacedDefinition?, newest: PlacedDefinition, knownAt: Timestamp?) -> [UInt8] {
        var json = JSONWriter(reservedBytes: 4096)
        json.object { json in
            json.key("items")
            json.array { json in
                if let visible { writeItems(of: visible, newest, &json) }
            }
            json.key("meta")
            json.object { json in
                json.member("site_id", newest.siteID.text)
                json.key("definition")
                json.integer(orNull: visible.map { Int64(clamping: $0.version) })
                if let knownAt { json.member("known_at", knownAt.formatted) }
            }
        }
        return json.bytes
    }

    private func writeItems(of visible: PlacedDefinition, _ newest: PlacedDefinition, _ json: inout JSONWriter) {
        switch self {
        case .workers:
            let workers = visible == newest ? visible.definition.workers : Self.workers(of: visible, newest)
            for worker in workers.sorted(by: { $0.workerID < $1.workerID }) { DefinitionJSON.write(worker, to: &json) }
        case .workstations:
            let stations = visible == newest ? visible.definition.workstations : Self.stations(of: visible, newest)
            for station in stations.sorted(by: { $0.workstationID < $1.workstationID }) {
                DefinitionJSON.write(station, to: &json)
            }
        }
    }

    /// The log has ids alone; who was dropped since has a name at most.
    private static func workers(
        of visible: PlacedDefinition, _ newest: PlacedDefinition
    ) -> [SiteDefinition.Worker] {
        let current = Dictionary(
            newest.definition.workers.map { ($0.workerID, $0) }, uniquingKeysWith: { first, _ in first })
        let names = newest.workerNames
        return visible.definition.workers.map { worker in
            current[worker.workerID] ?? SiteDefinition.Worker(workerID: worker.workerID, name: names[worker.workerID])
        }
    }

    /// As the definition had them, but for names: these are always the newest (SPEC 5.8).
    private static func stations(
        of visible: PlacedDefinition, _ newest: PlacedDefinition
    ) -> [SiteDefinition.Workstation] {
        let names = newest.workstationNames
        return visible.definition.workstations.map { station in
            var named = station
            named.name = names[station.workstationID] ?? station.name
            return named
        }
    }
}
