internal import CRdKafka
public import EventLog
public import EventModel

/// How far the workers report that they have folded: what ``WorkerGroup/commit(_:)`` noted, some seconds old.
public enum GroupPositions {
    private static let timeoutMilliseconds: Int32 = 10_000

    /// Asks the group's coordinator.
    /// - Returns: the next offset to fold; partitions that were not folded yet are missing.
    /// - Throws: ``LogError`` when no broker answers.
    public static func read(
        _ settings: KafkaSettings, partitionCount: Int32
    ) throws(LogError) -> [PartitionIndex: LogOffset] {
        let configuration = try settings.configuration()
        try configuration.set("group.id", settings.names.foldGroup)
        try configuration.set("enable.auto.commit", "false")
        try configuration.set("allow.auto.create.topics", "false")
        configuration.setEvents(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        let client = try KafkaClient(.consumer, configuration)
        let list = KafkaPartitionList(
            (0..<partitionCount).map { KafkaPartition(topic: settings.names.events, partition: PartitionIndex($0)) })
        let code = KafkaErrorCode(rd_kafka_committed(client.pointer, list.pointer, timeoutMilliseconds))
        guard code == .noError else { throw code.logError("asking for the group \(settings.names.foldGroup)") }
        var positions: [PartitionIndex: LogOffset] = [:]
        for entry in list.entries where entry.error == .noError && entry.offset.rawValue >= 0 {
            positions[entry.partition] = LogOffset(entry.offset.rawValue)
        }
        return positions
    }
}
