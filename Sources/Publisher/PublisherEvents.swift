internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    /// A file or the fold could not be read or written; the round is tried again.
    static func publishingFailed(_ partition: PartitionIndex, _ error: any Error) -> JournalEvent {
        JournalEvent(
            "publishing_failed", .warning,
            "publishing of partition \(partition.value) failed: \(error.forOperator)",
            [Field("partition", partition.value, isInMessage: true)])
    }

    /// The topic's records are published again.
    static func recordNotDelivered(_ topic: String, _ error: LogError) -> JournalEvent {
        JournalEvent(
            "metric_not_delivered", .warning, "a record of \(topic) was not delivered: \(error)", fields(topic))
    }

    /// The topic was replaced by an empty one of the same name.
    static func topicRecreated(_ topic: String) -> JournalEvent {
        JournalEvent(
            "metric_topic_recreated", .warning, "topic \(topic) was recreated; everything is published again",
            fields(topic))
    }

    /// The publisher cannot learn what the topic holds, so it sends nothing.
    static func topicUnreadable(_ topic: String, _ error: LogError) -> JournalEvent {
        JournalEvent("metric_topic_unreadable", .warning, "topic \(topic) cannot be read: \(error)", fields(topic))
    }

    /// The queue of the topics is full or closed.
    static func topicRefuses(_ topic: String, _ error: LogError) -> JournalEvent {
        JournalEvent(
            "metric_topic_refuses", .warning, "topic \(topic) takes nothing at the moment: \(error)", fields(topic))
    }

    private static func fields(_ topic: String) -> [Field] { [Field("topic", topic, isInMessage: true)] }
}
