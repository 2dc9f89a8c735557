internal import Clocks
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
            site's id determines. It is recorded in the topic of keys, and every process checks it.
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
            try TopicsReport.run(
                invocation, replication: try invocation.optional(TopicsReport.replication), creates: true)
        })
}

/// `andon topics verify`
enum TopicsVerifyCommand {
    static let command = Command(
        path: ["topics", "verify"],
        summary: "checks that all topics exist and are set up correctly; changes nothing",
        examples: [.init("andon topics verify --brokers kafka-1:9092", "one line per topic, with what to do")],
        options: KafkaOptions.specs + [TopicsReport.partitions.spec, OutputFormat.option.spec],
        run: { invocation in try TopicsReport.run(invocation, replication: nil, creates: false) })
}

/// The output and exit code of both commands.
private enum TopicsReport {
    static let partitions = Option.integer(
        "partitions", "N",
        "partitions of the events and of what is published from them; final (default: as they are, "
            + "else \(TopicPlan.eventPartitionsDefault))", in: 1...1024)
    static let replication = Option.integer(
        "replication", "N", "copies of each record (default: 3, or as many as there are brokers)", in: 1...16)

    static func run(_ invocation: Invocation, replication: Int?, creates: Bool) throws -> ExitCode {
        let options = try KafkaOptions.required(invocation)
        let settings = try options.settings("topics")
        let wanted = try invocation.optional(partitions).map { Int32($0) }
        let findings: [TopicFinding]
        do throws(LogError) {
            let admin = try KafkaAdmin(settings)
            let brokers = try admin.brokerCount()
            let copies = replication ?? min(Int(TopicPlan.replicationDefault), brokers)
            let found = try admin.find([options.names.events, options.names.keys])
            let recorded = found[options.names.keys] == nil ? nil : try recordedCount(settings)
            let plan = TopicPlan(
                names: options.names,
                partitions: wanted ?? partitionCount(found[options.names.events], recorded: recorded),
                replication: Int32(copies))
            findings = try creates ? create(plan, admin, settings, invocation) : admin.verify(plan, recorded: recorded)
        } catch {
            throw CommandFailure("cannot manage the topics at \(options.brokers)", because: error)
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(findings) }, tables: { [table(findings)] })
        return findings.contains { $0.level == .failure } ? .failure : .success
    }

    /// As the events have been made, or as they are.
    private static func partitionCount(_ events: FoundTopic?, recorded: Int32?) -> Int32 {
        events.map { recorded ?? $0.partitions } ?? TopicPlan.eventPartitionsDefault
    }

    private static func recordedCount(_ settings: KafkaSettings) throws(LogError) -> Int32? {
        let book = try LogBook(settings)
        defer { book.stop() }
        return book.partitionCount
    }

    /// Creates what is missing, and records with how many partitions the events were made.
    private static func create(
        _ plan: TopicPlan, _ admin: KafkaAdmin, _ settings: KafkaSettings, _ invocation: Invocation
    ) throws(LogError) -> [TopicFinding] {
        let created = try admin.create(plan)
        invocation.console.note("created \(created.count) \(created.count == 1 ? "topic" : "topics")")
        let book = try LogBook(settings)
        defer { book.stop() }
        let topics = try KafkaTopics(settings)
        defer { topics.close() }
        let now = SystemClock().now
        // What is recorded is about another topic of that name.
        if created.contains(settings.names.events) { try book.clear(topics, at: now) }
        if book.partitionCount == nil, !(try admin.verify(plan)).contains(where: { $0.level == .failure }) {
            try book.record(partitionCount: plan.eventPartitions, topics, at: now)
        }
        return try admin.verify(plan, recorded: book.partitionCount)
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
