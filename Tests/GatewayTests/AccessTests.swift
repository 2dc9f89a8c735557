import Clocks
import EventModel
import Foundation
import HTTPServer
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

@Suite("Keys, roles, sites and limits")
struct AccessTests {
    @Test("each role may do what it is for, and nothing else (SPEC 8.2)", arguments: Role.allCases)
    func roles(role: Role) throws {
        let harness = try GatewayHarness()
        try harness.define()
        let key = try harness.key(role)
        let ingest = harness.batch([eventJSON()], key: key).status
        let list = harness.send(.get, "/api/workers?site_id=plant", key: key).status
        let put = harness.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(makeDefinition()), key: key).status
        let expected: [Int] =
            switch role {
            case .ingest: [200, 403, 403]
            case .viewer: [403, 200, 403]
            case .operator: [200, 200, 403]
            case .admin: [200, 200, 200]
            }
        let statuses: [Int] = [ingest, list, put]
        #expect(statuses == expected)
    }

    @Test("without a key, with a wrong, cut or foreign one, the answer is 401; health needs none (SPEC 8.2)")
    func unauthorized() throws {
        let harness = try GatewayHarness()
        let key = try harness.key(.admin)
        let other = key.dropLast() + (key.hasSuffix("A") ? "E" : "A")
        for wrong in ["", "x", String(other), String(key.dropLast()), key + "A", "andon__", "andon_0_0"] {
            let response = harness.send(.get, "/api/sites/plant", key: wrong)
            #expect(response.status == 401 && response.header("WWW-Authenticate") == "Bearer", "\(wrong)")
        }
        let basic = harness.send(.get, "/api/sites/plant", key: "", headers: ["Authorization": "Basic abc"])
        #expect(basic.status == 401)
        #expect(harness.send(.get, "/api/sites/plant", key: "", headers: ["X-API-Key": key]).status == 404)
        for path in ["/livez", "/readyz", "/health"] { #expect(harness.send(.get, path, key: "").status == 200) }
    }

    @Test("keys made or revoked by another process hold within a second (SPEC 8.2)")
    func otherProcess() throws {
        let harness = try GatewayHarness()
        // Its own connection, as `andon key` has it.
        let tool = try KeyStore(path: harness.folder.file("keys.sqlite"))
        func status(_ key: String) -> Int { harness.send(.get, "/api/sites/plant", key: key).status }
        #expect(status(harness.adminKey) == 404)
        let (text, key) = try tool.create(role: .admin, sites: [], name: "line 1", at: harness.clock.now)
        harness.clock.advance(milliseconds: 999)
        #expect(status(text) == 404)
        #expect(try tool.revoke(id: key.id, at: harness.clock.now))
        #expect(try !tool.revoke(id: key.id, at: harness.clock.now))
        #expect(try !tool.revoke(id: "nobody", at: harness.clock.now))
        harness.clock.advance(milliseconds: 999)
        #expect(status(text) == 401)
        let listed = try harness.keys.list()
        #expect(listed.map(\.id).contains(key.id) && listed.first { $0.id == key.id }?.revokedAt != nil)
        let events = harness.events.withLock { $0 }
        #expect(events.map(\.name) == ["key_created", "key_revoked"])
        #expect(events.allSatisfy { $0.fields.contains(.init("key", key.id, isInMessage: true)) })
    }

    @Test("a request is logged with its key and site, and with its verdicts as numbers")
    func loggedFields() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let text = try harness.key(.ingest)
        let id = String(text.split(separator: "_")[1])
        let post = harness.batch([eventJSON(), eventJSON(), "7", "8", eventJSON(["confidence": "0.1"])], key: text)
        #expect(
            post.logFields == [
                .init("key", id), .init("site", "plant"), .init("accepted", 1), .init("duplicate", 1),
                .init("invalid_json", 2), .init("low_confidence", 1),
            ])
        let refused = harness.send(.get, "/api/workers?site_id=plant", key: text)
        #expect(refused.status == 403 && refused.logFields == [.init("key", id)])
        let put = harness.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(makeDefinition()))
        #expect(put.logFields.contains(.init("change", "none")) && put.logFields.contains(.init("definition", 1)))
        var definition = makeDefinition()
        definition.workers.removeLast()
        let replaced = harness.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(definition))
        // The word alone: names of people have no place in a log.
        #expect(replaced.logFields.contains(.init("change", "replaced")))
        #expect(replaced.logFields.contains(.init("definition", 2)))
    }

    @Test("the secret has 256 bits and is nowhere in the file (DESIGN 6)")
    func secret() throws {
        let harness = try GatewayHarness()
        let text = try harness.key(.viewer, sites: ["a", "b"], rateLimit: 7)
        let parsed = try #require(APIKeyText(text))
        #expect(parsed.secret.count == 32 && parsed.text == text)
        let file = try Data(contentsOf: harness.folder.url.appending(path: "keys.sqlite"))
        #expect(file.range(of: Data(parsed.secret)) == nil)
        #expect(file.range(of: Data(text.suffix(43).utf8)) == nil)
        #expect(file.range(of: Data(parsed.secretHash.bytes)) != nil)
        let kept = try #require(try harness.keys.list().first { $0.id == parsed.id })
        #expect(kept.sites == ["a", "b"] && kept.rateLimit == 7 && kept.role == .viewer)
    }

    @Test("an open gateway serves loopback clients without a key, others not (SPEC 8.2)")
    func open() throws {
        let harness = try GatewayHarness(isOpen: true)
        let body = DefinitionJSON.bytes(makeDefinition())
        #expect(harness.send(.put, "/api/sites/plant", body: body, key: "").status == 201)
        let json = ["Content-Type": "application/json"]
        #expect(
            harness.send(.post, "/api/events/batch?site_id=plant", body: "[\(eventJSON())]", key: "", headers: json)
                .status
                == 200)
        #expect(harness.send(.get, "/api/workers?site_id=plant", key: "", address: "192.0.2.1").status == 401)
        #expect(harness.send(.get, "/api/workers?site_id=plant", key: "wrong").status == 401)
    }

    @Test("100 requests a minute pass per address, the next gets 429 and when to come again (SPEC 8.2)")
    func addressLimit() throws {
        let harness = try GatewayHarness(requestsPerMinute: 100)
        func send(_ address: String) -> HTTPResponse {
            harness.send(.get, "/api/sites/plant", key: "", address: address)
        }
        for _ in 0..<100 { #expect(send("192.0.2.1").status == 401) }
        let limited = send("192.0.2.1")
        #expect(limited.status == 429 && limited.header("Retry-After") == "1")
        #expect(limited.header("RateLimit-Policy") == "\"address\";q=100;w=60")
        #expect(limited.header("RateLimit") == "\"address\";r=0;t=60")
        #expect(limited.header("Content-Type") == "application/problem+json")
        #expect(send("192.0.2.2").status == 401)
        #expect(harness.send(.get, "/livez", key: "", address: "192.0.2.1").status == 200)
        harness.clock.advance(milliseconds: 599)
        #expect(send("192.0.2.1").status == 429)
        harness.clock.advance(milliseconds: 1)
        #expect(send("192.0.2.1").status == 401)
    }

    @Test("a key is limited over all addresses; its own limit replaces both (SPEC 8.2)")
    func keyLimit() throws {
        let harness = try GatewayHarness(requestsPerMinute: 3)
        let plain = try harness.key(.admin)
        let granted = try harness.key(.admin, rateLimit: 5)
        let unlimited = try harness.key(.admin, rateLimit: 0)
        func statuses(_ key: String, _ count: Int) -> [Int] {
            (0..<count).map { harness.send(.get, "/api/sites/plant", key: key, address: "198.51.100.\($0)").status }
        }
        #expect(statuses(plain, 4) == [404, 404, 404, 429])
        #expect(statuses(granted, 6) == [404, 404, 404, 404, 404, 429])
        #expect(Set(statuses(unlimited, 50)) == [404])
        let response = harness.send(.get, "/api/sites/plant", key: unlimited)
        #expect(response.header("RateLimit") == nil)
    }

    @Test("the table of buckets is bounded, and the busiest clients stay limited")
    func bounded() {
        let limiter = RateLimiter(clock: ManualClock())
        func admit(_ name: String) -> Bool {
            limiter.admit([RateLimiter.Subject(name: name, limit: 2, policy: "address")]).isAllowed
        }
        #expect(admit("busy") && admit("busy") && !admit("busy"))
        for client in 0...RateLimiter.bucketsMaximum { _ = admit("client \(client)") }
        #expect(limiter.bucketCount <= RateLimiter.bucketsMaximum)
        #expect(!admit("busy"))
    }

    @Test("an absurd limit is no trap")
    func hugeLimit() {
        let limiter = RateLimiter(clock: ManualClock(uptime: MonotonicTime(microseconds: .max / 2)))
        #expect(limiter.admit([RateLimiter.Subject(name: "a", limit: .max, policy: "key")]).isAllowed)
    }

    @Test("every answer says once what is left of the limits, refusals too (SPEC 8.2)")
    func limitsOnEveryAnswer() throws {
        let harness = try GatewayHarness(requestsPerMinute: 100)
        try harness.define()
        let viewer = try harness.key(.viewer)
        let answers = [
            harness.batch([eventJSON()]), harness.batch([]), harness.batch([eventJSON()], query: "?site_id=nowhere"),
            harness.batch([eventJSON()], key: viewer), harness.batch([eventJSON()], key: "none"),
            harness.send(.get, "/api/workers?site_id=plant"),
        ]
        #expect(answers.map(\.status) == [200, 400, 404, 403, 401, 200])
        #expect(answers.map { answer in answer.headers.count { $0.name == "RateLimit" } } == [1, 1, 1, 1, 1, 1])
    }
}

