public import Clocks
internal import Crypto
public import EventLog
public import EventModel
internal import Locks
public import Observability

/// Tells the cluster every two seconds what time it is for this gateway: workers call nothing settled that the slowest
/// clock could still change, and gateways see what others have stamped (SPEC 2.9, 5.8).
public final class ClockBeaconSender: Sendable {
    static let intervalMilliseconds = 2000

    private let topics: any Topics
    private let topic: String
    private let clock: any ProcessClock
    private let journal: Journal
    private let stamps: @Sendable () -> [PartitionIndex: Timestamp]
    private let ticker: Ticker
    /// Whether the last one could not be sent: said once.
    private let hasFailed = Guarded(false)
    /// Random, so that no two gateways overwrite each other's.
    public let gatewayID = Hex.encode(SecureRandom.bytes(8))

    /// - Parameters:
    ///   - topic: ``EventLog/TopicNames/workers``.
    ///   - stamps: the newest created_at of each partition, as this gateway knows it.
    public init(
        topics: any Topics, topic: String, clock: any ProcessClock = .system, journal: Journal = .silent,
        stamps: @escaping @Sendable () -> [PartitionIndex: Timestamp]
    ) {
        self.topics = topics
        self.topic = topic
        self.clock = clock
        self.journal = journal
        self.stamps = stamps
        ticker = Ticker(milliseconds: Self.intervalMilliseconds, clock: clock)
    }

    /// Sends the first one, and goes on.
    public func start() {
        send()
        ticker.start("clock-beacon") { [weak self] in self?.send() }
    }

    /// Says that this gateway has ended, and sends nothing more. Harmless where it was never started.
    public func stop() {
        ticker.stop()
        send(isLast: true)
    }

    private func send(isLast: Bool = false) {
        let beacon = ClockBeacon(gatewayID: gatewayID, stamps: stamps())
        let record = TopicRecord(
            topic: topic, key: beacon.key, value: isLast ? nil : beacon.json, timestamp: clock.now)
        do throws(LogError) {
            try topics.send(record) { [weak self] result in
                if case .failure(let error) = result {
                    self?.failed(error)
                } else {
                    self?.hasFailed.withLock { $0 = false }
                }
            }
        } catch { failed(error) }
    }

    private func failed(_ error: LogError) {
        let isNew = hasFailed.withLock { failed in
            defer { failed = true }
            return !failed
        }
        if isNew { journal.record(.clockBeaconFailed(error)) }
    }
}
