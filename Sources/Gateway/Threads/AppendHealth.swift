internal import Clocks
internal import EventLog
internal import EventModel
internal import HTTPServer
internal import Locks

/// Whether the log takes what is admitted: by the outcome of the last append to each partition, and by what the log says
/// when it is asked, so that a gateway without requests knows it too (SPEC 8.2).
///
/// After a failure a partition counts as failing until an append succeeds. Where nobody sends anything, because a balancer
/// does not choose a gateway that is not ready, it is given another chance after a while.
final class AppendHealth: Sendable {
    private struct Failure {
        var error: LogError
        var since: Timestamp
        var last: MonotonicTime
    }

    private struct State {
        var appends: [PartitionIndex: Failure] = [:]
        var troubles: [PartitionIndex: Failure] = [:]
    }

    /// How often the log is asked.
    static let tickMilliseconds = 1000
    /// How long a failed append counts when no other follows.
    static let retryMilliseconds = 30_000

    private let log: any EventLog
    private let clock: any ProcessClock
    private let state = Guarded(State())
    private let ticker: Ticker

    init(_ log: any EventLog, _ clock: any ProcessClock) {
        self.log = log
        self.clock = clock
        ticker = Ticker(milliseconds: Self.tickMilliseconds, clock: clock)
    }

    func start() { ticker.start("append-health") { [weak self] in self?.ask() } }

    func stop() { ticker.stop() }

    /// The outcome of an append; nil: it succeeded.
    func note(_ partition: PartitionIndex, _ error: LogError?) {
        let (now, uptime) = (clock.now, clock.uptime)
        state.withLock { Self.note(partition, error, now, uptime, &$0.appends) }
    }

    /// Asks the log itself. Blocks.
    func ask() {
        let troubles = log.appendTroubles()
        let (now, uptime) = (clock.now, clock.uptime)
        state.withLock { state in
            for partition in (0..<log.partitionCount).map({ PartitionIndex($0) }) {
                Self.note(partition, troubles[partition], now, uptime, &state.troubles)
            }
        }
    }

    private static func note(
        _ partition: PartitionIndex, _ error: LogError?, _ now: Timestamp, _ uptime: MonotonicTime,
        _ failures: inout [PartitionIndex: Failure]
    ) {
        guard let error else {
            if !failures.isEmpty { failures[partition] = nil }
            return
        }
        failures[partition] = Failure(error: error, since: failures[partition]?.since ?? now, last: uptime)
    }

    /// What keeps it from admitting; one reason for all partitions that fail alike.
    var reasons: [ReadinessReason] {
        let oldest = MonotonicTime(microseconds: clock.uptime.microseconds - Int64(Self.retryMilliseconds) * 1000)
        let failures = state.withLock { state in
            state.appends.filter { $0.value.last > oldest }.merging(state.troubles) { append, _ in append }
        }
        let alike = Dictionary(grouping: failures.sorted { $0.key < $1.key }) { $0.value.error.message }
        return alike.sorted { $0.key < $1.key }.map { message, failures in
            let since = failures.map(\.value.since).min() ?? clock.now
            let names = failures.map { String($0.key.value) }.joined(separator: ", ")
            let place = log.partitionCount == 1 ? "" : " in partition\(failures.count == 1 ? "" : "s") \(names)"
            let hint = failures[0].value.error.hint.map { "; \($0)" } ?? ""
            return ReadinessReason(
                .failing, "the log takes nothing\(place) since \(since.formatted): \(message)\(hint)")
        }
    }
}
