import EventLog
import Testing

@testable import KafkaLog

@Suite struct TopicPlanTests {
    private let plan = TopicPlan(partitions: 8)

    /// What the brokers would say had the plan been carried out.
    private func asPlanned(_ plan: TopicPlan) -> [String: FoundTopic] {
        Dictionary(
            uniqueKeysWithValues: plan.topics.map {
                (
                    $0.name,
                    FoundTopic(
                        partitions: $0.partitions, replication: Int($0.replication), configuration: $0.configuration)
                )
            })
    }

    private func findings(_ change: (inout FoundTopic) -> Void) -> [TopicFinding] {
        var found = asPlanned(plan)
        change(&found["andon.events.v1", default: FoundTopic(partitions: 0, replication: 0)])
        return plan.verify(found, recorded: plan.eventPartitions).filter { $0.level != .ok }
    }

    @Test("the plan names every topic with its cleanup and partitions (DESIGN 3)")
    func topics() {
        let expected: [(String, TopicPlan.Cleanup, Int32)] = [
            ("andon.events.v1", .delete, 8), ("andon.quarantine.v1", .delete, 8), ("andon.registry.v1", .compact, 1),
            ("andon.keys.v1", .compact, 1), ("andon.jobs.v1", .compact, 1), ("andon.workers.v1", .compact, 1),
            ("andon.metrics.worker.v1", .compact, 8),
            ("andon.metrics.workstation.v1", .compact, 8), ("andon.metrics.factory.v1", .compact, 8),
            ("andon.metrics.model-health.v1", .compact, 8), ("andon.metrics.shift.v1", .compact, 8),
            ("andon.alerts.v1", .compact, 8),
        ]
        #expect(plan.topics.map(\.name) == expected.map(\.0))
        #expect(plan.topics.map(\.cleanup) == expected.map(\.1))
        #expect(plan.topics.map(\.partitions) == expected.map(\.2))
        #expect(TopicPlan().topics[0].partitions == 32)
    }

    @Test("events are kept without limit and may be as large as a record")
    func events() {
        let events = plan.topics[0].configuration
        #expect(events["retention.ms"] == "-1")
        #expect(events["retention.bytes"] == "-1")
        #expect(events["max.message.bytes"] == "20971520")
        #expect(events["min.insync.replicas"] == "2")
        #expect(TopicPlan(replication: 1).topics[0].configuration["min.insync.replicas"] == "1")
    }

    @Test("a cluster as planned is ok")
    func clusterAsPlanned() {
        #expect(
            plan.verify(asPlanned(plan), recorded: plan.eventPartitions).map(\.level)
                == Array(repeating: .ok, count: 12))
    }

    @Test("one broker is degraded, not a failure")
    func oneBroker() {
        let single = TopicPlan(partitions: 8, replication: 1)
        let findings = single.verify(asPlanned(single), recorded: single.eventPartitions)
        #expect(Set(findings.map(\.topic)).count == 12)
        #expect(findings.allSatisfy { $0.level == .degraded && $0.hint != nil })
    }

    @Test("a topic that is missing is a failure")
    func missingTopic() {
        var found = asPlanned(plan)
        found["andon.keys.v1"] = nil
        let bad = plan.verify(found, recorded: plan.eventPartitions).filter { $0.level != .ok }
        #expect(bad.map(\.topic) == ["andon.keys.v1"])
        #expect(bad.map(\.level) == [.failure])
    }

    @Test(
        "a property that was changed is found",
        arguments: [
            ("cleanup.policy", "compact", TopicFinding.Level.failure),
            ("message.timestamp.type", "LogAppendTime", .failure),
            ("retention.ms", "604800000", .warning),
            ("retention.bytes", "1000", .warning),
            ("min.insync.replicas", "1", .degraded),
            ("min.insync.replicas", "4", .failure),
            ("max.message.bytes", "1048588", .degraded),
        ])
    func changedProperty(_ name: String, _ value: String, _ level: TopicFinding.Level) {
        let bad = findings { $0.configuration[name] = value }
        #expect(bad.map(\.level) == [level])
        #expect(bad.first?.message.contains(name) == true)
        #expect(bad.first?.hint != nil)
    }

    @Test("fewer partitions than recorded are a failure")
    func otherPartitionCount() {
        #expect(findings { $0.partitions = 4 }.map(\.level) == [.failure])
    }

    @Test("partitions that were added to a topic are a failure that stops no process: the recorded ones are used")
    func addedPartitions() throws {
        let bad = findings { $0.partitions = 16 }
        #expect(bad.map(\.level) == [.failure] && bad.map(\.isTolerated) == [true])
        #expect(try #require(bad.first?.message) == "has 16 partitions, but was made with 8, which are used")
        var found = asPlanned(plan)
        found["andon.events.v1"]?.partitions = 16
        let strays = plan.verify(found, recorded: 8, strays: 3)
        #expect(strays[0].message.contains("3 records are in the others, which nobody reads"))
        #expect(findings { $0.partitions = 4 }.map(\.isTolerated) == [false])
    }

    @Test("the number of partitions is compared with the recorded one, and one that nobody has recorded is named")
    func recordedPartitions() {
        let all = TopicPlan(partitions: 16)
        let raised = all.verify(asPlanned(all), recorded: 8)
        #expect(raised[0].level == .failure && raised[0].message == "has 16 partitions, but was made with 8")
        let unknown = plan.verify(asPlanned(plan))
        #expect(unknown.filter { $0.level != .ok }.map(\.topic) == ["andon.events.v1"])
        #expect(unknown[0].level == .warning && unknown[0].hint?.contains("topics create") == true)
    }

    @Test("fewer copies and absent leaders are degraded")
    func fewerReplicas() {
        #expect(findings { $0.replication = 2 }.map(\.level) == [.degraded])
        #expect(findings { $0.partitionsWithoutLeader = 1 }.map(\.level) == [.degraded])
    }
}

@Suite struct KafkaSettingsTests {
    @Test("properties are read from lines, and a bad line is named without its content")
    func propertyLines() throws {
        let text = "# TLS\nsecurity.protocol = ssl\n\n  ssl.ca.location=/etc/a=b.pem \n"
        #expect(
            try KafkaProperty.parse(text) == [
                KafkaProperty(name: "security.protocol", value: "ssl"),
                KafkaProperty(name: "ssl.ca.location", value: "/etc/a=b.pem"),
            ])
        let error = #expect(throws: LogError.self) { try KafkaProperty.parse("a=b\nsecret") }
        #expect(error?.message.contains("line 2") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test(
        "what correctness hangs on cannot be given",
        arguments: ["acks", "enable.idempotence", "auto.offset.reset", "group.id", "bootstrap.servers"])
    func fixedProperties(_ name: String) {
        let error = #expect(throws: LogError.self) {
            try KafkaSettings(brokers: "127.0.0.1:1", properties: [KafkaProperty(name: name, value: "1")])
        }
        #expect(error?.message.contains(name) == true)
    }

    @Test("an unknown property, a bad value and missing brokers are reported at once")
    func badSettings() {
        for property in [KafkaProperty(name: "no.such", value: "1"), KafkaProperty(name: "linger.ms", value: "x")] {
            let error = #expect(throws: LogError.self) {
                try KafkaSettings(brokers: "127.0.0.1:1", properties: [property])
            }
            #expect(error?.message.contains(property.name) == true)
        }
        #expect(throws: LogError.self) { try KafkaSettings(brokers: " , ") }
    }
}
