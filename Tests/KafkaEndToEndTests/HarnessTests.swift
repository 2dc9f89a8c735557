// Layer: the harness itself, against a real broker: what the other tests trust.
import KafkaHarness
import Testing

@Suite("A Kafka for tests", .needsKafka, .timeLimit(.minutes(10)))
struct HarnessTests {
    @Test("two askers get the same broker, and topics with unique names do not meet")
    func sharing() throws {
        let cluster = try KafkaCluster.shared()
        #expect(try KafkaCluster.shared() === cluster)
        let topic = uniquePrefix() + ".t"
        try cluster.createTopic(topic, partitions: 3, configs: ["retention.ms=-1"])
        let listed = try cluster.topics(["--list"]).split(separator: "\n").filter { $0 == topic }
        #expect(listed.count == 1)
        #expect(try cluster.leader(of: topic, 2) == 1)
        try cluster.deleteTopic(topic)
    }
}
