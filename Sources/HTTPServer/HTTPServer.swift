import CMicrohttpd
import Glibc
internal import Locks

/// An HTTP/1.1 server: routes, limits, deadlines, suspended requests and streams. It knows nothing of Andon.
///
/// Handlers run on its pool of threads. Requests reach them whole, within their limits and with a well-formed path and
/// query; everything else is answered before, as `application/problem+json`.
public final class HTTPServer: Sendable {
    private enum State {
        case new
        case running(daemon: OpaquePointer, listener: Listener, watchman: BackgroundThread)
        case stopped
    }

    private let core: ServerCore
    private let state = Guarded(RunState())

    /// `@unchecked Sendable`: handles of C that only `start` and `stop` use, under the lock.
    private struct RunState: @unchecked Sendable { var value = State.new }

    /// Two routes of the same method and pattern are a programmer error.
    public init(configuration: HTTPServerConfiguration, routes: [HTTPRoute]) {
        core = ServerCore(configuration: configuration, routes: routes)
    }

    deinit { stop() }

    /// Version of the HTTP library, for `andon doctor`.
    public static var libraryVersion: String { String(cString: MHD_get_version()) }

    /// Listens and serves until ``stop()``.
    ///
    /// Raises the process' limit of open files towards what the connections need, as far as the system lets it.
    /// - Returns: The port that is bound, also where the configuration left it to the kernel.
    /// - Throws: ``HTTPServerError``
    public func start() throws -> UInt16 {
        try state.withLock { state in
            guard case .new = state.value else {
                throw HTTPServerError(
                    code: .alreadyStarted, message: "the server was started before", hint: "Make another one.",
                    isRetriable: false)
            }
            let listener = try Listener(host: core.configuration.host, port: core.configuration.port)
            Self.raiseOpenFilesLimit(to: core.configuration.connectionsMaximum + 256)
            guard let daemon = startDaemon(listener) else {
                close(listener.socket)
                throw HTTPServerError(
                    code: .cannotStart, message: "the HTTP library could not start its threads",
                    hint: "Check the limits of threads and memory.", isRetriable: true)
            }
            state.value = .running(daemon: daemon, listener: listener, watchman: startWatchman())
            return listener.port
        }
    }

    /// Accepts no more, ends streams, gives requests that are still on their way a second, lets those that are whole and what
    /// streams still hold finish within ``HTTPServerConfiguration/drainSeconds``, answers the rest 503, closes. Blocks meanwhile; not for handlers. Harmless where nothing runs.
    public func stop() {
        state.withLock { state in
            guard case .running(let daemon, let listener, let watchman) = state.value else { return }
            state.value = .stopped
            core.isDraining.store(true, ordering: .sequentiallyConsistent)
            MHD_quiesce_daemon(daemon)
            // Connections that still wait to be accepted are refused now; the descriptor stays until no thread uses it.
            shutdown(listener.socket, Int32(SHUT_RDWR))
            core.stopStreams()
            let drainMilliseconds = UInt64(max(0, core.configuration.drainSeconds) * 1000)
            let arrivalMilliseconds = min(drainMilliseconds, Self.arrivalMilliseconds)
            core.waitForRequests(milliseconds: arrivalMilliseconds)
            core.endArrivals()
            core.waitForRequests(milliseconds: drainMilliseconds - arrivalMilliseconds)
            core.isStopping.store(true, ordering: .sequentiallyConsistent)
            core.abandon()
            // Time for those answers to leave.
            core.waitForRequests(milliseconds: 1000)
            core.end()
            watchman.join()
            MHD_stop_daemon(daemon)
            close(listener.socket)
        }
    }

    /// How long a stop waits for requests that have not arrived as a whole: a client may have sent half of one for good.
    private static let arrivalMilliseconds: UInt64 = 1000

    private func startDaemon(_ listener: Listener) -> OpaquePointer? {
        let configuration = core.configuration
        var settings = andon_mhd_settings(
            listen_socket: listener.socket, is_ipv6: listener.isIPv6 ? 1 : 0, threads: UInt32(configuration.threads),
            connections_maximum: UInt32(configuration.connectionsMaximum),
            connections_per_address_maximum: UInt32(configuration.connectionsPerAddress),
            idle_seconds: UInt32(configuration.idleTimeoutSeconds),
            // The library takes half for reading; heads up to the limit must fit, and a little more to be refused here.
            connection_bytes: 2 * configuration.headerBytesMaximum + 16 * 1024,
            // Kept alive by this object, which stops the library before it goes.
            context: Unmanaged.passUnretained(core).toOpaque())
        return andon_mhd_start(&settings, requestProceeds, requestLineArrived, connectionChanged, requestCompleted)
    }

    private static func raiseOpenFilesLimit(to needed: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < UInt(needed) else {
            return
        }
        limit.rlim_cur = min(limit.rlim_max, UInt(needed))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The thread that closes what has outlived its limit: the library's own timeout counts only idle time, and it does
    /// not look after connections that sleep.
    private func startWatchman() -> BackgroundThread {
        // A limit is overrun by at most an eighth, or a quarter of a second.
        let tick = min(250, max(5, min(core.requestDeadlineMilliseconds, core.streamStallMilliseconds) / 8))
        return BackgroundThread.start("http-watch") { [core] in
            var round = StreamRound()
            while core.isOpen(after: tick) { core.look(at: .now, &round) }
        }
    }
}
