internal import EventModel
internal import HTTPServer
internal import JSON
internal import Sites

/// The answers to a `PUT` of a definition (SPEC 3).
enum DefinitionAnswer {
    /// Dropped workers, and workstations, that an answer names; all of them are counted.
    static let droppedMaximum = 100

    /// The definition is in force and in the registry.
    static func response(_ placed: PlacedDefinition, _ change: DefinitionChange) -> HTTPResponse {
        let body = DefinitionJSON.bytes(of: placed.definition) { json in
            DefinitionJSON.write(placed.definition, to: &json)
            DefinitionJSON.writePlace(placed, to: &json)
            write(change, to: placed.definition, &json)
            json.key("meta")
            DefinitionJSON.writeMeta(placed, to: &json)
        }
        return .json(change == .created ? 201 : 200, body)
    }

    /// The definition would be in force as this; nothing was stored. `version` is the one that it would get.
    static func judged(_ placed: PlacedDefinition, _ change: DefinitionChange) -> HTTPResponse {
        let body = DefinitionJSON.bytes(of: placed.definition) { json in
            DefinitionJSON.write(placed.definition, to: &json)
            if change == .none {
                DefinitionJSON.writePlace(placed, to: &json)
            } else {
                json.member("version", Int64(clamping: placed.version))
                json.key("created_at")
                json.null()
                json.key("position")
                json.null()
            }
            json.member("dry_run", true)
            write(change, to: placed.definition, &json)
            json.key("meta")
            writeMeta(of: current(placed, change), placed.siteID, &json)
        }
        return .json(200, body)
    }

    /// What is in force while a definition is only judged.
    private static func current(_ judged: PlacedDefinition, _ change: DefinitionChange) -> PlacedDefinition? {
        switch change {
        case .created: nil
        case .replaced(let old): old
        case .none: judged
        }
    }

    private static func writeMeta(of current: PlacedDefinition?, _ site: SiteID, _ json: inout JSONWriter) {
        if let current { return DefinitionJSON.writeMeta(current, to: &json) }
        json.object { json in
            json.member("site_id", site.text)
            json.key("definition")
            json.null()
        }
    }

    // MARK: What changes

    private static func write(
        _ change: DefinitionChange, to new: SiteDefinition, _ json: inout JSONWriter
    ) {
        json.member("change", change.name)
        let old: SiteDefinition? =
            switch change {
            case .created: nil
            case .replaced(let old): old.definition
            case .none: new
            }
        let difference = DefinitionDifference(from: old, to: new)
        json.key("counts")
        json.object { json in
            json.key("workers")
            write(difference.workers, &json)
            json.key("workstations")
            write(difference.workstations, &json)
        }
        json.key("site_changes")
        json.array { json in for name in difference.siteChanges { json.string(name) } }
        writeDropped(difference, &json)
    }

    private static func write(_ counts: DefinitionDifference.Counts, _ json: inout JSONWriter) {
        json.object { json in
            json.member("added", counts.added)
            json.member("changed", counts.changed)
            json.member("dropped", counts.dropped)
        }
    }

    private static func writeDropped(_ difference: DefinitionDifference, _ json: inout JSONWriter) {
        json.key("dropped")
        json.object { json in
            json.key("workers")
            json.array { json in
                for worker in difference.droppedWorkers.prefix(droppedMaximum) {
                    json.object { json in
                        json.member("worker_id", worker.workerID.text)
                        if let name = worker.name { json.member("name", name) }
                    }
                }
            }
            json.key("workstations")
            json.array { json in
                for station in difference.droppedWorkstations.prefix(droppedMaximum) {
                    json.object { json in
                        json.member("workstation_id", station.workstationID.text)
                        if let name = station.name { json.member("name", name) }
                    }
                }
            }
        }
    }

    // MARK: Refusals

    static let tooLarge = HTTPResponse.problem(413, "the definition is too large for one log record")

    /// Another version is in force than the put was meant for.
    static func conflict(_ version: UInt64?) -> HTTPResponse {
        let state = version.map { "version \($0) is in force" } ?? "the site has no definition"
        return Problem(
            412, detail: "\(state), which is not what the request asks for; nothing was stored",
            extensions: [("version", version.map { .integer(Int64(clamping: $0)) } ?? .null)]
        ).response
    }

    /// 400 with line and column if the body is not JSON, else 422 with all faults and their JSON pointers.
    static func problem(_ error: DefinitionError) -> Problem {
        switch error {
        case .notJSON(let fault):
            return Problem(
                400, detail: "the body is not JSON: \(fault)",
                extensions: [("line", .integer(Int64(fault.line))), ("column", .integer(Int64(fault.column)))])
        case .invalid(let faults):
            var json = JSONWriter()
            json.array { json in
                for fault in faults {
                    json.object { json in
                        json.member("pointer", fault.pointer)
                        json.member("message", fault.message)
                    }
                }
            }
            return Problem(
                422, detail: "the definition is not valid; nothing was stored",
                extensions: [("errors", .raw(json.bytes))])
        }
    }
}
