public import HTTPServer

/// `GET /`: tells a browser, or a person with curl, what answers here (SPEC 8.7). No key, no limit.
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

    /// Nothing may be loaded, run, framed or sent from the page.
    private static let policy =
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// - Parameter routes: Every other route; the page lists them.
    public static func route(_ facts: Facts, routes: [HTTPRoute]) -> HTTPRoute {
        let paths = routes.map { Path($0) }
        let html = answer("text/html; charset=utf-8", page(facts, paths))
        let text = answer("text/plain; charset=utf-8", plain(facts, paths))
        return HTTPRoute(.get, "/") { request, _ in
            let wantsPage = request.header("Accept")?.lowercased().contains("text/html") ?? false
            return .respond(wantsPage ? html : text)
        }
    }

    private struct Path {
        var name: String
        var parameters: String

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
                ("Cache-Control", "no-cache"), ("Vary", "Accept"),
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
