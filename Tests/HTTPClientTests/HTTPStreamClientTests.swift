import HTTPClient
import HTTPServer
internal import Locks
import Testing

@Suite("Client of long answers", .timeLimit(.minutes(10)))
struct HTTPStreamClientTests {
    /// Streams that the test writes, one per request.
    private final class Source {
        let streams = Monitor<[ResponseStream]>([])
        let server: HTTPServer
        let url: String

        init() throws {
            let streams = streams
            let route = HTTPRoute(.get, "/stream") { request, _ in
                guard request.header("X-Refused") == nil else { return .respond(.problem(503, "not here")) }
                let stream = ResponseStream()
                streams.update { $0.append(stream) }
                return .respond(HTTPResponse(status: 200, headers: [("X-Kind", "live")], stream: stream))
            }
            server = HTTPServer(configuration: HTTPServerConfiguration(), routes: [route])
            url = "http://127.0.0.1:\(try server.start())"
        }

        deinit { server.stop() }

        func stream(_ number: Int) -> ResponseStream {
            streams.wait { $0.count > number ? $0[number] : nil }
        }
    }

    /// What one transfer was told.
    private final class Told: Sendable {
        struct State: Sendable {
            var status: Int?
            var kind: String?
            var text = ""
            var parts = 0
            var end: String?
            var refusals = 0
        }

        let state = Monitor(State())

        /// - Parameter refuses: This many parts are to come later.
        init(refusing refusals: Int = 0) { state.update { $0.refusals = refusals } }

        var handler: HTTPStreamClient.Handler {
            { [state] event in
                state.update { state in
                    switch event {
                    case .head(let status, let headers):
                        state.status = status
                        state.kind = headers.first { $0.name == "X-Kind" }?.value
                    case .part(let bytes):
                        state.parts += 1
                        if state.refusals > 0 {
                            state.refusals -= 1
                            return .later
                        }
                        state.text += String(decoding: bytes, as: UTF8.self)
                    case .end(let error): state.end = error.map { "\($0.code == .cannotConnect)" } ?? "complete"
                    }
                    return .taken
                }
            }
        }

        func text(_ text: String) { state.wait { $0.text == text ? () : nil } }
        var end: String { state.wait { $0.end } }
    }

    @Test("head, parts and end are told as they come, of many streams at a time")
    func many() throws {
        let source = try Source()
        let client = HTTPStreamClient()
        defer { client.stop() }
        let told = (0..<20).map { _ in Told() }
        for one in told { _ = client.open(source.url + "/stream", one.handler) }
        let streams = (0..<told.count).map { source.stream($0) }
        for stream in streams { #expect(stream.write(Array("one".utf8)) == .accepted) }
        for one in told {
            one.text("one")
            one.state.withLock { #expect($0.status == 200 && $0.kind == "live" && $0.end == nil) }
        }
        for stream in streams {
            #expect(stream.write(Array("two".utf8)) == .accepted)
            stream.finish()
        }
        for one in told {
            #expect(one.end == "complete")
            one.text("onetwo")
        }
    }

    @Test("a refusal is an answer with a body; a server that is not there is an error")
    func refused() throws {
        let source = try Source()
        let client = HTTPStreamClient()
        defer { client.stop() }
        let told = Told()
        _ = client.open(source.url + "/stream", headers: [("X-Refused", "1")], told.handler)
        #expect(told.end == "complete")
        told.state.withLock { #expect($0.status == 503 && $0.text.contains("not here")) }
        let nobody = Told()
        _ = client.open("http://127.0.0.1:1/stream", nobody.handler)
        #expect(nobody.end == "true")
        let malformed = Told()
        _ = client.open(source.url + "/stream", headers: [("X-A", "b\nc")], malformed.handler)
        #expect(malformed.end == "false")
    }

    @Test("a part that is to come later comes again, and the server waits meanwhile")
    func later() throws {
        let source = try Source()
        let client = HTTPStreamClient()
        defer { client.stop() }
        let told = Told(refusing: 2)
        let id = client.open(source.url + "/stream", told.handler)
        let stream = source.stream(0)
        #expect(stream.write(Array("part".utf8)) == .accepted)
        for count in 1...2 {
            told.state.wait { $0.parts == count ? () : nil }
            client.resume(id)
        }
        told.text("part")
    }

    @Test("who cancels is told no more, and the server learns of it; so it does at the stop")
    func cancelled() throws {
        let source = try Source()
        let client = HTTPStreamClient()
        let told = [Told(), Told()]
        let ids = told.map { client.open(source.url + "/stream", $0.handler) }
        let ends = Monitor<[StreamEnd]>([])
        for number in told.indices {
            source.stream(number).whenClosed { end in ends.update { $0.append(end) } }
        }
        client.cancel(ids[0])
        ends.wait { $0.count == 1 ? () : nil }
        client.stop()
        ends.wait { $0.count == 2 ? () : nil }
        #expect(ends.withLock { $0 } == [.clientGone, .clientGone])
        for one in told { one.state.withLock { #expect($0.end == nil) } }
    }
}
