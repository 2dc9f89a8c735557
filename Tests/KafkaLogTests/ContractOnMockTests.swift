import EventLog
import EventLogContract
import KafkaLog
import Testing

@Suite("The log on Kafka keeps the contract where librdkafka pretends to be the brokers (DESIGN 1.10)")
struct ContractOnMockTests {
    /// The mock knows no offsets by time and holds 5 MiB of a partition.
    static let claims = ContractClaim.all.filter {
        !$0.name.hasPrefix("the offset at a time") && !$0.name.hasPrefix("a record of the largest size")
    }

    @Test("in one partition", .timeLimit(.minutes(10)), arguments: claims)
    func one(claim: ContractClaim) throws { try run(claim, partitions: 1) }

    @Test("in several partitions on three brokers", .timeLimit(.minutes(10)), arguments: claims)
    func several(claim: ContractClaim) throws { try run(claim, partitions: 5, brokers: 3) }

    @Test("where offsets are skipped", .timeLimit(.minutes(10)), arguments: ContractClaim.skipping)
    func skipping(claim: ContractClaim) throws { try run(claim, partitions: 3) }

    private func run(_ claim: ContractClaim, partitions: Int32, brokers: Int32 = 1) throws {
        let cluster = try MockCluster(brokers: brokers)
        var logs: [KafkaLog] = []
        defer { for log in logs { log.close() } }
        try claim.run {
            let names = TopicNames(prefix: "contract\(logs.count)")
            cluster.createTopic(names.events, partitions: partitions)
            cluster.createTopic(names.keys, partitions: 1)
            let log = try KafkaLog.open(try KafkaSettings(brokers: cluster.brokers, names: names))
            logs.append(log)
            return log
        }
    }
}
