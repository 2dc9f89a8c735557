import HTTPServer
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

@Suite("Sessions of browsers")
struct SessionTests {
    private static let ownPage = ["Host": "plant:8080", "Origin": "http://plant:8080"]
    private static let json = ["Content-Type": "application/json"]

    private static func cookie(_ key: String) -> [String: String] { ["Cookie": "theme=dark; andon_session=\(key)"] }

    private static func merged(_ headers: [String: String]...) -> [String: String] {
        headers.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    @Test("a key in a header or a body becomes a cookie that scripts cannot read and other sites cannot use (SPEC 7.6)")
    func begins() throws {
        let harness = try GatewayHarness()
        let key = try harness.keys.create(
            role: .viewer, sites: ["plant"], name: "wall", rateLimit: nil, at: harness.clock.now
        ).text
        let expected = "andon_session=\(key); Path=/; HttpOnly; SameSite=Strict"
        let ways = [
            harness.send(.post, "/api/session", key: key),
            harness.send(.post, "/api/session", key: "", headers: ["X-API-Key": key]),
            harness.send(.post, "/api/session", body: "{\"key\":\"\(key)\"}", key: "", headers: Self.json),
            harness.send(
                .post, "/api/session", body: "{\"key\":\"\(key)\"}", key: "",
                headers: Self.merged(Self.ownPage, ["Content-Type": "application/json; charset=utf-8"])),
        ]
        for answer in ways {
            #expect(answer.status == 200)
            #expect(answer.text == #"{"role":"viewer","sites":["plant"],"name":"wall"}"#)
            #expect(answer.header("Set-Cookie") == expected)
            #expect(answer.header("Cache-Control") == "no-store")
        }
        let secure = harness.start(.post, "/api/session", key: key, isSecure: true).response
        #expect(secure.header("Set-Cookie") == expected + "; Secure")
    }

    @Test("a wrong key begins no session; what is no key at all is told how to send one (SPEC 7.6)")
    func refused() throws {
        let harness = try GatewayHarness()
        func post(_ body: String, _ headers: [String: String] = [:]) -> HTTPResponse {
            harness.send(.post, "/api/session", body: body, key: "", headers: Self.merged(Self.json, headers))
        }
        let wrong = "andon_0011223344556677_" + String(repeating: "A", count: 43)
        let answers = [
            (post("{\"key\":\"\(wrong)\"}"), 401), (post("{\"key\":\"\"}"), 401), (post(""), 401),
            (post("", ["Authorization": "Bearer \(wrong)"]), 401), (post("", ["Authorization": "Basic x"]), 401),
            // The cookie of another session is not a key to begin one with.
            (post("", Self.cookie(harness.adminKey)), 401),
            (post("{"), 400), (post("[]"), 400), (post("{\"key\":7}"), 400), (post("{\"Key\":\"x\"}"), 400),
            (post("{\"key\":\"\(harness.adminKey)\"}", ["Content-Type": "text/plain"]), 415),
        ]
        for (answer, status) in answers {
            #expect(answer.status == status, "\(answer.text)")
            #expect(answer.header("Set-Cookie") == nil)
            #expect(answer.header("Content-Type") == "application/problem+json")
        }
    }

    @Test("a cookie counts as a key for what only reads, whatever the origin (SPEC 7.6)")
    func reads() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let cookie = Self.cookie(try harness.key(.viewer, sites: ["plant"]))
        for origin in [[:], Self.ownPage, ["Host": "plant:8080", "Origin": "http://elsewhere"]] {
            #expect(harness.send(.get, "/api/workers", key: "", headers: Self.merged(cookie, origin)).status == 200)
        }
        let session = harness.send(.get, "/api/session", key: "", headers: cookie)
        #expect(session.status == 200 && session.text == #"{"role":"viewer","sites":["plant"],"name":null}"#)
        let admin = harness.send(.get, "/api/session", key: "", headers: Self.cookie(harness.adminKey))
        #expect(admin.text == #"{"role":"admin","sites":null,"name":null}"#)
        #expect(harness.send(.get, "/api/workers?site_id=other", key: "", headers: cookie).status == 403)
        #expect(harness.send(.get, "/api/session", key: "").status == 401)
    }

    @Test(
        "a cookie changes something only where the browser names a page of this host (SPEC 7.6)",
        arguments: [
            ([:], 403), (["Host": "plant:8080"], 403), (["Origin": "http://plant:8080"], 403),
            (["Host": "plant:8080", "Origin": "http://plant:8080"], 201),
            (["Host": "Plant:8080", "Origin": "https://plant:8080"], 201),
            (["Host": "plant:8080", "Origin": "http://plant:8081"], 403),
            (["Host": "plant:8080", "Origin": "http://evil.example"], 403),
            (["Host": "plant:8080", "Origin": "http://plant:8080.evil.example"], 403),
            (["Host": "plant:8080", "Origin": "null"], 403),
        ] as [([String: String], Int)])
    func changes(headers: [String: String], status: Int) throws {
        let harness = try GatewayHarness()
        let put = harness.send(
            .put, "/api/sites/plant", body: DefinitionJSON.bytes(makeDefinition()), key: "",
            headers: Self.merged(Self.cookie(harness.adminKey), headers))
        #expect(put.status == status, "\(put.text)")
        #expect(harness.send(.get, "/api/sites/plant").status == (status == 201 ? 200 : 404))
        #expect(put.header("Set-Cookie") == nil)
    }

