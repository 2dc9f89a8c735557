internal import EventModel
internal import HTTPServer
internal import JSON

/// The answers of the ingest routes (SPEC 2.4).
enum IngestAnswer {
    /// Counts and errors of a batch, without created_at and position.
    static func batch(accepted: Int, duplicates: Int, errors: [Rejection]) -> [UInt8] {
        var json = JSONWriter(reservedBytes: 160 + errors.count * 120)
        json.object { json in
            json.member("success_count", accepted)
            json.member("duplicate_count", duplicates)
            json.member("error_count", errors.count)
            json.key("errors")
            json.array { json in
                for error in errors { write(error, to: &json) }
            }
        }
        return json.bytes
    }

    /// The one verdict of a single event as a problem, without created_at and position.
    static func problem(_ rejection: Rejection) -> [UInt8] {
        Problem(
            422, detail: message(rejection),
            extensions: [
                ("code", .string(rejection.verdict.code)),
                ("field", rejection.field.map { .string("\($0.name)") } ?? .null),
            ]
        ).json
    }

    /// The answer as it is sent: what only the log could tell is added (SPEC 8.3).
    static func response(_ answer: StoredAnswer, headers: [(name: String, value: String)]) -> HTTPResponse {
        var body = answer.json
        body.removeLast()
        body.append(contentsOf: #","created_at":""#.utf8)
        answer.createdAt.appendFormatted(to: &body)
        body.append(contentsOf: #"","position":"#.utf8)
        if let position = answer.position {
            body.append(contentsOf: "\"\(position)\"}".utf8)
        } else {
            body.append(contentsOf: "null}".utf8)
        }
        let type = answer.status >= 400 ? "application/problem+json" : "application/json"
        return HTTPResponse(status: answer.status, headers: [("Content-Type", type)] + headers, body: body)
    }

    /// 503: nothing of the request is reported as stored; the same request can be sent again (SPEC 2.5).
    static func unavailable(_ detail: String, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        .problem(503, detail, headers: [("Retry-After", "1")] + headers)
    }

    private static func write(_ error: Rejection, to json: inout JSONWriter) {
        json.object { json in
            json.member("index", Int(error.index))
            json.member("code", error.verdict.code)
            json.key("field")
            if let field = error.field { json.string("\(field.name)") } else { json.null() }
            json.member("message", message(error))
        }
    }

    /// One sentence for people; programs read `code` and `field`.
    static func message(_ rejection: Rejection) -> String {
        let field = rejection.field.map { "\($0.name)" } ?? "the event"
        switch rejection.verdict {
        case .invalidJSON: return "not a JSON object"
        case .missingField: return "\(field) is missing"
        case .invalidType: return "\(field) must be a \(isNumber(rejection.field) ? "number" : "string")"
        case .invalidTimestamp: return "timestamp must be an existing RFC 3339 time of 1970 to 9999 with an offset or Z"
        case .invalidEventType: return "event_type must be working, idle, absent or product_count"
        case .invalidConfidence: return "confidence must be between 0 and 1"
        case .invalidCount:
            return "count must be a whole number from 1 to 1000000, and for other types than product_count 0 or 1"
        case .invalidID: return "\(field) must have 1 to 128 bytes and no control characters"
        case .wrongSite: return "the event names another site than the request"
        case .unknownWorker: return "the site's definition has no such worker"
        case .unknownWorkstation: return "the site's definition has no such workstation"
        case .timestampInFuture: return "timestamp lies too far ahead of the gateway's clock"
        case .lowConfidence: return "confidence is below the site's threshold"
        case .duplicate: return "the event repeats one that is stored"
        case .accepted: return "accepted"
        }
    }

    private static func isNumber(_ field: EventField?) -> Bool { field == .confidence || field == .count }
}