@Suite("Access before parameters and body")
struct AccessOrderTests {
    @Test(
        "an unknown parameter is 400 on every path, and whoever may not ask is told that alone (SPEC 2.5, 8.5)",
        arguments: [
            (HTTPMethod.get, "/api/workers?known=1"), (.get, "/api/workstations?x=1"), (.get, "/api/sites/plant?x=1"),
            (.put, "/api/sites/plant?x=1"), (.post, "/api/events?x=1"), (.post, "/api/events/batch?x=1"),
        ])
    func unknownParameter(method: HTTPMethod, target: String) throws {
        let harness = try GatewayHarness()
        try harness.define()
        #expect(harness.send(method, target, key: "").status == 401)
        let elsewhere = try harness.key(.admin, sites: ["elsewhere"])
        #expect(harness.send(method, target + "&site_id=plant", key: elsewhere).status == 403)
        let problem = harness.send(method, target)
        #expect(problem.status == 400)
        #expect(problem["parameter"] == (target.contains("known") ? "known" : "x"))
    }

    @Test("key, role and site are judged without the body (SPEC 8.2)")
    func withoutBody() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let viewer = try harness.key(.viewer)
        let elsewhere = try harness.key(.ingest, sites: ["elsewhere"])
        func status(_ method: HTTPMethod, _ pattern: String, _ key: String) throws -> Int {
            let route = try #require(harness.routes.first { $0.method == method && $0.pattern == pattern })
            let head = HTTPRequest(
                method: method, path: "/api/sites/plant", pathParameters: ["plant"], query: [("site_id", "plant")],
                headerLookup: { $0 == "X-API-Key" ? key : nil })
            switch route.admit(head) {
            case .admitted: return 200
            case .refused(let response): return response.status
            }
        }
        #expect(try status(.post, "/api/events/batch", harness.adminKey) == 200)
        #expect(try status(.post, "/api/events/batch", "") == 401)
        #expect(try status(.post, "/api/events/batch", viewer) == 403)
        #expect(try status(.post, "/api/events/batch", elsewhere) == 403)
        #expect(try status(.put, "/api/sites/{site_id}", harness.key(.admin, sites: ["elsewhere"])) == 403)
        #expect(try status(.put, "/api/sites/{site_id}", harness.adminKey) == 200)
    }
}
