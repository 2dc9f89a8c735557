internal import Clocks
internal import EventLog
internal import KafkaLog
internal import Locks
internal import Observability

/// Looks at what retention is about to remove (SPEC 7.9): a minute after the start, when the process has its partitions, and
/// every hour; every minute while something is found, so that it is not told longer than it is true.
final class RetentionRounds: Sendable {
    private let retention: RetentionWatch
    private let ticker = Ticker(milliseconds: 60_000)
    private let minutes = Guarded(0)

    private static let minutesBetween = 60

    init(_ retention: RetentionWatch) { self.retention = retention }

    func start() {
        ticker.start("retention") { [self] in
            let minute = minutes.withLock { minutes in
                defer { minutes += 1 }
                return minutes
            }
            if minute % Self.minutesBetween == 0 || !retention.findings.isEmpty { retention.look() }
        }
    }

    func stop() { ticker.stop() }
}

extension LogAddress {
    /// The rounds of a command that reads this log for long; nil where no retention is, in a data directory.
    func retentionRounds(
        _ log: any EventLog, _ journal: Journal, needed: @escaping @Sendable () -> [NeededPosition]
    ) throws -> RetentionRounds? {
        guard case .kafka(let kafka) = place, let log = log as? KafkaLog else { return nil }
        return try explaining("cannot watch the retention of \(kafka.names.events)") {
            RetentionRounds(try RetentionWatch(try kafka.settings("retention"), log, journal: journal, needed: needed))
        }
    }
}
