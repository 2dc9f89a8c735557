// Layer: machine. Relayed streams; the test is the holder, or a server on loopback is.
import Clocks
import EventModel
import Locks
import Query
import Testing

@testable import Cluster
@testable import HTTPServer

@Suite("Relaying live streams, over the twin (SPEC 7.5)", .timeLimit(.minutes(10))) struct StreamRelayTests {
    /// A relay between a client and holders that the test plays.
    private final class Scene: Sendable {
        let client = InMemoryStreaming()
        let clock = ManualClock()
        let events = EventBox()
        let holders = Guarded<[Holder]>([.at("http://a", "a"), .at("http://b", "b")])
        let isInForce = Guarded(true)

        func relay() -> StreamRelay {
            StreamRelay(
                holders: { [self] _ in holders.withLock { $0 } }, client: client, clock: clock, journal: events.journal)
        }

        func ask(_ relay: StreamRelay, _ sent: [String: String] = [:]) -> (outcome: HTTPOutcome, box: AnswerBox) {
            let box = AnswerBox()
            let request = HTTPRequest(
                method: .get, path: "/api/stream", requestID: "r", headerLookup: { sent[$0] },
                targetLookup: { "/api/stream?site_id=plant&topics=events" })
            let outcome = relay.relay(
                request, site: "plant", partition: PartitionIndex(5), exchange: box,
                isInForce: { [self] in isInForce.withLock { $0 } })
            return (outcome, box)
        }

        func advance(_ relay: StreamRelay, seconds: Int) {
            clock.advance(milliseconds: seconds * 1000)
            relay.look()
        }
    }

    private static let head = StreamingEvent.head(status: 200, headers: [("Content-Type", "text/event-stream")])

    /// What has been written to a stream so far.
    private static func written(_ response: HTTPResponse) -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        guard let stream = response.stream else { return "" }
        let taken = bytes.withUnsafeMutableBytes { stream.take(into: $0, sleep: {}).taken }
        guard case .bytes(let count) = taken else { return taken == .end ? "end" : "" }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func attach(_ response: HTTPResponse) -> Bool {
        response.stream?.attach(Budget(maximum: 1 << 30)) {} ?? false
    }

    @Test("the holder is asked as for a question, and what it streams reaches the client in whole events")
    func through() throws {
        let scene = Scene()
        let relay = scene.relay()
        let box = scene.ask(relay).box
        let question = try #require(scene.client.asked.first)
        #expect(question.url == "http://a" && question.target == "/api/stream?site_id=plant&topics=events")
        #expect(question.headers.map(\.name) == ["Andon-Forward-Token", "Andon-Forward-Site", "X-Request-Id"])
        scene.client.tell(0, Self.head)
        let response = box.answer
        #expect(response.status == 200 && response.header("Content-Type") == "text/event-stream")
        #expect(Self.attach(response))
        scene.client.tell(0, .part(Array("event: a\n\nevent: ".utf8)))
        #expect(Self.written(response) == "event: a\n\n")
        scene.client.tell(0, .part(Array("b\n\n".utf8)))
        #expect(Self.written(response) == "event: b\n\n")
        #expect(relay.streamCount == 1)
        response.stream?.close(.clientGone)
        #expect(scene.client.cancelled == [0] && relay.streamCount == 0)
    }

    @Test("when the worker moves the client is told, and the stream goes on at the next holder; half an event is lost")
    func moves() throws {
        let scene = Scene()
        let relay = scene.relay()
        let box = scene.ask(relay).box
        scene.client.tell(0, Self.head)
        #expect(Self.attach(box.answer))
        scene.client.tell(0, .part(Array("event: a\n\nevent: b\ndata: {".utf8)))
        scene.client.tell(0, .end("the connection broke"))
        let away = #"event: away\#ndata: {"partition":5,"detail":"no worker that holds partition 5 answers"}"#
        #expect(Self.written(box.answer) == "event: a\n\n\(away)\n\n")
        scene.holders.withLock { $0 = [.at("http://c", "c")] }
        scene.advance(relay, seconds: 1)
        #expect(scene.client.asked.last?.url == "http://c")
        scene.client.tell(1, Self.head)
        scene.client.tell(1, .part(Array("event: snapshot\n\n".utf8)))
        // What the old one still says is not heard.
        scene.client.tell(0, .part(Array("event: late\n\n".utf8)))
        #expect(Self.written(box.answer) == "event: snapshot\n\n")
    }

    @Test("what a holder says instead of a stream reaches the client; one that lost the partition is passed over")
    func answered() throws {
        let scene = Scene()
        let relay = scene.relay()
        let box = scene.ask(relay).box
        scene.client.tell(0, .head(status: 503, headers: [("Andon-Not-Holder", "true")]))
        scene.client.tell(0, .end(nil))
        #expect(scene.client.asked.last?.url == "http://b")
        scene.client.tell(1, .head(status: 404, headers: [("Content-Type", "application/problem+json")]))
        scene.client.tell(1, .part(Array("{\"status\":".utf8)))
        scene.client.tell(1, .part(Array("404}".utf8)))
        scene.client.tell(1, .end(nil))
        #expect(box.answer.status == 404 && box.answer.text == "{\"status\":404}")
        #expect(relay.streamCount == 0)
        let nobody = scene.ask(relay).box
        for number in 2...3 { scene.client.tell(number, .end("refused")) }
        #expect(nobody.answer.status == 503 && nobody.answer.header("Retry-After") != nil)
        #expect(scene.events.names == ["holder_unreachable", "holder_unreachable"])
    }

    @Test("a client that does not read makes the holder wait, and nothing is lost")
    func slow() throws {
        let scene = Scene()
        let relay = scene.relay()
        let box = scene.ask(relay).box
        scene.client.tell(0, Self.head)
        let response = box.answer
        #expect(Self.attach(response))
        let event = [UInt8](repeating: UInt8(ascii: "x"), count: 40_000) + [10, 10]
        #expect(scene.client.tell(0, .part(event)))
        // There is no room for it, so it waits here, and the next one at the holder.
        #expect(scene.client.tell(0, .part(event)))
        #expect(!scene.client.tell(0, .part(event)))
        #expect(scene.client.resumed.isEmpty)
        #expect(Self.written(response).utf8.count == 40_002)
        #expect(scene.client.resumed == [0])
        #expect(scene.client.tell(0, .part(event)))
        #expect(Self.written(response).utf8.count == 40_002)
        #expect(Self.written(response).utf8.count == 40_002)
    }

    @Test("a holder that has gone silent is left for the next, but not one that waits for the client")
    func silent() throws {
        let scene = Scene()
        let relay = scene.relay()
        let box = scene.ask(relay).box
        scene.client.tell(0, Self.head)
        #expect(Self.attach(box.answer))
        let event = [UInt8](repeating: UInt8(ascii: "x"), count: 70_000) + [10, 10]
        for _ in 0..<2 { scene.client.tell(0, .part(event)) }
        for _ in 0..<30 { scene.advance(relay, seconds: 1) }
        #expect(scene.client.cancelled.isEmpty)
        while !Self.written(box.answer).isEmpty {}
        for _ in 0..<26 { scene.advance(relay, seconds: 1) }
        #expect(scene.client.cancelled == [0])
        #expect(scene.client.asked.count == 2)
        #expect(Self.written(box.answer).hasPrefix("event: away\n"))
    }

    @Test("a revoked key ends a relayed stream, too")
    func revoked() throws {
        let scene = Scene()
        let relay = scene.relay()
        let box = scene.ask(relay).box
        scene.client.tell(0, Self.head)
        #expect(Self.attach(box.answer))
        scene.isInForce.withLock { $0 = false }
        scene.advance(relay, seconds: 1)
        #expect(Self.written(box.answer) == "end")
        #expect(scene.client.cancelled == [0] && relay.streamCount == 0)
    }

    @Test("a request that was forwarded is never relayed again")
    func once() throws {
        let scene = Scene()
        let relay = scene.relay()
        guard case .respond(let response) = scene.ask(relay, ["Andon-Forward-Site": "plant"]).outcome else {
            Issue.record("it was relayed")
            return
        }
        #expect(response.status == 503 && response.header("Andon-Not-Holder") != nil)
        #expect(scene.client.asked.isEmpty)
    }

    @Test("a stop ends all streams")
    func stopped() throws {
        let scene = Scene()
        let relay = scene.relay()
        relay.start()
        let box = scene.ask(relay).box
        scene.client.tell(0, Self.head)
        #expect(Self.attach(box.answer))
        relay.stop()
        #expect(Self.written(box.answer) == "end")
        guard case .respond(let refused) = scene.ask(relay).outcome else {
            Issue.record("it was relayed")
            return
        }
        #expect(refused.status == 503)
    }
}
