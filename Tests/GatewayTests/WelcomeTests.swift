import HTTPServer
import Testing

@testable import Gateway

@Suite("What the server says of itself")
struct WelcomeTests {
    private func ask(
        _ routes: [HTTPRoute], _ path: String, query: [(name: String, value: String)] = [], accept: String? = nil
    ) throws -> HTTPResponse {
        let route = try #require(routes.first { $0.pattern == path && $0.method == .get })
        let request = HTTPRequest(
            method: .get, path: path, query: query, headerLookup: { $0 == "Accept" ? accept : nil })
        let exchange = RecordingExchange()
        if case .respond(let response) = route.serve(request, exchange) { exchange.complete(response) }
        return exchange.response
    }

    @Test("/livez tells the identity of the log, so that a client finds its server before it sends a key (SPEC 8.2)")
    func identity() throws {
        let routes = HealthRoutes.routes(log: "00ff", reasons: { [] })
        #expect(try ask(routes, "/livez").text == #"{"status":"ok","log":"00ff"}"#)
        #expect(try ask(routes, "/readyz").text == #"{"status":"ok"}"#)
        let starting = HealthRoutes.routes { [ReadinessReason(.starting, "x")] }
        #expect(try ask(starting, "/livez").text == #"{"status":"ok"}"#)
        #expect(try ask(starting, "/readyz").status == 503)
    }

    @Test(
        "/readyz answers 200 and says degraded while everything is served, and 503 once something is refused (SPEC 8.2)"
    )
    func degraded() throws {
        let slow = ReadinessReason(.degraded, "the clock \"jumped\"")
        let degraded = try ask(HealthRoutes.routes { [slow] }, "/readyz")
        #expect(degraded.status == 200)
        #expect(degraded.text == #"{"status":"degraded","reasons":["the clock \"jumped\""]}"#)
        let failing = HealthRoutes.routes { [slow, ReadinessReason(.failing, "the log is full")] }
        for path in ["/readyz", "/health"] {
            let answer = try ask(failing, path)
            #expect(answer.status == 503 && answer.header("Retry-After") == "1")
            #expect(answer.text.contains("not ready: the log is full\""))
        }
    }

    private let board: @Sendable (HTTPRequest) -> HTTPResponse = { _ in
        HTTPResponse(status: 200, headers: [("Content-Type", "text/html")], body: Array("the board".utf8))
    }

    @Test("a browser gets the board at /, and a program text (SPEC 8.7)")
    func page() throws {
        let facts = WelcomeRoute.Facts(version: "1", keyCommand: "k", isOpen: false)
        let routes = WelcomeRoute.routes(facts, routes: [], board: board)
        let page = try ask(routes, "/", accept: "text/html,application/xhtml+xml,*/*;q=0.8")
        #expect(page.text == "the board")
        #expect(page.header("Vary") == "Accept")
        #expect(try ask(routes, "/").header("Content-Type") == "text/plain; charset=utf-8")
    }

    @Test("what the board shows stands in its address, so any query is taken at /, and none at /docs (SPEC 8.7)")
    func address() throws {
        let facts = WelcomeRoute.Facts(version: "1", keyCommand: "k", isOpen: false)
        let routes = WelcomeRoute.routes(facts, routes: [], board: board)
        let query = [(name: "page", value: "site"), (name: "wall", value: "1"), (name: "wall", value: "2")]
        #expect(try ask(routes, "/", query: query, accept: "text/html").text == "the board")
        #expect(try ask(routes, "/docs", query: query).status == 400)
    }

    @Test("/docs tells a browser in HTML and others in text what this is, how to make a key, and every path (SPEC 8.7)")
    func welcome() throws {
        let routes =
            HealthRoutes.routes { [] } + [
                HTTPRoute(.get, "/api/<b>&\"", parameters: ["from", "to"]) { _, _ in .respond(HTTPResponse(status: 200))
                }
            ]
        let facts = WelcomeRoute.Facts(version: "1.2.3", keyCommand: "andon key create --role admin", isOpen: false)
        let welcome = WelcomeRoute.routes(facts, routes: routes, board: board)
        let text = try ask(welcome, "/")
        #expect(text.header("Content-Type") == "text/plain; charset=utf-8")
        for part in ["Andon 1.2.3", "GET /livez", "from, to", "andon key create --role admin", "needs a key"] {
            #expect(text.text.contains(part), "\(part)")
        }
        let page = try ask(welcome, "/docs", accept: "text/html,application/xhtml+xml,*/*;q=0.8")
        #expect(page.header("Content-Type") == "text/html; charset=utf-8")
        #expect(page.header("Vary") == "Accept")
        #expect(page.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
        #expect(page.text.contains("<a href=\"/readyz\"><code>GET /readyz</code></a>"))
        #expect(page.text.contains("GET /api/&lt;b&gt;&amp;&quot;</code>"))
        #expect(!page.text.contains("<b>") && !page.text.contains("<script") && !page.text.contains("style"))
        let open = WelcomeRoute.Facts(version: "1", keyCommand: "k", isOpen: true)
        #expect(try ask(WelcomeRoute.routes(open, routes: [], board: board), "/").text.contains("--open"))
    }
}
