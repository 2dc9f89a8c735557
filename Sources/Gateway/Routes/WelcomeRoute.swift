public import HTTPServer

/// `GET /` and `GET /docs`: what answers here, for a person with curl and for one with a browser (SPEC 8.7). No key, no
/// limit.
public enum WelcomeRoute {
    /// What the page says about the process.
    public struct Facts: Sendable {
        public var version: String
        /// The command that makes the first key.
        public var keyCommand: String
        /// Whether programs on this machine need no key.
        public var isOpen: Bool

        public init(version: String, keyCommand: String, isOpen: Bool) {
            self.version = version
            self.keyCommand = keyCommand
            self.isOpen = isOpen
        }
    }

    /// Nothing may be loaded, run, framed or sent from the list.
    private static let policy =
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// - Parameters:
    ///   - routes: Every other route; they are listed.
    ///   - board: Answers browsers at `/`.
    public static func routes(
        _ facts: Facts, routes: [HTTPRoute], board: @escaping @Sendable (HTTPRequest) -> HTTPResponse
    ) -> [HTTPRoute] {
        let paths = routes.map { Path($0) } + [Path("GET /docs")]
        let html = answer("text/html; charset=utf-8", page(facts, paths))
        let text = answer("text/plain; charset=utf-8", plain(facts, paths))
        var first = HTTPRoute(.get, "/") { request, _ in
            guard prefersPage(request) else { return .respond(text) }
            var page = board(request)
            page.headers.append(vary)
            return .respond(page)
        }
        // What the board shows stands in its address.
        first.takesAnyQuery = true
        return [
            first,
            HTTPRoute(.get, "/docs") { request, _ in .respond(prefersPage(request) ? html : text) },
        ]
    }

    private static let vary = (name: "Vary", value: "Accept")

    private static func prefersPage(_ request: HTTPRequest) -> Bool {
        request.header("Accept")?.lowercased().contains("text/html") ?? false
    }

    private struct Path {
        var name: String
        var parameters: String

        init(_ name: String) { (self.name, parameters) = (name, "") }

        init(_ route: HTTPRoute) {
            name = "\(route.method.rawValue) \(route.pattern)"
            parameters = route.parameters.map(\.name).joined(separator: ", ")
        }
    }

    private static func answer(_ type: String, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", type), ("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "no-cache"), vary,
            ], body: Array(text.utf8))
    }

    // MARK: Words

    private static let purpose =
        "Andon turns the events of cameras in factories into figures about workers, workstations and the cameras' model."

    private static func keys(_ facts: Facts) -> String {
        facts.isOpen
            ? "It was started with --open: programs on this machine need no key."
            : "Every path under /api needs a key, which goes with a request as: Authorization: Bearer KEY"
    }

    private static let reference =
        "The commands explain themselves: andon --help. README.md and the specification in the source explain every figure."

    private static func plain(_ facts: Facts, _ paths: [Path]) -> String {
        let width = paths.map(\.name.count).max() ?? 0
        let lines = paths.map { path in
            let gap = String(repeating: " ", count: width - path.name.count + 2)
            return "  " + path.name + (path.parameters.isEmpty ? "" : gap + path.parameters)
        }
        return """
            Andon \(facts.version)

            \(purpose)
            \(keys(facts))
            Make a key: \(facts.keyCommand)
            \(reference)

            \(lines.joined(separator: "\n"))

            """
    }

    private static func page(_ facts: Facts, _ paths: [Path]) -> String {
        let rows = paths.map { path in
            "<tr><td>\(nameCell(path))</td><td>\(escaped(path.parameters))</td></tr>"
        }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Andon</title>
            </head>
            <body>
            <h1>Andon \(escaped(facts.version))</h1>
            <p>\(purpose)</p>
            <p>\(escaped(keys(facts)))</p>
            <p>Make a key: <code>\(escaped(facts.keyCommand))</code></p>
            <p>\(reference)</p>
            <table>
            <caption>What this server answers</caption>
            <thead><tr><th scope="col">Path</th><th scope="col">Parameters</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </body>
            </html>

            """
    }

    /// Paths that need neither a key nor a parameter are links.
    private static func nameCell(_ path: Path) -> String {
        let name = "<code>\(escaped(path.name))</code>"
        guard path.name.hasPrefix("GET /"), !path.name.contains("/api/"), path.parameters.isEmpty else { return name }
        return "<a href=\"\(escaped(String(path.name.dropFirst(4))))\">\(name)</a>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
