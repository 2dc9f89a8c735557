package import EventLog
package import EventModel

/// Receives the outcomes of sent records. One object serves many records, so that nothing is allocated for each.
package protocol DeliveryReceiver: AnyObject, Sendable {
    /// Called once for every accepted record, on the producer's thread; must neither block nor close the producer.
    /// - Parameter index: what the sender passed along.
    func delivered(_ index: Int, _ result: Result<RecordPosition, LogError>)
}

/// A receiver for one record.
final class DeliveryClosure: DeliveryReceiver {
    private let done: @Sendable (Result<RecordPosition, LogError>) -> Void

    init(_ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void) { self.done = done }

    func delivered(_ index: Int, _ result: Result<RecordPosition, LogError>) { done(result) }
}

extension KafkaMessage {
    /// What a delivery report says. A record counts as not in the log only where librdkafka is certain of it.
    var delivery: Result<RecordPosition, LogError> {
        if error == .noError {
            // A retry of a record that the broker already has can be acknowledged without an offset.
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
