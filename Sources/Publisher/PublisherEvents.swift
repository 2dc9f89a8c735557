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

    /// A target knows of changes of alerts.
    static func alertsTold(_ target: String, _ count: Int) -> JournalEvent {
        let target = WebhookConfiguration.shown(target)
        return JournalEvent(
            "alerts_told", .info, "told \(target) of \(changes(count))",
            [Field("webhook", target, isInMessage: true), Field("alerts", count, isInMessage: true)])
    }

    /// A target cannot be told at the moment; it is tried again.
    static func webhookFails(_ target: String, _ reason: String) -> JournalEvent {
        let target = WebhookConfiguration.shown(target)
        return JournalEvent(
            "webhook_fails", .warning, "\(target) cannot be told of alerts: \(reason)",
            [Field("webhook", target, isInMessage: true)])
    }

    static func webhookRecovered(_ target: String) -> JournalEvent {
        let target = WebhookConfiguration.shown(target)
        return JournalEvent(
            "webhook_recovered", .info, "\(target) can be told of alerts again",
            [Field("webhook", target, isInMessage: true)])
    }

    /// Too many changes waited for a target.
    static func notificationsDropped(_ target: String, _ count: Int) -> JournalEvent {
        let target = WebhookConfiguration.shown(target)
        return JournalEvent(
            "notifications_dropped", .warning,
            "\(target) will not be told of \(changes(count)): too many wait for it",
            [Field("webhook", target, isInMessage: true), Field("alerts", count, isInMessage: true)])
    }

    /// A target does not take what it was told.
    static func notificationsRefused(_ target: String, _ count: Int, _ reason: String) -> JournalEvent {
        let target = WebhookConfiguration.shown(target)
        return JournalEvent(
            "notifications_refused", .warning,
            "\(target) does not take \(changes(count)); dropped: \(reason)",
            [Field("webhook", target, isInMessage: true), Field("alerts", count, isInMessage: true)])
    }

    private static func changes(_ count: Int) -> String {
        count == 1 ? "one change of an alert" : "\(count) changes of alerts"
    }

    private static func fields(_ topic: String) -> [Field] { [Field("topic", topic, isInMessage: true)] }
}
