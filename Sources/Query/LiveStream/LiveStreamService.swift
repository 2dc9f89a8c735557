internal import Clocks
public import EventModel
public import HTTPServer
internal import Locks
internal import Projector
internal import Timeline

/// Whether a request may follow a site.
public enum LivePermission: Sendable {
    /// The site that it is about, and whether the key is still in force: asked every few seconds, from any thread.
    case granted(SiteID, isInForce: @Sendable () -> Bool)
    /// The answer to give instead.
    case refused(HTTPResponse)
}

/// Serves live streams (SPEC 7.5): `GET /api/stream`.
///
/// The server's thread checks a request; one thread of the service does all the rest: it asks what is due, once for all
/// readers of a question, and writes what it found to their streams, which never block. Pass ``routes`` to the server,
/// ``start()`` it, and ``stop()`` it after the server and before the projections.
public final class LiveStreamService: Sendable {
    /// What the service needs from its process, beside what questions need.
    public struct Parts: Sendable {
        /// Checks key, role, rate and site of a request; runs on a thread of the server.
        public var authorize: @Sendable (HTTPRequest) -> LivePermission
        /// Takes over a stream whose partition is not held here, until the key is not in force any more, or declines with
        /// nil: then the answer is 503. Runs on a thread of the server.
        public var elsewhere: @Sendable (AskedElsewhere, _ isInForce: @escaping @Sendable () -> Bool) -> HTTPOutcome?
        /// Streams open at once: a little less than the server could serve, so that the refusal says why.
        public var streamsMaximum = 2000
        /// What may wait for a slow reader, beside one frame of any size; beyond, it skips intervals.
        var bufferBytesMaximum = 64 * 1024

        public init(
            authorize: @escaping @Sendable (HTTPRequest) -> LivePermission,
            elsewhere: @escaping @Sendable (AskedElsewhere, @escaping @Sendable () -> Bool) -> HTTPOutcome? = { _, _ in
                nil
            }
        ) {
            self.authorize = authorize
            self.elsewhere = elsewhere
        }
    }

    let query: QueryService
    private let parts: Parts
    private let mailbox = Monitor(Mailbox())
    private let thread = Guarded<BackgroundThread?>(nil)

    /// Someone who wants to read.
    struct Join: Sendable {
        let id: LiveMachine.ReaderID
        let request: LiveRequest
        let stream: ResponseStream
        let exchange: any HTTPExchange
        let isInForce: @Sendable () -> Bool
    }

    struct Mail: Sendable {
        var joins: [Join] = []
        var left: [LiveMachine.ReaderID] = []
        var isEmpty: Bool { joins.isEmpty && left.isEmpty }
    }

    private struct Mailbox: Sendable {
        var mail = Mail()
        var lastID: LiveMachine.ReaderID = 0
        /// Readers that were taken and have not gone.
        var readers: Set<LiveMachine.ReaderID> = []
        var isStopping = false
    }

    /// - Parameter query: answers the questions behind the streams; it may stop before this.
    public init(_ query: QueryService, _ parts: Parts) {
        self.query = query
        self.parts = parts
    }

    // MARK: For a reference

    /// What a stream can tell of.
    public static let topics = LiveTopic.allCases.map(\.rawValue)
    /// How often it may be asked to tell of changes, in milliseconds.
    public static let intervals = LiveRequest.intervals
    public static let intervalDefault = LiveRequest.intervalDefault
    /// New events told at once.
    public static let eventsMaximum = RecentWinners.countMaximum
    /// How often a comment is sent.
    public static let commentSeconds = LiveMachine.commentMilliseconds / 1000

    // MARK: Life

    /// Starts its thread.
    public func start() {
        let thread = BackgroundThread.start("stream") { [self] in LiveThread(self).run() }
        self.thread.withLock { $0 = thread }
    }

    /// Ends all streams and the thread.
    public func stop() {
        mailbox.update { $0.isStopping = true }
        thread.withLock { $0 }?.join()
    }

