internal import EventModel
internal import HTTPServer
internal import JSON
internal import Sites

/// The answers to a `PUT` of a definition (SPEC 3).
enum DefinitionAnswer {
    /// The definition is in force and in the registry.
    static func response(_ placed: PlacedDefinition, _ change: DefinitionChange) -> HTTPResponse {
        .json(change == .created ? 201 : 200, DefinitionJSON.bytes(placed))
    }

    static let tooLarge = HTTPResponse.problem(413, "the definition is too large for one log record")

    /// 400 if the body is not JSON, else 422 with all faults and their JSON pointers.
    static func problem(_ error: DefinitionError) -> Problem {
        guard error.isJSON else { return Problem(400, detail: "the body is not JSON in UTF-8") }
        var json = JSONWriter()
        json.array { json in
            for fault in error.faults {
                json.object { json in
                    json.member("pointer", fault.pointer)
                    json.member("message", fault.message)
                }
            }
        }
        return Problem(
            422, detail: "the definition is not valid; nothing was stored", extensions: [("errors", .raw(json.bytes))])
    }
}