    @Test("a key in a header needs no origin, and wins over a cookie (SPEC 7.6)")
    func header() throws {
        let harness = try GatewayHarness()
        let cookie = Self.cookie(try harness.key(.ingest))
        let put = harness.send(
            .put, "/api/sites/plant", body: DefinitionJSON.bytes(makeDefinition()), headers: cookie)
        #expect(put.status == 201)
    }

    @Test("the cookie of a revoked key opens nothing, and is removed (SPEC 7.6)")
    func revoked() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let text = try harness.key(.viewer)
        let cookie = Self.cookie(text)
        #expect(harness.send(.get, "/api/workers?site_id=plant", key: "", headers: cookie).status == 200)
        _ = try harness.keys.revoke(id: String(text.split(separator: "_")[1]), at: harness.clock.now)
        for target in ["/api/workers?site_id=plant", "/api/session"] {
            let answer = harness.send(.get, target, key: "", headers: cookie)
            #expect(answer.status == 401)
            #expect(
                answer.header("Set-Cookie") == "andon_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
        }
    }

    @Test("DELETE removes the cookie, also one that opens nothing; no page from elsewhere signs in or out (SPEC 7.6)")
    func ends() throws {
        let harness = try GatewayHarness()
        for headers in [[:], Self.cookie(harness.adminKey), Self.cookie("x"), Self.ownPage] {
            let answer = harness.send(.delete, "/api/session", key: "", headers: headers)
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(
                answer.header("Set-Cookie") == "andon_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
        }
        let foreign = ["Host": "plant:8080", "Origin": "http://evil.example"]
        for method in [HTTPMethod.post, .delete] {
            let answer = harness.send(method, "/api/session", headers: foreign)
            #expect(answer.status == 403 && answer.header("Set-Cookie") == nil)
        }
    }

    @Test("sessions count against the limits that keys do, and so does every attempt to begin one (SPEC 7.6, 8.2)")
    func limits() throws {
        let harness = try GatewayHarness(requestsPerMinute: 5)
        let cookie = Self.cookie(harness.adminKey)
        let first = harness.send(.get, "/api/session", key: "", headers: cookie)
        #expect(first.header("RateLimit-Policy") == #""address";q=5;w=60, "key";q=5;w=60"#)
        let tries = [
            harness.send(.post, "/api/session", body: "{", key: "", headers: Self.json),
            harness.send(.post, "/api/session", key: "x"), harness.send(.delete, "/api/session", key: ""),
            harness.send(.get, "/api/session", key: "", headers: cookie),
        ]
        #expect(tries.map(\.status) == [400, 401, 204, 200])
        for method in [HTTPMethod.post, .get, .delete] {
            #expect(harness.send(method, "/api/session", key: "", headers: cookie).status == 429)
        }
    }

    @Test("where no key is needed the session says so, also to a browser with the cookie of another server (SPEC 7.6)")
    func open() throws {
        let harness = try GatewayHarness(isOpen: true)
        let expected = #"{"role":"admin","sites":null,"name":null,"open":true}"#
        let local = ["Host": "localhost:8080"]
        for headers in [local, Self.merged(local, Self.cookie("andon_of_another"))] {
            let answer = harness.send(.get, "/api/session", key: "", headers: headers)
            #expect(answer.status == 200 && answer.text == expected)
        }
        #expect(
            harness.start(.get, "/api/session", key: "", headers: local, address: "10.0.0.7").response.status == 401)
        let viewer = Self.merged(local, Self.cookie(try harness.key(.viewer)))
        #expect(harness.send(.get, "/api/session", key: "", headers: viewer)["role"] == "viewer")
        let foreign = ["Host": "evil.example"]
        #expect(harness.send(.get, "/api/session", key: "", headers: foreign).status == 421)
    }

    @Test("cookies are read as browsers send them")
    func parsing() {
        #expect(SessionCookie.value(in: "andon_session=a_b-c") == "a_b-c")
        #expect(SessionCookie.value(in: "x=1;andon_session=k ; y=2") == "k")
        #expect(SessionCookie.value(in: "x_andon_session=1; andon_session=") == nil)
        #expect(SessionCookie.value(in: "ANDON_SESSION=1; andon_session") == nil)
        #expect(SessionCookie.value(in: "") == nil)
    }
}
