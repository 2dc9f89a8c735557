internal import EventLog
internal import Foundation
internal import JSON
internal import KafkaLog

/// `andon topics create`
enum TopicsCreateCommand {
    static let command = Command(
        path: ["topics", "create"],
        summary:
            "creates the topics that Andon needs and that are missing, and checks all of them",
        discussion: """
            Existing topics are not changed. The number of partitions is final: all records of a site are in one, which the
            site's id determines.
            """,
        examples: [
            .init(
                "andon topics create --brokers kafka-1:9092",
                "32 partitions; three copies of each record if there are three brokers"),
            .init("andon topics create --brokers 127.0.0.1:9092 --partitions 4", "a small installation"),
        ],
        options: KafkaOptions.specs + [
            TopicsReport.partitions.spec, TopicsReport.replication.spec, OutputFormat.option.spec,
        ],
        run: { invocation in
            try TopicsReport.run(invocation, replication: try invocation.optional(TopicsReport.replication)) {
                admin, plan throws(LogError) in
                let created = try admin.create(plan)
                let noun = created.count == 1 ? "topic" : "topics"
                invocation.console.note("created \(created.count) \(noun)")
            }
        })
}

/// `andon topics verify`
enum TopicsVerifyCommand {
    static let command = Command(
        path: ["topics", "verify"],
        summary: "checks that all topics exist and are set up correctly; changes nothing",
        examples: [.init("andon topics verify --brokers kafka-1:9092", "one line per topic, with what to do")],
        options: KafkaOptions.specs + [TopicsReport.partitions.spec, OutputFormat.option.spec],
        run: { invocation in try TopicsReport.run(invocation, replication: nil) { _, _ in } })
}

/// The output and exit code of both commands.
private enum TopicsReport {
    static let partitions = Option.integer(
        "partitions", "N",
        "partitions of the events and of what is published from them; final (default: as they are, "
            + "else \(TopicPlan.eventPartitionsDefault))", in: 1...1024)
    static let replication = Option.integer(
        "replication", "N", "copies of each record (default: 3, or as many as there are brokers)", in: 1...16)

    static func run(
        _ invocation: Invocation, replication: Int?,
        before: (KafkaAdmin, TopicPlan) throws(LogError) -> Void
    ) throws -> ExitCode {
        let options = try KafkaOptions.required(invocation)
        let settings = try options.settings("topics")
        let findings: [TopicFinding]
        do throws(LogError) {
            let admin = try KafkaAdmin(settings)
            let brokers = try admin.brokerCount()
            let copies = replication ?? min(Int(TopicPlan.replicationDefault), brokers)
            let plan = TopicPlan(
                names: options.names, partitions: try partitionCount(invocation, admin, options.names),
                replication: Int32(copies))
            try before(admin, plan)
            findings = try admin.verify(plan)
        } catch {
            throw CommandFailure("cannot manage the topics at \(options.brokers)", because: error)
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(findings) }, tables: { [table(findings)] })
        return findings.contains { $0.level == .failure } ? .failure : .success
    }

    /// The requested count, else the existing topic's, else the default.
    private static func partitionCount(
        _ invocation: Invocation, _ admin: KafkaAdmin, _ names: TopicNames
    ) throws(LogError) -> Int32 {
        if let asked = try? invocation.optional(partitions) { return Int32(asked) }
        let found = try admin.find([names.events])
        return found[names.events]?.partitions ?? TopicPlan.eventPartitionsDefault
    }

    private static func table(_ findings: [TopicFinding]) -> Table {
        var table = Table([.text("topic"), .text("result"), .text("what was found"), .text("what to do")])
        for finding in findings {
            table.append([finding.topic, finding.level.description, finding.message, finding.hint ?? "-"])
        }
        return table
    }

    private static func json(_ findings: [TopicFinding]) -> [UInt8] {
        JSONWriter.items(findings) { finding, writer in
            writer.member("topic", finding.topic)
            writer.member("result", "\(finding.level)")
            writer.member("text", finding.message)
            writer.key("next")
            writer.string(orNull: finding.hint)
        }
    }
}
