import EventModel
import HTTPClient
import HTTPServer
import Locks
import Query
import Testing

@testable import Cluster

/// A server on loopback that holds a partition or not, with its own token and forwarder.
private final class Worker {
    /// What the tests ask with.
    private static let parameters: [HTTPQueryParameter] = ["site_id", "worker_id", "from", "to", "q", "a", "d", "é"]

    let token = ForwardingToken.random()
    let forwarder: QuestionForwarder
    private let server: HTTPServer
    private(set) var url = ""

    /// - Parameters:
    ///   - holders: whom it asks where it does not hold the partition.
    ///   - answer: of the holder; nil: it holds nothing.
    init(
        holders: @escaping @Sendable () -> [Holder] = { [] }, limits: HTTPForwarding.Limits = HTTPForwarding.Limits(),
        answer: (@Sendable (HTTPRequest, SiteID, any HTTPExchange) -> HTTPOutcome)? = nil
    ) throws {
        let forwarder = QuestionForwarder(holders: { _ in holders() }, client: HTTPForwarding(limits: limits))
        let access = ForwardedAccess(token: token)
        self.forwarder = forwarder
        let route = HTTPRoute(.get, "/api/ledger", parameters: Self.parameters) { request, exchange in
            let permission = access.permission(request) { request in
                request.addAnswerHeaders([("RateLimit", "the client's")])
                return .granted("plant")
            }
            switch permission {
            case .refused(let response): return .respond(response)
            case .granted(let site):
                if let answer { return answer(request, site, exchange) }
                return forwarder.forward(request, site: site, partition: PartitionIndex(0), exchange: exchange)
            }
        }
        server = HTTPServer(configuration: HTTPServerConfiguration(), routes: [route])
        url = "http://127.0.0.1:\(try server.start())"
    }

    var holder: Holder { .at(url, url, token: token) }

    func stop() {
        server.stop()
        forwarder.stop()
    }

    deinit { stop() }
}

@Suite("Forwarding a question, over HTTP", .timeLimit(.minutes(10)))
struct ForwardingOverHTTPTests {
    /// Shows what the holder was asked.
    private static let show: @Sendable (HTTPRequest, SiteID, any HTTPExchange) -> HTTPOutcome = { request, site, _ in
        let text = "\(site) \(request.encodedTarget) \(request.header("If-None-Match") ?? "-")"
        return .respond(
            HTTPResponse(
                status: 200, headers: [("Content-Type", "text/plain"), ("ETag", "\"t\""), ("RateLimit", "holder's")],
                body: Array(text.utf8)))
    }

