package import EventLog
package import EventModel

/// Who wants to know what became of records sent; one object for as many records as it likes, so that nothing is
/// allocated for each.
package protocol DeliveryReceiver: AnyObject, Sendable {
    /// Called once for every record that was taken, from the producer's thread: must not block, nor close the producer.
    /// - Parameter index: what the sender gave along.
    func delivered(_ index: Int, _ result: Result<RecordPosition, LogError>)
}

/// A receiver for one record.
final class DeliveryClosure: DeliveryReceiver {
    private let done: @Sendable (Result<RecordPosition, LogError>) -> Void

    init(_ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void) { self.done = done }

    func delivered(_ index: Int, _ result: Result<RecordPosition, LogError>) { done(result) }
}

extension KafkaMessage {
    /// What a delivery report says. Only where librdkafka is sure that a record is not in the log it is said to be so.
    var delivery: Result<RecordPosition, LogError> {
        if error == .noError {
            // A retry that the broker had seen before can be acknowledged without an offset.
            guard offset >= .zero else {
                return .failure(LogError(.uncertain, "the record was acknowledged without an offset"))
            }
            return .success(RecordPosition(partition: partition, offset: offset))
        }
        var failure = error.logError("sending to \(topic) partition \(partition.value)")
        if !isSurelyNotPersisted { failure.code = .uncertain }
        return .failure(failure)
    }
}
