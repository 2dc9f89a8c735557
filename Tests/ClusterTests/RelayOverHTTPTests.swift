import EventModel
import HTTPClient
import HTTPServer
import Locks
import Query
import Testing

@testable import Cluster

/// A server on loopback that streams for a partition, or relays.
private final class StreamingWorker {
    let token = ForwardingToken.random()
    let relay: StreamRelay
    /// The streams that it has begun as a holder.
    let streams = Monitor<[ResponseStream]>([])
    private let server: HTTPServer
    private(set) var url = ""

    /// - Parameter holders: whom it asks; nil: it is a holder.
    init(holders: (@Sendable () -> [Holder])? = nil) throws {
        let relay = StreamRelay(holders: { _ in holders?() ?? [] }, client: HTTPStreaming())
        let (access, streams) = (ForwardedAccess(token: token), streams)
        self.relay = relay
        let route = HTTPRoute(.get, "/api/stream", parameters: ["site_id"]) { request, exchange in
            switch access.livePermission(request, ordinary: { _ in .granted("plant", isInForce: { true }) }) {
            case .refused(let response): return .respond(response)
            case .granted(let site, let isInForce):
                guard holders == nil else {
                    return relay.relay(
                        request, site: site, partition: PartitionIndex(0), exchange: exchange, isInForce: isInForce)
                }
                let stream = ResponseStream()
                streams.update { $0.append(stream) }
                return .respond(
                    HTTPResponse(status: 200, headers: [("Content-Type", "text/event-stream")], stream: stream))
            }
        }
        server = HTTPServer(configuration: HTTPServerConfiguration(), routes: [route])
        url = "http://127.0.0.1:\(try server.start())"
        relay.start()
    }

    var holder: Holder { .at(url, url, token: token) }

    /// The stream that it was asked for.
    var stream: ResponseStream { streams.wait { $0.first } }

    func stop() {
        server.stop()
        relay.stop()
    }

    deinit { stop() }
}

@Suite("Relaying live streams, over HTTP (SPEC 7.5)", .timeLimit(.minutes(10)))
struct RelayOverHTTPTests {
    @Test("a stream goes through, and goes on at the next holder when its worker is gone")
    func through() throws {
        let workers = [try StreamingWorker(), try StreamingWorker()]
        let holders = Guarded(workers.map(\.holder))
        let gateway = try StreamingWorker { holders.withLock { $0 } }
        let client = HTTPStreamClient()
        defer { client.stop() }
        let text = Monitor("")
        let id = client.open(gateway.url + "/api/stream?site_id=plant") { event in
            if case .part(let bytes) = event { text.update { $0 += String(decoding: bytes, as: UTF8.self) } }
            return .taken
        }
        func wait(for expected: String) { text.wait { $0 == expected ? () : nil } }
        #expect(workers[0].stream.write(Array("event: a\n\n".utf8)) == .accepted)
        wait(for: "event: a\n\n")
        _ = holders.withLock { $0.removeFirst() }
        workers[0].stop()
        #expect(workers[1].stream.write(Array("event: b\n\n".utf8)) == .accepted)
        let detail = "no worker that holds partition 0 answers"
        wait(for: "event: a\n\nevent: away\ndata: {\"partition\":0,\"detail\":\"\(detail)\"}\n\nevent: b\n\n")
        #expect(gateway.relay.streamCount == 1)
        let isOver = Latch()
        workers[1].stream.whenClosed { _ in isOver.open() }
        client.cancel(id)
        isOver.wait()
    }
}
