internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    /// A log line of librdkafka.
    /// - Parameter level: as in syslog: 3 and below are errors, 4 is a warning.
    static func libraryLog(level: Int32, facility: String, _ text: String) -> JournalEvent {
        JournalEvent(
            "kafka_library_log", level <= 3 ? .error : level == 4 ? .warning : .info, "\(facility): \(text)",
            [Field("facility", facility, isInMessage: true)])
    }

    /// A new producer cannot be created; it is tried again.
    static func producerNotRecreated(_ error: LogError) -> JournalEvent {
        JournalEvent("kafka_producer_not_recreated", .error, "no new Kafka producer: \(error)")
    }

    /// The offset to go on from no longer exists.
    static func topicRestarted(_ topic: String, _ partition: PartitionIndex) -> JournalEvent {
        JournalEvent(
            "kafka_topic_restarted", .warning,
            "topic \(topic) partition \(partition.value): the position is gone, reading from the start",
            fields(topic, partition))
    }

    /// Brokers name records that do not arrive.
    static func fetchingRestarted(
        _ topic: String, _ partition: PartitionIndex, at place: LogOffset, end: LogOffset
    ) -> JournalEvent {
        JournalEvent(
            "kafka_fetching_restarted", .warning,
            "topic \(topic) partition \(partition.value): nothing has arrived from \(place.value) on for a minute, "
                + "although it reaches to \(end.value); fetching starts anew",
            fields(topic, partition) + [Field("offset", place.value, isInMessage: true)])
    }

    /// Retention is about to remove what is still needed, or has removed it.
    static func retentionNear(_ topic: String, _ finding: String) -> JournalEvent {
        JournalEvent("retention_near", .warning, finding, fields(topic) + [Field("next", "andon status")])
    }

    /// Whether retention is near is not known at the moment.
    static func retentionUnknown(_ topic: String, _ error: LogError) -> JournalEvent {
        JournalEvent(
            "retention_unknown", .warning, "the brokers do not say how long topic \(topic) keeps its records: \(error)",
            fields(topic))
    }

    /// Somebody has changed the number of partitions; where each site's records are must not move.
    static func partitionsChanged(_ topic: String, found: Int32, used: Int32) -> JournalEvent {
        JournalEvent(
            "kafka_partitions_changed", .error,
            "topic \(topic) has \(found) partitions; the \(used) with which it was made are used",
            fields(topic) + [Field("found", found), Field("next", "andon topics verify")])
    }

    /// The group has dropped this member, and no new consumer can be made; it is tried again.
    static func notRejoined(_ group: String, _ error: LogError) -> JournalEvent {
        JournalEvent("group_not_rejoined", .error, "the group \(group) cannot be joined again: \(error)")
    }

    /// A topic is no longer followed.
    static func topicFailed(_ topic: String, _ reason: String) -> JournalEvent {
        JournalEvent("kafka_topic_failed", .error, "topic \(topic): \(reason)", fields(topic))
    }

    /// No broker answers whether a topic still exists.
    static func topicCheckFailed(_ topic: String, _ error: LogError) -> JournalEvent {
        JournalEvent("kafka_topic_check_failed", .warning, "topic \(topic): \(error)", fields(topic))
    }

    private static func fields(_ topic: String, _ partition: PartitionIndex? = nil) -> [Field] {
        [Field("topic", topic, isInMessage: true)]
            + (partition.map { [Field("partition", $0.value, isInMessage: true)] } ?? [])
    }
}

extension Journal {
    /// Records the log line that an event of librdkafka carries, if any.
    func record(_ event: borrowing KafkaEvent) {
        guard let line = event.logLine else { return }
        record(.libraryLog(level: line.level, facility: line.facility, line.text))
    }
}
