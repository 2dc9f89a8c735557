internal import CRdKafka
package import EventLog

/// librdkafka's mock cluster, for tests with injected errors. It supports neither CreateTopics nor offsets by time.
///
/// `@unchecked Sendable`: the mock's calls are thread safe; the pointer never changes.
package final class MockCluster: @unchecked Sendable {
    /// Requests that can be made to fail, by their numbers in the protocol.
    package enum Request: Int16, Sendable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case initProducerID = 22
    }

    private let client: KafkaClient
    private let pointer: OpaquePointer

    package init(brokers: Int32 = 1) throws(LogError) {
        client = try KafkaClient(.producer, KafkaConfiguration())
        guard let pointer = rd_kafka_mock_cluster_new(client.pointer, brokers) else {
            throw LogError(.unavailable, "no mock cluster")
        }
        self.pointer = pointer
    }

    deinit { rd_kafka_mock_cluster_destroy(pointer) }

    package var brokers: String { String(cString: rd_kafka_mock_cluster_bootstraps(pointer)) }

    package func createTopic(_ name: String, partitions: Int32, replication: Int32 = 1) {
        let error = KafkaErrorCode(rd_kafka_mock_topic_create(pointer, name, partitions, replication))
        precondition(error == .noError, "mock topic \(name): \(error)")
    }

    /// The next requests of this kind fail, one with each of these errors.
    package func push(_ errors: [KafkaErrorCode], to request: Request) {
        let errors = errors.map(\.raw)
        rd_kafka_mock_push_request_errors_array(pointer, request.rawValue, errors.count, errors)
    }

    /// - Parameter error: nil: none any more.
    package func setError(_ error: KafkaErrorCode?, ofTopic name: String) {
        rd_kafka_mock_topic_set_error(pointer, name, (error ?? .noError).raw)
    }

    package func setUp(_ isUp: Bool, broker: Int32) {
        _ = isUp ? rd_kafka_mock_broker_set_up(pointer, broker) : rd_kafka_mock_broker_set_down(pointer, broker)
    }

    /// How long this broker takes to answer.
    package func setRoundTrip(milliseconds: Int32, broker: Int32) {
        rd_kafka_mock_broker_set_rtt(pointer, broker, milliseconds)
    }
}
