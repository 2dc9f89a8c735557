internal import EventModel
internal import JSON

/// A definition as the registry keeps it: what was put, with all defaults, and the names of those that it dropped
/// (SPEC 3).
///
/// What is stored is read for ever, also where another version wrote it: members that this one does not know are left
/// out, and `former` may be missing.
struct StoredDefinition: Equatable {
    var definition: SiteDefinition
    var former: FormerNames

    init(_ placed: PlacedDefinition) {
        definition = placed.definition
        former = placed.former
    }

    /// - Throws: ``DefinitionError``
    init(_ bytes: some Sequence<UInt8>, site: SiteID) throws(DefinitionError) {
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(reading: bytes, depthMaximum: Limits.jsonDepthMaximum)
        } catch {
            throw .notJSON(error)
        }
        try self.init(value, site: site)
    }

    /// - Throws: ``DefinitionError``
    init(_ value: JSONValue, site: SiteID) throws(DefinitionError) {
        var reader = DefinitionReader(unknownMembers: .ignored)
        definition = reader.definition(value, site: site)
        guard reader.faults.isEmpty else { throw .invalid(reader.faults) }
        let names = value["former"]
        former = FormerNames(
            workers: Self.entries(names?["workers"], "worker_id"),
            workstations: Self.entries(names?["workstations"], "workstation_id"))
    }

    private static func entries<Kind>(_ list: JSONValue?, _ idName: String) -> [FormerNames.Entry<Kind>] {
        (list?.items ?? []).compactMap { item in
            guard case .string(let id)? = item[idName], IdentifierRules.isIdentifier(Array(id.utf8).span),
                case .string(let name)? = item["name"]
            else { return nil }
            return FormerNames.Entry(id: Identifier(id), name: name)
        }
    }

    var json: [UInt8] {
        let entries = definition.workers.count + definition.workstations.count
        var json = JSONWriter(reservedBytes: 512 + 100 * entries)
        json.object { json in write(to: &json) }
        return json.bytes
    }

    /// The members, without braces.
    func write(to json: inout JSONWriter) {
        DefinitionJSON.write(definition, to: &json)
        guard !former.isEmpty else { return }
        json.key("former")
        json.object { json in
            Self.write("workers", former.workers, "worker_id", to: &json)
            Self.write("workstations", former.workstations, "workstation_id", to: &json)
        }
    }

    private static func write<Kind>(
        _ name: StaticString, _ entries: [FormerNames.Entry<Kind>], _ idName: StaticString, to json: inout JSONWriter
    ) {
        json.key(name)
        json.array { json in
            for entry in entries {
                json.object { json in
                    json.member(idName, entry.id.text)
                    json.member("name", entry.name)
                }
            }
        }
    }
}
