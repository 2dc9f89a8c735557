import Clocks
import Dispatch
import EventModel
import Locks
import Observability
import Oracle
import Projector
import Testing
import Timeline

@testable import HTTPServer
@testable import Query

/// Live streams of one site over a fold in memory, on a clock that the test moves; no network.
final class LiveScene: Sendable {
    let source = MemoryPlant()
    let clock = ManualClock(now: Timestamp(microseconds: at(16)))
    let query: QueryService
    let live: LiveStreamService
    let events = EventList()
    let shared = Shared()

    /// What the test and the service both see.
    final class Shared: Sendable {
        /// How often answers were computed.
        let answers = Guarded(0)
        let isInForce = Guarded(true)
        /// Whether the partition is held here.
        let isHeld = Guarded(true)
        /// What the registry has; streams of that site wait for the fold.
        let registered = Guarded<PlacedDefinition?>(nil)
    }

    init(configure: (inout LiveStreamService.Parts) -> Void = { _ in }) {
        let (shared, events) = (shared, events)
        query = QueryService(
            QueryService.Parts(
                partitioned: SomeProjections(source, shared), clock: clock,
                authorize: { _, _ in .granted(Plant.site) },
                registry: { _ in
                    shared.answers.withLock { $0 += 1 }
                    return shared.registered.withLock { $0 }
                },
                journal: Journal { events.add($0) }))
        var parts = LiveStreamService.Parts(authorize: { request in
            .granted(SiteID(request.queryValue("site_id") ?? "plant"), isInForce: { shared.isInForce.withLock { $0 } })
        })
        configure(&parts)
        live = LiveStreamService(query, parts)
        live.start()
    }

    deinit {
        live.stop()
        query.stop()
    }

    /// A scene with a site of one line.
    static func plant(
        workers: [String] = ["W1", "W2"], then change: (inout SiteDefinition) -> Void = { _ in },
        configure: (inout LiveStreamService.Parts) -> Void = { _ in }
    ) throws -> LiveScene {
        let scene = LiveScene(configure: configure)
        try scene.define(.plant(workers: workers, stations: ["S1"], then: change))
        return scene
    }

    func define(_ definition: SiteDefinition) throws {
        try source.fold(
            .definition(
                DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: at(0)))))
    }

    func send(_ events: [LoggedEvent], known: Int64 = at(15)) throws {
        try source.fold(.events(EventBatch(events, createdAt: known)))
    }

    func ask(_ path: String, _ query: [(name: String, value: String)], headers: [String: String] = [:]) -> Recorder {
        let recorder = Recorder()
        let request = HTTPRequest(method: .get, path: path, query: query, headerLookup: { headers[$0] })
        let routes = live.routes + self.query.routes
        guard let route = routes.first(where: { $0.pattern == path }) else { return recorder }
        if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
        return recorder
    }

    /// The answer of a question, to compare a snapshot with.
    func answer(_ path: String, _ query: [(name: String, value: String)] = []) throws -> JSONText {
        try JSONText(try ask(path, query).wait().body)
    }

    /// Opens a stream.
    func open(
        _ topics: String, interval: Int = 1000, _ more: [(name: String, value: String)] = [],
        headers: [String: String] = [:]
    ) throws -> LiveReader {
        let recorder = ask(
            "/api/stream", [("topics", topics), ("interval_ms", "\(interval)")] + more, headers: headers)
        let response = try recorder.wait()
        try #require(response.status == 200)
        return try LiveReader(response)
    }

    /// The answer to a stream that cannot begin.
    func refusal(_ query: [(name: String, value: String)]) throws -> HTTPResponse {
        try ask("/api/stream", query).wait()
    }

    private final class SomeProjections: PartitionedProjections {
        let partitionCount: Int32 = 1
        private let source: MemoryPlant
        private let shared: Shared
        init(_ source: MemoryPlant, _ shared: Shared) { (self.source, self.shared) = (source, shared) }
        func projections(of partition: PartitionIndex) -> (any Projections)? {
            shared.isHeld.withLock { $0 } ? source : nil
        }
    }
}

/// Reads a stream as a server would, and takes it apart as a browser would.
final class LiveReader {
    /// An event, or a comment.
    struct Event: Equatable {
        var name = ""
        var id = ""
        var comment: String?
        var retry: String?
        var data = JSONText.null
        /// Of `data`.
        var bytes: [UInt8] = []

        var kind: String? { data["kind"]?.text }
        func ids(_ member: String) -> [String] { (data["items"]?.elements ?? []).compactMap { $0[member]?.text } }
    }

    let response: HTTPResponse
    private let stream: ResponseStream
    private let awake = DispatchSemaphore(value: 0)
    private var rest: [UInt8] = []
    private var isAtEnd = false

    init(_ response: HTTPResponse) throws {
        self.response = response
        stream = try #require(response.stream)
        let awake = awake
        let isAttached = stream.attach(Budget(maximum: 1 << 30)) { awake.signal() }
        try #require(isAttached)
    }

    /// The next event; nil at the end.
    func next() throws -> Event? {
        while true {
            if let end = rest.indices.dropLast().first(where: { rest[$0] == 10 && rest[$0 + 1] == 10 }) {
                let lines = rest[..<end].split(separator: 10).map(Array.init)
                rest.removeFirst(end + 2)
                return try Self.event(lines)
            }
            if isAtEnd { return nil }
            read()
        }
    }

    /// The next event that is neither a comment nor about reconnecting.
    func nextEvent() throws -> Event {
        while let event = try next() { if event.comment == nil, event.retry == nil { return event } }
        throw Ended()
    }

    struct Ended: Error {}

    /// The client goes away.
    func close() { stream.close(.clientGone) }

    private func read() {
        var piece = [UInt8](repeating: 0, count: 4096)
        let taken = piece.withUnsafeMutableBytes { stream.take(into: $0, sleep: {}).taken }
        switch taken {
        case .bytes(let count): rest += piece[..<count]
        case .sleep: awake.wait()
        case .end, .failed: isAtEnd = true
        }
    }

    private static func event(_ lines: [[UInt8]]) throws -> Event {
        var event = Event()
        for line in lines {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix(":") { event.comment = text }
            if text.hasPrefix("retry: ") { event.retry = text }
            if text.hasPrefix("event: ") { event.name = String(text.dropFirst(7)) }
            if text.hasPrefix("id: ") { event.id = String(text.dropFirst(4)) }
            guard text.hasPrefix("data: ") else { continue }
            event.bytes = Array(line.dropFirst(6))
            event.data = try JSONText(event.bytes)
        }
        return event
    }
}
