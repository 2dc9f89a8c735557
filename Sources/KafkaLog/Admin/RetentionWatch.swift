public import Clocks
public import EventLog
internal import EventModel
internal import Locks
public import Observability

/// Looks now and then whether retention is about to remove what something still needs (SPEC 7.9). See ``RetentionGuard``.
public final class RetentionWatch: Sendable {
    private let admin: KafkaAdmin
    private let topic: String
    private let log: KafkaLog
    private let needed: @Sendable () -> [NeededPosition]
    private let clock: any ProcessClock
    private let journal: Journal
    private let state = Guarded<[String]>([])

    /// - Parameter needed: what still has to read the log, whoever it is.
    /// - Throws: ``LogError`` when the settings are not usable.
    public init(
        _ settings: KafkaSettings, _ log: KafkaLog, clock: any ProcessClock = .system, journal: Journal,
        needed: @escaping @Sendable () -> [NeededPosition]
    ) throws(LogError) {
        admin = try KafkaAdmin(settings)
        topic = settings.names.events
        self.log = log
        self.clock = clock
        self.journal = journal
        self.needed = needed
    }

    /// What the last look found, one sentence each.
    public var findings: [String] { state.withLock { $0 } }

    /// Asks the brokers; blocks until they answer. What is found for the first time goes to the journal. While they do not
    /// answer, what was found last stays.
    public func look() {
        let needed = needed()
        guard !needed.isEmpty else { return state.withLock { $0 = [] } }
        let found: [String]
        do throws(LogError) {
            guard let topic = try admin.find([topic])[topic] else { return }
            found = try findings(TopicRetention(configuration: topic.configuration), needed)
        } catch {
            return journal.record(.retentionUnknown(topic, error))
        }
        let news = state.withLock { known in
            defer { known = found }
            return found.filter { !known.contains($0) }
        }
        for finding in news { journal.record(.retentionNear(topic, finding)) }
    }

    private func findings(
        _ retention: TopicRetention, _ needed: [NeededPosition]
    ) throws(LogError) -> [String] {
        let aging = RetentionGuard.agingTime(retention, at: clock.now)
        var extents: [PartitionIndex: LogExtent] = [:]
        for partition in Set(needed.map(\.partition)) {
            var extent = LogExtent(start: try log.startOffset(partition), end: try log.endOffset(partition))
            if let aging { extent.aging = try log.offset(partition, at: aging) }
            extents[partition] = extent
        }
        return RetentionGuard.findings(topic, retention, needed, extents)
    }
}
