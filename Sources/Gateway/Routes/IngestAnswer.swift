internal import EventModel
internal import HTTPServer
internal import JSON
internal import Observability

/// The answers of the ingest routes (SPEC 2.4).
package enum IngestAnswer {
    /// A batch's counts and errors, or the one verdict of a single event.
    static func response(_ answer: EventsAnswer) -> HTTPResponse {
        if answer.isSingle, let rejection = answer.rejections.first { return problem(rejection, answer) }
        var json = JSONWriter(reservedBytes: 240 + answer.rejections.count * 160)
        json.object { json in
            json.member("success_count", answer.accepted)
            json.member("duplicate_count", answer.duplicates)
            json.member("error_count", answer.rejections.count)
            json.key("errors")
            json.array { json in
                for rejection in answer.rejections { write(rejection, to: &json) }
            }
            json.member("created_at", answer.createdAt.formatted)
            json.key("position")
            json.string(orNull: answer.position.map { "\($0)" })
        }
        return .json(answer.isSingle && answer.accepted > 0 ? 201 : 200, json.bytes)
    }

    private static func problem(_ rejection: Rejection, _ answer: EventsAnswer) -> HTTPResponse {
        Problem(
            422, detail: message(rejection),
            extensions: [
                ("code", .string(rejection.verdict.code)),
                ("field", rejection.field.map { .string("\($0.name)") } ?? .null),
                ("value", rejection.value.text.map { .string($0) } ?? .null),
                ("created_at", .string(answer.createdAt.formatted)),
                ("position", answer.position.map { .string("\($0)") } ?? .null),
            ]
        ).response
    }

    /// How many events got which verdict, for the request's line in the log.
    static func logFields(_ answer: EventsAnswer) -> [JournalEvent.Field] {
        var fields: [JournalEvent.Field] = []
        if answer.accepted > 0 { fields.append(JournalEvent.Field("accepted", answer.accepted)) }
        if answer.duplicates > 0 { fields.append(JournalEvent.Field("duplicate", answer.duplicates)) }
        guard !answer.rejections.isEmpty else { return fields }
        var counts = [Int](repeating: 0, count: Verdict.allCases.count)
        for rejection in answer.rejections { counts[Int(rejection.verdict.rawValue)] += 1 }
        for verdict in Verdict.allCases where counts[Int(verdict.rawValue)] > 0 {
            fields.append(JournalEvent.Field(verdict.code, counts[Int(verdict.rawValue)]))
        }
        return fields
    }

    /// A request that never reached the log (SPEC 2.5).
    static func problem(_ refusal: IngestRefusal) -> Problem {
        switch refusal {
        case .body(let fault): problem(fault)
        case .unknownSite: Problem(404, detail: "no such site; put its definition first")
        case .keyLength: Problem(400, detail: "an Idempotency-Key has 1 to \(Admission.keyBytesMaximum) bytes")
        case .keyInFlight:
            Problem(
                409, detail: "a request with this Idempotency-Key still waits for its answer",
                headers: [("Retry-After", "1")])
        case .keyReused:
            Problem(
                422, detail: "this Idempotency-Key was used with another body or site",
                extensions: [("code", .string("idempotency_key_reused"))])
        }
    }

    private static func problem(_ fault: BodyFault) -> Problem {
        switch fault {
        case .malformed(let place):
            Problem(
                400,
                detail: "the body is not JSON in UTF-8: it goes wrong at line \(place.line), column \(place.column) "
                    + "(byte offset \(place.offset))")
        case .utf16: Problem(400, detail: "the body is UTF-16; send UTF-8")
        case .tooDeep: Problem(400, detail: "the body is nested deeper than \(Limits.jsonDepthMaximum)")
        case .noEvents: Problem(400, detail: "the body holds no event")
        case .notOneEvent:
            Problem(
                400, detail: "this path takes one event, which is a JSON object; several go to /api/events/batch")
        case .noList:
            Problem(
                400,
                detail: "this path takes a list of events, [...] or {\"events\":[...]}; a single event goes to "
                    + "/api/events")
        case .tooManyEvents: Problem(413, detail: "a request holds at most \(Limits.batchEventsMaximum) events")
        case .noMemory: full
        }
    }

    /// 503: too many requests are waiting.
    static let full = Problem(
        503, detail: "too many requests wait for the log; send it again", headers: [("Retry-After", "1")])

    /// 503: nothing of the request is reported as stored; the client can send the same request again (SPEC 2.5).
    static func unavailable(_ detail: String) -> HTTPResponse {
        .problem(503, detail, headers: [("Retry-After", "1")])
    }

    /// 503: somebody has to look at the clock first, so the client need not ask every second.
    static func clockInDoubt(_ reason: String) -> HTTPResponse {
        .problem(503, reason, headers: [("Retry-After", "10")])
    }

    private static func write(_ rejection: Rejection, to json: inout JSONWriter) {
        json.object { json in
            json.member("index", Int(rejection.index))
            json.member("code", rejection.verdict.code)
            json.key("field")
            if let field = rejection.field { json.string("\(field.name)") } else { json.null() }
            json.member("message", message(rejection))
            json.key("value")
            json.string(orNull: rejection.value.text)
        }
    }

    /// One sentence for people; programs read `code` and `field`.
    static func message(_ rejection: Rejection) -> String {
        let field = rejection.field.map { "\($0.name)" } ?? "the event"
        switch rejection.verdict {
        case .invalidJSON: return "not JSON, or not a JSON object"
        case .missingField: return "\(field) is missing"
        case .invalidType:
            return "\(field) must be a \(isNumber(rejection.field) ? "number" : "string"), not \(rejection.value.kind)"
        case .invalidTimestamp: return "timestamp must be an existing RFC 3339 time of 1970 to 9999 with an offset or Z"
        case .invalidEventType: return "event_type must be working, idle, absent or product_count"
        case .invalidConfidence: return "confidence must be between 0 and 1"
        case .invalidCount:
            return "count must be a whole number from 1 to 1000000, and for other types than product_count 0 or 1"
        case .invalidID:
            if case .surplus = rejection.value {
                return
                    "the site's events already name as many cameras, with stations and model versions, as a site may have"
            }
            return "\(field) must have 1 to 128 bytes and no control characters"
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
