package import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that use a broker: skipped, and said so, where there is none.
    package static var needsKafka: Self {
        .enabled(
            if: KafkaCluster.isAvailable,
            "skipped: no Kafka; set ANDON_TEST_KAFKA_HOME, or ANDON_TEST_KAFKA to the host:port of a broker")
    }

    /// For tests that break brokers: skipped, and said so, where none can be started.
    package static var needsKafkaToBreak: Self {
        .enabled(
            if: KafkaCluster.canStart,
            "skipped: no Kafka that can be started and broken; set ANDON_TEST_KAFKA_HOME")
    }
}
