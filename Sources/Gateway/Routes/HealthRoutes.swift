public import HTTPServer
internal import JSON

/// `/livez`, `/readyz` and `/health`: no key, no limit (SPEC 8.2).
public enum HealthRoutes {
    /// - Parameters:
    ///   - log: Identity of the log, which `/livez` tells: so a client knows before it sends a key whether this is the
    ///     server that the key is for.
    ///   - reasons: What is wrong at the moment. Without any, or with ``ReadinessReason/Effect/degraded`` ones alone, the
    ///     answer is 200.
    public static func routes(
        log: String? = nil, reasons: @escaping @Sendable () -> [ReadinessReason]
    ) -> [HTTPRoute] {
        let (alive, ok) = (status("ok", log: log), status("ok"))
        let readiness: @Sendable () -> HTTPResponse = {
            let reasons = reasons()
            guard !reasons.isEmpty else { return ok }
            let missing = reasons.filter { $0.effect != .degraded }
            guard !missing.isEmpty else { return status("degraded", reasons: reasons) }
            return .problem(
                503, "not ready: " + missing.map(\.text).joined(separator: "; "), headers: [("Retry-After", "1")])
        }
        return [
            HTTPRoute(.get, "/livez") { _, _ in .respond(alive) },
            HTTPRoute(.get, "/readyz") { _, _ in .respond(readiness()) },
            HTTPRoute(.get, "/health") { _, _ in .respond(readiness()) },
        ]
    }

    private static func status(_ name: String, log: String? = nil, reasons: [ReadinessReason] = []) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("status", name)
            if let log { json.member("log", log) }
            guard !reasons.isEmpty else { return }
            json.key("reasons")
            json.array { json in for reason in reasons { json.string(reason.text) } }
        }
        return .json(200, json.bytes)
    }
}
