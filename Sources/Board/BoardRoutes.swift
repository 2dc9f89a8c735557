public import HTTPServer

/// The board in a browser (SPEC 8.7). Its files tell nothing about a site, so they need no key and have no limit; the
/// page asks the same questions as any other client.
public enum BoardRoutes {
    /// Everything but the page itself.
    /// - Parameter directory: Files are read from it for every request, not from the program: for development.
    public static func routes(directory: String? = nil) -> [HTTPRoute] {
        let files = BoardFiles(directory: directory)
        return [
            route("/assets/{file}", files) { $0[0] },
            route("/assets/{folder}/{file}", files) { "\($0[0])/\($0[1])" },
            route("/manifest.webmanifest", files) { _ in "manifest.webmanifest" },
            // At the top, because a service worker serves the paths below its own.
            route("/service-worker.js", files) { _ in "service-worker.js" },
        ]
    }

    /// Answers with the page: the same for everybody, its script shows the sign-in where there is no session.
    public static func page(directory: String? = nil) -> @Sendable (HTTPRequest) -> HTTPResponse {
        let files = BoardFiles(directory: directory)
        return { answer("index.html", files, $0) }
    }

    private static func route(
        _ pattern: String, _ files: BoardFiles, name: @escaping @Sendable ([String]) -> String
    ) -> HTTPRoute {
        HTTPRoute(.get, pattern) { request, _ in .respond(answer(name(request.pathParameters), files, request)) }
    }

    private static func answer(_ name: String, _ files: BoardFiles, _ request: HTTPRequest) -> HTTPResponse {
        guard let answer = files.answer(name) else {
            return Problem(404, detail: "the board has no such file").response
        }
        return answer.response(to: request)
    }
}

/// What a browser may do with the board: nothing from another host, no script or style inside the page, no frame around
/// it (SPEC 8.7).
enum BoardPolicy {
    static let content = [
        "default-src 'self'", "img-src 'self' data:", "base-uri 'none'", "form-action 'self'", "object-src 'none'",
        "frame-ancestors 'none'",
    ].joined(separator: "; ")

    static let headers: [(name: String, value: String)] = [
        ("Content-Security-Policy", content), ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
}
