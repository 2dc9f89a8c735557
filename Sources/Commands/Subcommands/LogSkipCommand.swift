internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog

/// `andon log skip`
enum LogSkipCommand {
    private static let through = Option.integer(
        "through", "OFFSET", "the last offset to pass over (default: only what stops the fold at POSITION)",
        in: 0...Int.max)
    private static let reason = Option.text("reason", "TEXT", "why, for those who ask later; kept with your name")

    static let command = Command(
        path: ["log", "skip"],
        summary: "passes over a record on Kafka that cannot be read, so that the fold of its partition goes on",
        discussion: """
            A fold stands still at a record that is none of Andon's and at offsets that are missing, for example the marks of
            another program's transaction; /readyz of the worker and its log name the position. This command looks at what
            stands there, shows it and asks. What can be read is refused, and so is the record of a newer version. What is
            passed over counts nowhere, in every process and for good. Records that retention removed before they were folded
            are passed over in one step, from the offset that the worker names to where the log begins now; who, when and why are kept in the topic of keys, and
            andon log stat lists them. Running workers go on by themselves.
            """,
        examples: [
            .init(
                #"andon log skip 3:1700 --reason "test of the new broker" --brokers kafka-1:9092"#,
                "pass over one record, or over all that is missing there"),
            .init(
                #"andon log skip 3:1700 --through 1720 --reason "foreign producer" --yes --brokers kafka-1:9092"#,
                "pass over several, without being asked"),
            .init(
                #"andon log skip 3:1200 --reason "retention" --brokers kafka-1:9092"#,
                "go on where the log begins now, without what retention has removed from 1200 on"),
        ],
        positionals: [.init(name: "POSITION", help: "PARTITION:OFFSET, as the message names it")],
        options: KafkaOptions.specs + [through.spec, reason.spec, Confirmation.yes.spec],
        run: { invocation in
            let kafka = try KafkaOptions.required(invocation)
            let settings = try kafka.settings("log")
            let log = try explaining("cannot open the topic \(kafka.names.events) at \(kafka.brokers)") {
                try KafkaLog.open(settings, role: .readOnly)
            }
            defer { log.close() }
            return try run(invocation, log)
        })

    /// The command on an open log.
    static func run(_ invocation: Invocation, _ log: any SkippableLog) throws -> ExitCode {
        guard let position = RecordPosition(invocation.positionals[0]) else {
            throw CommandFailure(
                .usage, "'\(printable(invocation.positionals[0]))' is not PARTITION:OFFSET",
                next: "andon log skip --help")
        }
        guard let reason = try invocation.optional(reason), !reason.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(
                .usage, "--reason is missing", why: "what is passed over is lost for good; say why",
                next: "andon log skip --help")
        }
        let last = try invocation.optional(through).map { LogOffset(Int64($0)) }
        if let last { try check(position, through: last) }
        let skips = try explaining("cannot read the log") { try log.skips(position.partition) }
        if let known = skips.first(where: { $0.first <= position.offset && position.offset < $0.next }) {
            invocation.console.note(
                "\(log.name(of: position)) is passed over since \(known.at.formatted): \(printable(known.reason)) "
                    + "(\(printable(known.by)))")
            return .success
        }
        let found = try explaining("cannot look at \(log.name(of: position))") {
            try SkipExamination(log, position, through: last)
        }
        for item in found.items {
            let end = item.next.value - 1
            let offsets = end == item.first.value ? "\(end)" : "\(item.first.value) to \(end)"
            invocation.console.note("\(position.partition.value):\(offsets) is \(item.text)")
        }
        let count = found.next.value - found.first.value
        try Confirmation.require(
            "pass over \(count == 1 ? "1 offset" : "\(grouped(count)) offsets") from \(log.name(of: position)) on, in every "
                + "process and for good", invocation)
        try explaining("nothing was changed") {
            try log.declare(
                LogSkip(first: found.first, next: found.next, reason: reason, by: who, at: SystemClock().now),
                in: position.partition)
        }
        invocation.console.note("passed over; folds that stand there go on within seconds")
        return .success
    }

    private static func check(_ position: RecordPosition, through last: LogOffset) throws(CommandFailure) {
        let count = last.value - position.offset.value
        guard (0..<LogSkip.offsetsMaximum).contains(count) else {
            throw CommandFailure(
                .usage,
                "--through \(last.value) is before POSITION, or more than "
                    + "\(LogSkip.offsetsMaximum) offsets from it", next: "andon log skip --help")
        }
    }

    /// Who runs this, as this machine knows them.
    private static var who: String { "\(NSUserName())@\(ProcessInfo.processInfo.hostName)" }
}
