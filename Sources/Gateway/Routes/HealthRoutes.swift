public import HTTPServer

/// `/livez`, `/readyz` and `/health`: no key, no limit (SPEC 8.2).
public enum HealthRoutes {
    /// - Parameter notReady: What is still missing before the process can serve requests; if empty, the answer is 200.
    public static func routes(notReady: @escaping @Sendable () -> [String]) -> [HTTPRoute] {
        let ok = HTTPResponse.json(200, Array(#"{"status":"ok"}"#.utf8))
        let readiness: @Sendable () -> HTTPResponse = {
            let missing = notReady()
            guard !missing.isEmpty else { return ok }
            return .problem(503, "not ready: " + missing.joined(separator: "; "), headers: [("Retry-After", "1")])
        }
        return [
            HTTPRoute(.get, "/livez") { _, _ in .respond(ok) },
            HTTPRoute(.get, "/readyz") { _, _ in .respond(readiness()) },
            HTTPRoute(.get, "/health") { _, _ in .respond(readiness()) },
        ]
    }
}
