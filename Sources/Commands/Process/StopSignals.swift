internal import Foundation
internal import Locks
internal import Observability

/// SIGINT and SIGTERM as a condition that a command can check and wait for.
/// The first signal requests a stop, a second one quits.
///
/// The signals are blocked in every thread that starts later, and one thread receives them by `sigwait`. So no code
/// runs inside a signal handler, where taking a lock would not be safe.
final class StopSignals: Sendable {
    enum Cause: Sendable {
        /// Ctrl-C.
        case interrupt
        /// SIGTERM, as service managers send it.
        case terminate
    }

    private let state = Monitor<Cause?>(nil)

    /// Starts to listen. Call it before any other thread starts, so that all threads inherit the blocked signals.
    static func install(_ console: Console) -> StopSignals {
        install { console.note(JournalEvent.secondSignal.message) }
    }

    /// - Parameter secondSignal: called just before a second signal ends the process.
    static func install(secondSignal: @escaping @Sendable () -> Void) -> StopSignals {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let signals = StopSignals()
        BackgroundThread.start("signals") { [set] in signals.listen(set, secondSignal) }
        return signals
    }

    init() {}

    /// What requested the stop; nil if nothing has.
    var cause: Cause? { state.withLock { $0 } }

    var isStopping: Bool { cause != nil }

    /// Requests a stop, as the first signal does; later causes have no effect.
    func stop(_ cause: Cause) { state.update { $0 = $0 ?? cause } }

    /// Blocks until a stop is requested or the time is up.
    /// - Returns: whether to stop.
    func wait(milliseconds: Int? = nil) -> Bool {
        guard let milliseconds else { return state.wait { $0 == nil ? nil : true } }
        return state.wait(milliseconds: milliseconds) { $0 == nil ? nil : true } ?? false
    }

    private func listen(_ set: sigset_t, _ secondSignal: () -> Void) {
        var set = set
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            let cause: Cause = number == SIGINT ? .interrupt : .terminate
            if isStopping {
                secondSignal()
                _exit(ExitCode.interrupted.rawValue)
            }
            stop(cause)
        }
    }
}