    /// How many streams are open or about to be.
    public var streamCount: Int { mailbox.withLock { $0.readers.count } }

    /// Blocks until so many are: for tests.
    func wait(untilStreams count: Int) { mailbox.wait { $0.readers.count == count ? () : nil } }

    // MARK: Requests

    public var routes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/stream", parameters: LiveRequest.parameters) { [self] request in
                switch parts.authorize(request) {
                case .refused(let response): .refused(response)
                case .granted(let site, let isInForce):
                    .admitted { [self] request, exchange in handle(request, exchange, site, isInForce) }
                }
            }
        ]
    }

    private func handle(
        _ request: HTTPRequest, _ exchange: any HTTPExchange, _ site: SiteID,
        _ isInForce: @escaping @Sendable () -> Bool
    ) -> HTTPOutcome {
        do {
            let partition = query.parts.projections.partition(of: site)
            let asked = try LiveRequest(request.query, site: site, partition: partition)
            guard let projections = query.parts.projections.projections(of: partition) else {
                let elsewhere = AskedElsewhere(request: request, site: site, partition: partition, exchange: exchange)
                return parts.elsewhere(elsewhere, isInForce) ?? .respond(Self.notHeld(partition).response)
            }
            guard let position = asked.minPosition else {
                join(asked, exchange, isInForce)
                return .suspended
            }
            let milliseconds = QueryService.waitMilliseconds
            projections.whenPassed(position.offset, timeoutMilliseconds: milliseconds) { [self] isPassed in
                if isPassed { return join(asked, exchange, isInForce) }
                let detail = "the fold has not passed offset \(position.offset.value) within 5 s"
                exchange.complete(Problem.busy(detail, retryAfterSeconds: 1).response)
            }
            return .suspended
        } catch let problem as Problem {
            return .respond(problem.response)
        } catch {
            return .respond(Problem.busy("the stream cannot begin", retryAfterSeconds: 1).response)
        }
    }

    static func notHeld(_ partition: PartitionIndex) -> Problem {
        .busy("no process that answers for partition \(partition.value) is known at the moment", retryAfterSeconds: 1)
    }

    private func join(
        _ request: LiveRequest, _ exchange: any HTTPExchange, _ isInForce: @escaping @Sendable () -> Bool
    ) {
        let stream = ResponseStream(bufferBytesMaximum: parts.bufferBytesMaximum)
        let refusal: Problem? = mailbox.update { mailbox in
            if mailbox.isStopping { return .busy("the server is stopping", retryAfterSeconds: 1) }
            guard mailbox.readers.count < parts.streamsMaximum else {
                let detail = "\(parts.streamsMaximum) live streams are open, the most that this process serves"
                return .busy(detail, retryAfterSeconds: 10)
            }
            mailbox.lastID += 1
            let id = mailbox.lastID
            mailbox.readers.insert(id)
            mailbox.mail.joins.append(
                Join(id: id, request: request, stream: stream, exchange: exchange, isInForce: isInForce))
            return nil
        }
        if let refusal { exchange.complete(refusal.response) }
    }

    // MARK: For its thread

    /// Waits for mail, at most until a time.
    /// - Returns: nil when it is to end.
    func mail(until deadline: MonotonicTime) -> Mail? {
        let mail: Mail?? = query.parts.clock.wait(for: mailbox, until: deadline) { mailbox in
            if mailbox.isStopping { return .some(nil) }
            guard !mailbox.mail.isEmpty else { return nil }
            defer { mailbox.mail = Mail() }
            return .some(mailbox.mail)
        }
        return mail ?? Mail()
    }

    /// Joins that came too late.
    func lastMail() -> Mail { mailbox.withLock { $0.mail } }

    /// A reader's stream has ended, however that came.
    func left(_ id: LiveMachine.ReaderID) { mailbox.update { $0.mail.left.append(id) } }

    func forget(_ id: LiveMachine.ReaderID) { _ = mailbox.update { $0.readers.remove(id) } }
}
