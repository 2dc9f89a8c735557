package import EventModel
package import JSON

/// A fault in a definition, and its location (RFC 6901).
package struct DefinitionFault: Error, Equatable {
    package var pointer: String
    package var message: String
}

/// Why a definition is refused.
package enum DefinitionError: Error, Equatable {
    case notJSON(JSONFault)
    /// All faults found, up to a hundred.
    case invalid([DefinitionFault])
}

/// Site definitions in their JSON form (SPEC 3).
package enum DefinitionJSON {
    /// Reads and checks a definition for a site.
    package static func read(_ bytes: some Sequence<UInt8>, site: SiteID) throws(DefinitionError) -> SiteDefinition {
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(reading: bytes, depthMaximum: Limits.jsonDepthMaximum)
        } catch {
            throw .notJSON(error)
        }
        var reader = DefinitionReader(unknownMembers: .faults)
        let definition = reader.definition(value, site: site)
        guard reader.faults.isEmpty else { throw .invalid(reader.faults) }
        return definition
    }

    /// The definition as put, with all defaults.
    package static func bytes(_ definition: SiteDefinition) -> [UInt8] {
        bytes(of: definition) { json in write(definition, to: &json) }
    }

    /// The answer of `GET`: the definition as put, and since when and at which position it is in force.
    package static func bytes(_ placed: PlacedDefinition) -> [UInt8] {
        bytes(of: placed.definition) { json in
            write(placed.definition, to: &json)
            writePlace(placed, to: &json)
            json.key("meta")
            writeMeta(placed, to: &json)
        }
    }

    /// An object about a definition, whose members `members` writes.
    package static func bytes(
        of definition: SiteDefinition, _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(reservedBytes: 512 + 100 * (definition.workers.count + definition.workstations.count))
        json.object(members)
        return json.bytes
    }

    package static func writePlace(_ placed: PlacedDefinition, to json: inout JSONWriter) {
        json.member("version", Int64(clamping: placed.version))
        json.member("created_at", placed.createdAt.formatted)
        json.member("position", placed.position.description)
    }

    package static func writeMeta(_ placed: PlacedDefinition, to json: inout JSONWriter) {
        json.object { json in
            json.member("site_id", placed.definition.siteID.text)
            json.member("definition", Int64(clamping: placed.version))
        }
    }

    package static func write(_ worker: SiteDefinition.Worker, to json: inout JSONWriter) {
        json.object { json in
            json.member("worker_id", worker.workerID.text)
            if let name = worker.name { json.member("name", name) }
            if let location = worker.location { json.member("location", location) }
            if let activeSince = worker.activeSince { json.member("active_since", activeSince) }
        }
    }

    package static func write(_ workstation: SiteDefinition.Workstation, to json: inout JSONWriter) {
        json.object { json in
            json.member("workstation_id", workstation.workstationID.text)
            if let name = workstation.name { json.member("name", name) }
            if let location = workstation.location { json.member("location", location) }
            if let line = workstation.line { json.member("line", line) }
            json.member("capacity", workstation.capacity)
        }
    }

    package static func write(_ definition: SiteDefinition, to json: inout JSONWriter) {
        json.key("site")
        json.object { json in
            json.member("site_id", definition.siteID.text)
            json.member("name", definition.name)
            json.member("time_zone", definition.timeZone)
            json.member("observation_ttl_seconds", definition.observationTTLSeconds)
            json.key("confidence_threshold")
            json.fixed(Int64(definition.confidenceThreshold.partsPerMillion), decimals: 6)
            json.member("max_future_seconds", definition.maxFutureSeconds)
            json.key("shifts")
            json.array { json in for shift in definition.shifts { write(shift, to: &json) } }
            json.member("handover_minutes", definition.handoverMinutes)
            if let target = definition.targetMicrounitsPerHour {
                json.key("target_units_per_hour")
                json.fixed(target, decimals: 6)
            }
            if !definition.showsNamesOnBoards { json.member("board_names", false) }
        }
        json.key("workers")
        json.array { json in for worker in definition.workers { write(worker, to: &json) } }
        json.key("workstations")
        json.array { json in for station in definition.workstations { write(station, to: &json) } }
    }

    private static func write(_ shift: SiteDefinition.Shift, to json: inout JSONWriter) {
        json.object { json in
            json.member("name", shift.name)
            json.member("start", time(shift.startMinute))
            json.member("end", time(shift.endMinute))
            json.key("days")
            json.array { json in
                for (bit, day) in DefinitionReader.days.enumerated() where shift.days & (1 << UInt8(bit)) != 0 {
                    json.string(day)
                }
            }
        }
    }

    private static func time(_ minute: Int) -> String {
        let hours = minute / 60
        let minutes = minute % 60
        return (hours < 10 ? "0" : "") + "\(hours):" + (minutes < 10 ? "0" : "") + "\(minutes)"
    }
}
