internal import Locks
import Synchronization

/// What all threads of a server share. Per request nothing in here is locked.
final class ServerCore: Sendable {
    let configuration: HTTPServerConfiguration
    let router: Router
    let crossOrigin: CrossOrigin
    let bodyRoom: BodyRoom
    let answerMemory: Budget
    let streamPlaces: Budget
    let streamMemory: Budget
    /// No new connections; connections close after their next answer, and streams end.
    let isDraining = Atomic(false)
    /// Whoever suspends a request from now on is answered 503 in its holder's place.
    let isStopping = Atomic(false)

    private let connections = Guarded<[ObjectIdentifier: Connection]>([:])
    private let stopping = Monitor(Stopping())

    /// What the stop of the server waits for, and what waits for the stop.
    private struct Stopping: Sendable {
        /// Rises while the server drains with each request that ends.
        var endings = 0
        var isOver = false
    }

    init(configuration: HTTPServerConfiguration, routes: [HTTPRoute]) {
        self.configuration = configuration
        router = Router(routes)
        crossOrigin = CrossOrigin(configuration.corsOrigins)
        bodyRoom = BodyRoom(
            bytesMaximum: configuration.bodyMemoryBytesMaximum, shareMaximum: configuration.shareMaximum)
        answerMemory = Budget(maximum: configuration.answerMemoryBytesMaximum)
        streamPlaces = Budget(maximum: configuration.streamsMaximum)
        streamMemory = Budget(maximum: configuration.streamMemoryBytesMaximum)
    }

    var requestDeadlineMilliseconds: UInt64 { UInt64(max(1, configuration.requestDeadlineSeconds * 1000)) }
    var idleTimeoutMilliseconds: UInt64 { UInt64(max(1, configuration.idleTimeoutSeconds)) * 1000 }
    var streamStallMilliseconds: UInt64 { UInt64(max(1, configuration.streamStallSeconds * 1000)) }

    static let stoppingResponse = HTTPResponse.problem(
        503, "the server is stopping", headers: [("Retry-After", "1"), ("Connection", "close")])

    static let noStreamResponse = HTTPResponse.problem(
        503, "the server serves as many streams as it can", headers: [("Retry-After", "5")])

    static let noRoomResponse = HTTPResponse.problem(
        503, "answers that clients have not read yet fill the server's memory for them", headers: [("Retry-After", "5")]
    )

    // MARK: Connections, from their start until just before their socket is closed

    func add(_ connection: Connection) {
        connections.withLock { $0[ObjectIdentifier(connection)] = connection }
    }

    func remove(_ connection: Connection) {
        connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// Closes what has outlived its limit, and notes what streams there are.
    ///
    /// Under the lock: a connection leaves the table before its socket is closed, so the descriptor is still its own.
    func look(at now: CoarseTime, _ round: inout StreamRound) {
        connections.withLock { table in
            round.begin()
            for connection in table.values {
                if let stream = connection.expire(at: now) { round.add(stream, of: connection) }
            }
            round.cut(at: now, stallMilliseconds: streamStallMilliseconds)
        }
        // Outside: it calls the writers.
        round.tell()
        // What was cut counts as ended for a stop that waits.
        requestEnded()
    }

    // MARK: Stop

    /// Tells the clients of requests that are still on their way that nobody will handle them.
    ///
    /// Under the lock, so that no socket is closed meanwhile.
    func endArrivals() {
        connections.withLock { table in for connection in table.values { connection.endArrival(at: .now) } }
    }

    /// Ends every stream: what was written leaves, and their writers are told.
    func stopStreams() {
        for connection in all { connection.stream?.stop() }
    }

    /// Answers every suspended request, and drops what streams still hold. When it returns nobody sleeps, and nobody is
    /// about to be woken, so that the library can be stopped.
    func abandon() {
        for connection in all {
            connection.abandon()
            connection.stream?.close(.serverStopping)
        }
    }

    /// A copy: what is done with connections takes locks of the library, and calls writers.
    private var all: [Connection] { connections.withLock { Array($0.values) } }

    /// Waits until no request is under way.
    func waitForRequests(milliseconds: UInt64) {
        let end = CoarseTime.now + milliseconds
        while true {
            // Counted before the look, so that a request that ends in between is not missed.
            let endings = stopping.withLock { $0.endings }
            let now = CoarseTime.now
            guard now < end, connections.withLock({ $0.values.contains { $0.isBusy } }) else { return }
            _ = stopping.wait(milliseconds: Int(end.milliseconds - now.milliseconds)) { state in
                state.endings == endings ? nil : true
            }
        }
    }

    func requestEnded() {
        if isDraining.load(ordering: .sequentiallyConsistent) { stopping.update { $0.endings += 1 } }
    }

    /// Ends the watchman.
    func end() { stopping.update { $0.isOver = true } }

    /// Waits for the end, at most so long.
    /// - Returns: False when the server has ended.
    func isOpen(after milliseconds: UInt64) -> Bool {
        stopping.wait(milliseconds: Int(milliseconds)) { $0.isOver ? true : nil } == nil
    }
}
