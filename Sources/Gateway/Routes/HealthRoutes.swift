public import HTTPServer
internal import JSON

/// `/livez`, `/readyz` and `/health`: no key, no limit (SPEC 8.2).
public enum HealthRoutes {
    /// - Parameters:
    ///   - log: Identity of the log, which `/livez` tells: so a client knows before it sends a key whether this is the
    ///     server that the key is for.
    ///   - notReady: What is still missing before the process can serve requests; if empty, the answer is 200.
    public static func routes(
        log: String? = nil, notReady: @escaping @Sendable () -> [String]
    ) -> [HTTPRoute] {
        let (alive, ok) = (status(log: log), status(log: nil))
        let readiness: @Sendable () -> HTTPResponse = {
            let missing = notReady()
            guard !missing.isEmpty else { return ok }
            return .problem(503, "not ready: " + missing.joined(separator: "; "), headers: [("Retry-After", "1")])
        }
        return [
            HTTPRoute(.get, "/livez") { _, _ in .respond(alive) },
            HTTPRoute(.get, "/readyz") { _, _ in .respond(readiness()) },
            HTTPRoute(.get, "/health") { _, _ in .respond(readiness()) },
        ]
    }

    private static func status(log: String?) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "ok")
            if let log { json.member("log", log) }
        }
        return .json(200, json.bytes)
    }
}
