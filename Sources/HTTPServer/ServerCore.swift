import Glibc
internal import Locks
import Synchronization

/// What all threads of a server share. Per request nothing in here is locked.
final class ServerCore: Sendable {
    let configuration: HTTPServerConfiguration
    let router: Router
    let crossOrigin: CrossOrigin
    let bodyMemory: MemoryBudget
    /// No new connections; connections close after their next answer.
    let isDraining = Atomic(false)
    /// Whoever suspends a request from now on is answered 503 in its holder's place.
    let isStopping = Atomic(false)
    /// Signalled when a request ends while the server drains, and to end the watchman.
    let bell = Bell()

    private let connections = Guarded<[ObjectIdentifier: Connection]>([:])

    init(configuration: HTTPServerConfiguration, routes: [HTTPRoute]) {
        self.configuration = configuration
        router = Router(routes)
        crossOrigin = CrossOrigin(configuration.corsOrigins)
        bodyMemory = MemoryBudget(bytesMaximum: configuration.bodyMemoryBytesMaximum)
    }

    var requestDeadlineMilliseconds: UInt64 { UInt64(max(1, configuration.requestDeadlineSeconds * 1000)) }
    var idleTimeoutMilliseconds: UInt64 { UInt64(max(1, configuration.idleTimeoutSeconds)) * 1000 }

    // MARK: Connections, from their start until just before their socket is closed

    func add(_ connection: Connection) {
        connections.withLock { $0[ObjectIdentifier(connection)] = connection }
    }

    func remove(_ connection: Connection) {
        connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// Closes what has outlived its deadline.
    ///
    /// Under the lock: a connection leaves the table before its socket is closed, so the descriptor is still its own.
    func expire(at now: UInt64) {
        connections.withLock { for connection in $0.values { connection.expire(at: now) } }
    }

    var hasRunningRequests: Bool { connections.withLock { $0.values.contains { $0.isBusy } } }

    /// Answers every suspended request, so that the library can be stopped.
    func abandonSuspended() {
        // Outside the lock: waking takes the library's own.
        for connection in connections.withLock({ Array($0.values) }) { connection.abandon() }
    }

    static let stoppingResponse = HTTPResponse.problem(
        503, "the server is stopping", headers: [("Retry-After", "1"), ("Connection", "close")])
}

/// A condition to wait on with a time limit.
final class Bell: @unchecked Sendable {
    // Allocated for good: the C library keeps the addresses. Only these calls touch them, and they are thread-safe.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func ring() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Rings for good: every later wait returns at once.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for a ring, at most so long.
    /// - Returns: False once the bell is closed.
    func wait(milliseconds: UInt64) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_MONOTONIC, &until)
        let nanoseconds = UInt64(until.tv_nsec) + milliseconds % 1000 * 1_000_000
        until.tv_sec += Int(milliseconds / 1000 + nanoseconds / 1_000_000_000)
        until.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        if !isClosed { pthread_cond_timedwait(condition, mutex, &until) }
        let isOpen = !isClosed
        pthread_mutex_unlock(mutex)
        return isOpen
    }
}