    @Test("an answer comes through byte for byte, and so does the target that was asked")
    func through() throws {
        let holder = try Worker(answer: Self.show)
        let asked = try Worker(holders: { [holder = holder.holder] in [holder] })
        let client = HTTPClient()
        for query in [
            "", "?site_id=plant", "?worker_id=%c3%A9%2f+%20x&a=b=c&&d",
            "?from=2026-01-01T00:00:00%2b01:00&to=%2E%2e/../",
            "?q='()*!~;,:@$[]{}|^`\"<>", "?é=ü",
        ] {
            let answer = try client.send(
                "GET", asked.url + "/api/ledger" + query, headers: [("If-None-Match", "\"t\", W/\"u\"")])
            #expect(answer.status == 200)
            #expect(
                String(decoding: answer.body, as: UTF8.self) == "plant /api/ledger\(query) \"t\", W/\"u\"")
            #expect(answer.header("ETag") == "\"t\"")
            #expect(answer.headers.count { $0.name.lowercased() == "ratelimit" } == 1)
            #expect(answer.header("RateLimit") == "the client's")
            #expect(answer.headers.count { $0.name.lowercased() == "date" } == 1)
            #expect(answer.headers.count { $0.name.lowercased() == "content-length" } == 1)
        }
    }

    @Test("HEAD gets the headers of the holder's answer")
    func head() throws {
        let holder = try Worker(answer: Self.show)
        let asked = try Worker(holders: { [holder = holder.holder] in [holder] })
        let answer = try HTTPClient().send("HEAD", asked.url + "/api/ledger")
        #expect(answer.status == 200 && answer.body.isEmpty && answer.header("ETag") == "\"t\"")
    }

    @Test("a holder that dies is followed by the next, and by 503 when the last one dies")
    func dying() throws {
        let holders = [try Worker(answer: Self.show), try Worker(answer: Self.show)]
        let asked = try Worker(holders: { [holders = holders.map(\.holder)] in holders })
        let client = HTTPClient()
        #expect(try client.send("GET", asked.url + "/api/ledger").status == 200)
        holders[0].stop()
        #expect(try client.send("GET", asked.url + "/api/ledger").status == 200)
        holders[1].stop()
        let answer = try client.send("GET", asked.url + "/api/ledger")
        #expect(answer.status == 503)
        #expect(answer.header("Retry-After") != nil)
        #expect(answer.header("Content-Type") == "application/problem+json")
    }

    @Test("a holder that never answers is followed by the next")
    func silent() throws {
        let kept = Guarded<[any HTTPExchange]>([])
        let silent = try Worker(answer: { _, _, exchange in
            kept.withLock { $0.append(exchange) }
            return .suspended
        })
        let holder = try Worker(answer: Self.show)
        var limits = HTTPForwarding.Limits()
        limits.timeoutSeconds = 0.2
        let asked = try Worker(
            holders: { [all = [silent.holder, holder.holder]] in all }, limits: limits)
        #expect(try HTTPClient().send("GET", asked.url + "/api/ledger").status == 200)
        let dropped = kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
        #expect(dropped.count == 1)
        dropped.first?.complete(.problem(503))
    }

    @Test("two workers that take each other for the holder answer 503, each after one step")
    func noLoop() throws {
        let addresses = Guarded<[Holder]>([])
        let asked = Guarded(0)
        let other = { @Sendable (own: Int) -> [Holder] in
            asked.withLock { $0 += 1 }
            return addresses.withLock { all in all.indices.filter { $0 != own }.map { all[$0] } }
        }
        let workers = try (0..<2).map { own in try Worker(holders: { other(own) }) }
        addresses.withLock { $0 = workers.map(\.holder) }
        for worker in workers {
            let answer = try HTTPClient().send("GET", worker.url + "/api/ledger")
            #expect(answer.status == 503)
            #expect(answer.header("Andon-Not-Holder") == nil)
        }
        // Only those who were asked by a client looked for a holder.
        #expect(asked.withLock { $0 } == 2)
    }

    @Test("a wrong token is 401 at the holder, and no client of the forwarder sees that")
    func wrongToken() throws {
        let holder = try Worker(answer: Self.show)
        let direct = try HTTPClient().send(
            "GET", holder.url + "/api/ledger",
            headers: [("Andon-Forward-Token", ForwardingToken.random().hex), ("Andon-Forward-Site", "plant")])
        #expect(direct.status == 401)
        let stale = Holder.at(holder.url)
        let asked = try Worker(holders: { [all = [stale, holder.holder]] in all })
        #expect(try HTTPClient().send("GET", asked.url + "/api/ledger").status == 200)
        let lost = try Worker(holders: { [stale] })
        #expect(try HTTPClient().send("GET", lost.url + "/api/ledger").status == 503)
    }

    @Test("questions beyond the threads wait, those beyond the queue are 503 at once, and a stop ends the waiting")
    func queue() throws {
        let arrived = Monitor<[any HTTPExchange]>([])
        let holder = try Worker(answer: { _, _, exchange in
            arrived.update { $0.append(exchange) }
            return .suspended
        })
        var limits = HTTPForwarding.Limits()
        limits.threadsMaximum = 2
        limits.waitingMaximum = 3
        limits.timeoutSeconds = 60
        let client = HTTPForwarding(limits: limits)
        let replies = Monitor<[Int]>([])
        let question = ForwardingQuestion(
            url: holder.url, target: "/api/ledger",
            headers: [("Andon-Forward-Token", holder.token.hex), ("Andon-Forward-Site", "plant")])
        let ask = {
            client.ask(question) { reply in
                replies.update { replies in
                    switch reply {
                    case .answer(let answer): replies.append(answer.status)
                    case .busy: replies.append(0)
                    case .unreachable: replies.append(-1)
                    }
                }
            }
        }
        for _ in 0..<2 { ask() }
        arrived.wait { $0.count == 2 ? () : nil }
        for _ in 0..<3 { ask() }
        #expect(replies.withLock { $0 } == [])
        for _ in 0..<4 { ask() }
        #expect(replies.withLock { $0 } == [0, 0, 0, 0])
        for exchange in arrived.withLock({ $0 }) { exchange.complete(.problem(404)) }
        arrived.wait { $0.count == 4 ? () : nil }
        for exchange in arrived.withLock({ $0[2...] }) { exchange.complete(.problem(404)) }
        arrived.wait { $0.count == 5 ? () : nil }
        arrived.withLock { $0[4] }.complete(.problem(404))
        client.stop()
        #expect(replies.withLock { $0 } == [0, 0, 0, 0, 404, 404, 404, 404, 404])
        ask()
        #expect(replies.withLock { $0.last } == 0)
    }

    @Test("what waits when the forwarder stops is answered as busy")
    func stopping() throws {
        let arrived = Monitor<[any HTTPExchange]>([])
        let holder = try Worker(answer: { _, _, exchange in
            arrived.update { $0.append(exchange) }
            return .suspended
        })
        var limits = HTTPForwarding.Limits()
        limits.threadsMaximum = 1
        let client = HTTPForwarding(limits: limits)
        let replies = Monitor<[String]>([])
        let question = ForwardingQuestion(
            url: holder.url, target: "/api/ledger",
            headers: [("Andon-Forward-Token", holder.token.hex), ("Andon-Forward-Site", "plant")])
        client.ask(question) { reply in
            guard case .answer = reply else { return replies.update { $0.append("failed") } }
            replies.update { $0.append("answered") }
        }
        arrived.wait { $0.count == 1 ? () : nil }
        client.ask(question) { reply in
            guard case .busy = reply else { return replies.update { $0.append("not busy") } }
            replies.update { $0.append("busy") }
            // Only now: the stop must answer what waits before it waits for what is under way.
            arrived.withLock { $0[0] }.complete(.problem(404))
        }
        client.stop()
        #expect(replies.withLock { $0 } == ["busy", "answered"])
    }
}
