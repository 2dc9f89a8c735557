import HTTPServer
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

@Suite("Programs on this machine without a key")
struct KeylessAccessTests {
    private static let access = KeylessAccess(hosts: ["192.0.2.7"], origins: ["https://board.example"])

    private func status(_ method: HTTPMethod, _ headers: [String: String]) -> Int {
        do throws(Problem) {
            try Self.access.check(HTTPRequest(method: method, path: "/", headerLookup: { headers[$0] }))
            return 200
        } catch {
            return error.status
        }
    }

    @Test(
        "only a loopback name or the address of the server may be the host: a foreign name may point here (SPEC 8.2)",
        arguments: [
            ("localhost", 200), ("LOCALHOST:8080", 200), ("localhost.:8080", 200), ("board.localhost:1", 200),
            ("127.0.0.1:8080", 200), ("127.1.2.3", 200), ("[::1]:8080", 200), ("192.0.2.7:8080", 200),
            ("evil.example", 421), ("localhost.evil.example", 421), ("evil.example:8080", 421), ("192.0.2.8", 421),
            ("127.0.0.1.evil.example", 421), ("127.0.0", 421), ("127.0.0.256", 421), ("[::2]", 421), ("", 421),
            ("xlocalhost", 421), ("0.0.0.0", 421),
        ])
    func host(host: String, expected: Int) {
        #expect(status(.get, ["Host": host]) == expected)
        #expect(status(.put, ["Host": host]) == expected)
    }

    @Test(
        "a page of another origin may not ask, unless it is allowed (SPEC 8.2)",
        arguments: [
            ("http://localhost:8080", 200), ("https://localhost:8080", 200), ("https://board.example", 200),
            ("http://localhost:8081", 403), ("http://localhost", 403), ("http://evil.example", 403), ("null", 403),
            ("https://board.example.evil", 403), ("", 403),
        ])
    func origin(origin: String, expected: Int) {
        let headers = ["Host": "localhost:8080", "Origin": origin, "Content-Type": "application/json"]
        for method in [HTTPMethod.get, .post, .put] { #expect(status(method, headers) == expected) }
    }

    @Test("a POST must say what it holds: pages may send a body without a type to anybody (SPEC 8.2)")
    func contentType() {
        #expect(status(.post, ["Host": "localhost"]) == 415)
        #expect(status(.post, ["Host": "localhost", "Content-Type": "application/json"]) == 200)
        #expect(status(.put, ["Host": "localhost"]) == 200)
    }

    @Test("a page from elsewhere stores nothing; a key opens whatever host and origin say (SPEC 8.2)")
    func stored() throws {
        let harness = try GatewayHarness(isOpen: true)
        let body = DefinitionJSON.bytes(makeDefinition())
        let json = ["Content-Type": "application/json"]
        let page = ["Host": "127.0.0.1:8080", "Origin": "http://evil.example"]
        let rebound = ["Host": "evil.example:8080", "Origin": "http://evil.example:8080"]
        func put(_ headers: [String: String], key: String) -> Int {
            harness.send(.put, "/api/sites/plant", body: body, key: key, headers: headers).status
        }
        #expect(put(page, key: "") == 403 && put(rebound, key: "") == 421)
        #expect(harness.send(.get, "/api/sites/plant").status == 404)
        #expect(put(rebound, key: harness.adminKey) == 201)
        func post(_ headers: [String: String]) -> Int {
            harness.send(
                .post, "/api/events?site_id=plant", body: Array(eventJSON().utf8), key: "", headers: headers
            ).status
        }
        #expect(post(page.merging(json) { $1 }) == 403 && post(rebound.merging(json) { $1 }) == 421)
        #expect(post(["Host": "127.0.0.1:8080"]) == 415)
        #expect(try harness.batches().isEmpty)
        #expect(post(json.merging(["Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080"]) { $1 }) == 201)
    }
}
