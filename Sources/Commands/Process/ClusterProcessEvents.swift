internal import EventLog
internal import EventModel
internal import KafkaLog
internal import Observability

/// What a process on Kafka records about itself.
extension JournalEvent {
    static func partitionsAssigned(_ partitions: [PartitionIndex]) -> JournalEvent {
        JournalEvent("partitions_assigned", .info, "given partitions", [listed(partitions)])
    }

    static func partitionsRevoked(_ partitions: [PartitionIndex]) -> JournalEvent {
        JournalEvent("partitions_revoked", .info, "partitions taken back", [listed(partitions)])
    }

    /// Another worker may have them already.
    static func partitionsLost(_ partitions: [PartitionIndex]) -> JournalEvent {
        JournalEvent("partitions_lost", .warning, "partitions lost", [listed(partitions)])
    }

    /// It joins again by itself.
    static func expelledFromGroup(_ error: LogError) -> JournalEvent {
        JournalEvent("expelled_from_group", .warning, "\(error); joining again")
    }

    static func partitionsHeld(by worker: String, _ partitions: [PartitionIndex]) -> JournalEvent {
        let names = partitions.isEmpty ? "no partition" : "partitions " + text(partitions)
        return JournalEvent(
            "partitions_held", .info, "worker \(worker) holds \(names)",
            [
                Field("worker", worker, isInMessage: true),
                Field("partitions", text(partitions), isInMessage: true),
            ])
    }

    /// The metric topics get nothing about a partition that this worker holds.
    static func notPublished(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "not_published", .error, "nothing is published about partition \(partition.value): \(error)",
            [Field("partition", partition.value, isInMessage: true)])
    }

    static func registryNotCompared(_ error: LogError) -> JournalEvent {
        JournalEvent("registry_not_compared", .warning, "the registry cannot be compared with the log: \(error)")
    }

    /// The next start tries again.
    static func partitionsNotRecorded(_ error: LogError) -> JournalEvent {
        JournalEvent(
            "partitions_not_recorded", .warning, "the number of partitions could not be recorded: \(error)")
    }

    /// Added to the topic since it was made; nothing is in them.
    static func partitionsUnused(_ partitions: [PartitionIndex]) -> JournalEvent {
        JournalEvent(
            "partitions_unused", .warning,
            "given partitions that were added to the topic since it was made, and are not used", [listed(partitions)])
    }

    static func topicFinding(_ finding: TopicFinding) -> JournalEvent {
        JournalEvent(
            "topic_finding", .warning, "topic \(finding.topic): \(finding.message)",
            [Field("topic", finding.topic, isInMessage: true)])
    }

    /// Losing a broker can stop Andon or lose records.
    static func topicsDegraded(_ first: TopicFinding, count: Int) -> JournalEvent {
        JournalEvent(
            "topics_degraded", .warning, "degraded: \(first.message) (\(first.topic), \(count) findings in all)",
            [
                Field("topic", first.topic, isInMessage: true), Field("findings", count, isInMessage: true),
                Field("next", "andon topics verify"),
            ])
    }

    private static func listed(_ partitions: [PartitionIndex]) -> Field { Field("partitions", text(partitions)) }

    private static func text(_ partitions: [PartitionIndex]) -> String {
        partitions.map { String($0.value) }.joined(separator: " ")
    }
}
