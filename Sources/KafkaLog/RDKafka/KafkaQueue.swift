internal import CRdKafka

/// A queue of a client; keeps the client alive, and is freed before it.
///
/// `@unchecked Sendable`: librdkafka's queues are thread safe; the pointer never changes.
final class KafkaQueue: @unchecked Sendable {
    let client: KafkaClient
    let pointer: OpaquePointer

    init(_ client: KafkaClient, _ pointer: OpaquePointer) {
        self.client = client
        self.pointer = pointer
    }

    deinit { rd_kafka_queue_destroy(pointer) }

    /// The next event; blocks until there is one or the time is up.
    func poll(milliseconds: Int32) -> KafkaEvent? {
        rd_kafka_queue_poll(pointer, milliseconds).map { KafkaEvent($0) }
    }

    /// Ends a ``poll(milliseconds:)`` or a batch read at once.
    func wake() { rd_kafka_queue_yield(pointer) }

    /// Forwards events of this queue to another one; nil ends that.
    func forward(to other: KafkaQueue?) { rd_kafka_queue_forward(pointer, other?.pointer) }
}
