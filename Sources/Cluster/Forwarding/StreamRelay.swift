public import Clocks
public import EventModel
public import HTTPClient
public import HTTPServer
internal import Locks
public import Observability

/// Relays live streams of partitions that this process does not hold from one that does (SPEC 7.5).
///
/// The request was authorised and counted here; the holder gets the site and trusts the token. Its bytes reach the client
/// unchanged. A client that does not keep up makes the holder's stream wait, and so the holder skips intervals. When the
/// holder's stream ends, the next holder is asked.
public final class StreamRelay: Sendable {
    /// Streams relayed at once: a holder takes no more connections of one address than about a thousand.
    public static let streamsMaximum = 900
    /// What may wait for a slow client, beside one part of any size.
    static let bufferBytesMaximum = 64 * 1024
    /// How often streams are looked at that wait for something, and clients whose keys may be revoked.
    static let tickMilliseconds = 1000

    private let holders: @Sendable (PartitionIndex) -> [Holder]
    private let client: any StreamingClient
    private let clock: any ProcessClock
    private let journal: Journal
    private let ticker: Ticker
    private let state = Guarded(State())

    private struct State: Sendable {
        var lastID: UInt64 = 0
        var streams: [UInt64: RelayedStream] = [:]
        var isStopping = false
    }

    /// - Parameters:
    ///   - table: Who holds what.
    ///   - tls: How holders with `https` URLs are checked.
    ///   - journal: records which holders could not be asked.
    public convenience init(
        table: HolderTable, tls: HTTPClientConfiguration = HTTPClientConfiguration(), clock: any ProcessClock = .system,
        journal: Journal = .silent
    ) {
        self.init(
            holders: { table.holders(of: $0) }, client: HTTPStreaming(configuration: tls), clock: clock,
            journal: journal)
    }

    package init(
        holders: @escaping @Sendable (PartitionIndex) -> [Holder], client: any StreamingClient,
        clock: any ProcessClock = .system, journal: Journal = .silent
    ) {
        (self.holders, self.client, self.clock, self.journal) = (holders, client, clock, journal)
        ticker = Ticker(milliseconds: Self.tickMilliseconds, clock: clock)
    }

    /// Starts looking after streams.
    public func start() { ticker.start("relay-look") { [self] in look() } }

    /// Ends all streams and the threads. After the server's stop.
    public func stop() {
        state.withLock { $0.isStopping = true }
        ticker.stop()
        for stream in state.withLock({ Array($0.streams.values) }) { stream.close() }
        client.stop()
    }

    /// How many streams are relayed at the moment.
    public var streamCount: Int { state.withLock { $0.streams.count } }

    /// Relays an authorised request to the holders of a partition, one after the other, until one streams.
    ///
    /// A request that was forwarded to this process is never forwarded again.
    /// - Parameters:
    ///   - exchange: Completed with the stream, with what the holder says instead, or with 503 and `Retry-After`.
    ///   - isInForce: Whether the client's key still is.
    public func relay(
        _ request: HTTPRequest, site: SiteID, partition: PartitionIndex, exchange: any HTTPExchange,
        isInForce: @escaping @Sendable () -> Bool
    ) -> HTTPOutcome {
        guard !request.isForwarded else { return .respond(QuestionForwarder.notHeld(partition)) }
        let asked = RelayedStream.Asked(
            partition: partition, target: request.encodedTarget,
            headers: QuestionForwarder.headers(of: request, about: site), exchange: exchange, isInForce: isInForce)
        let id: UInt64? = state.withLock { state in
            guard !state.isStopping, state.streams.count < Self.streamsMaximum else { return nil }
            state.lastID += 1
            return state.lastID
        }
        guard let id else {
            return .respond(
                QuestionForwarder.refusal(
                    "\(Self.streamsMaximum) live streams are relayed, the most that this process does"))
        }
        let stream = RelayedStream(asked, client, clock, holders: holders, journal: journal) { [weak self] in
            self?.state.withLock { $0.streams[id] = nil }
        }
        state.withLock { $0.streams[id] = stream }
        stream.start()
        return .suspended
    }

    /// What the ticker does.
    func look() {
        for stream in state.withLock({ Array($0.streams.values) }) { stream.look() }
    }
}
