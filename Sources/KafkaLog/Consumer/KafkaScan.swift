internal import CRdKafka
public import EventLog
public import EventModel

/// Reads a partition of the events topic with librdkafka alone: the yardstick for how fast ``KafkaLog`` reads.
public enum KafkaScan {
    /// Consumes everything that is in the partition now, in batches, and discards it.
    /// - Returns: bytes of payload.
    /// - Throws: ``LogError`` when no broker answers.
    public static func consume(_ settings: KafkaSettings, _ partition: PartitionIndex) throws(LogError) -> Int {
        let consumer = try LogConsumer(settings, topic: settings.names.events)
        defer { consumer.close() }
        let range = try consumer.range(partition)
        guard range.start < range.end else { return 0 }
        try consumer.start(partition, at: range.start)
        defer { consumer.stop(partition) }
        var bytes = 0
        var next = range.start
        while next < range.end {
            consumer.poll(milliseconds: 1000) { messages in
                for message in messages {
                    if message.error == RD_KAFKA_RESP_ERR_NO_ERROR {
                        bytes += message.payloadByteCount
                        next = message.offset.next
                    }
                    message.release()
                }
            }
        }
        return bytes
    }
}
