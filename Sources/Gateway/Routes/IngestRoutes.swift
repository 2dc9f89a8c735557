internal import Access
internal import EventModel
internal import HTTPServer
internal import Observability

/// `POST /api/events` and `/api/events/batch` (SPEC 2): HTTP around ``Admission``.
extension Gateway {
    var ingestRoutes: [HTTPRoute] {
        [ingestRoute("/api/events", isSingle: true), ingestRoute("/api/events/batch", isSingle: false)]
    }

    private func ingestRoute(_ path: String, isSingle: Bool) -> HTTPRoute {
        access.route(
            .post, path, needs: .ingest, parameters: ["site_id"], bodyBytesMaximum: Limits.bodyBytesMaximum
        ) { [self] request, exchange, grant throws(Problem) in
            try ingest(request, exchange, grant, isSingle: isSingle)
        }
    }

    private func ingest(
        _ request: HTTPRequest, _ exchange: any HTTPExchange, _ grant: Grant, isSingle: Bool
    ) throws(Problem) -> HTTPOutcome {
        let layout = try Self.layout(of: request, isSingle: isSingle)
        let reading: IngestReading
        do throws(IngestRefusal) {
            reading = try admission.read(request.body, layout)
        } catch {
            throw IngestAnswer.problem(error)
        }
        let site = try grant.site(of: request, namedInBody: reading.namedSite)
        let key = request.header("Idempotency-Key").map {
            SentKey($0, apiKeyID: grant.keyID, path: request.path)
        }
        let admitted: Admission.Admitted
        // A clock that jumps ahead must not end the 24 hours of a key.
        let now = watchedClock.certain.time
        do throws(IngestRefusal) {
            admitted = try admission.admit(reading, site: site, key: key, now: now, refresh: refresh.refresh)
        } catch {
            throw IngestAnswer.problem(error)
        }
        switch admitted {
        case .answered(let answer):
            request.noteForLog(JournalEvent.Field("idempotency", "first answer again"))
            return .respond(IngestAnswer.response(answer))
        case .waits(let waiting):
            guard submit(waiting, exchange) else {
                admission.withdraw(waiting)
                throw IngestAnswer.full
            }
            return .suspended
        }
    }

    private static func layout(of request: HTTPRequest, isSingle: Bool) throws(Problem) -> BodyLayout {
        // Parameters such as a charset do not matter: the body must be UTF-8.
        let type = request.header("Content-Type")?.split(separator: ";", maxSplits: 1).first.map {
            $0.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        switch (type ?? "application/json", isSingle) {
        case ("application/json", true): return .single
        case ("application/json", false): return .batch
        case ("application/x-ndjson", false): return .lines
        default:
            let types = isSingle ? "application/json" : "application/json or application/x-ndjson"
            throw Problem(415, detail: "the body must be \(types)")
        }
    }
}
