internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import Observability

/// `andon log copy`
enum LogCopyCommand {
    private static let folder = Option.text("to-data-dir", "DIR", "copy to the embedded log of this data directory")
    private static let brokers = Option<String>(
        "to-brokers", "HOST:PORT[,…]", "copy to Kafka", parse: KafkaOptions.brokers.parse)
    private static let prefix = Option<String>(
        "to-topic-prefix", "TEXT", "what the names of the destination's topics begin with", default: "andon",
        parse: KafkaOptions.topicPrefix.parse)
    private static let properties = Option.text(
        "to-kafka-config", "FILE", "librdkafka settings of the destination, one name=value a line")

    static let command = Command(
        path: ["log", "copy"],
        summary: "copies a log to another one, embedded or on Kafka; all figures stay the same",
        discussion: """
            Copies what the source holds when it begins: all records unchanged, in the order of each site, and the newest
            definition of each site with its names. Not copied: API keys (andon key create), and figures, which are computed
            again from the records. The destination has to be empty, or to hold the beginning of this copy: after Ctrl-C, a
            failure or a kill the same command continues, and later it copies what was added since. With --site the
            destination may hold other sites. The source may be running; nobody else may write to the destination.
            On Kafka, create the topics first: andon topics create.
            """,
        examples: [
            .init("andon log copy --data-dir ./andon-data --to-brokers kafka-1:9092", "move a plant to Kafka"),
            .init(
                "andon log copy --brokers kafka-1:9092 --to-data-dir ./copy", "copy it back into a new data directory"),
            .init(
                "andon log copy --brokers kafka-1:9092 --site plant-1 --to-data-dir ./plant-1", "copy one site"),
        ],
        options: LogAddress.specs
            + [
                folder.spec, brokers.spec, prefix.spec, properties.spec, LogTailCommand.site.spec,
                OutputFormat.option.spec,
            ],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation, isStopping: { signals.isStopping }) { log in
                LogTailCommand.wake(log, on: signals)
            }
        })

    /// The command with a way to stop it that a test can choose.
    static func run(
        _ invocation: Invocation, isStopping: @escaping () -> Bool, opened: (any EventLog) -> Void = { _ in }
    ) throws -> ExitCode {
        let (from, to) = (try LogAddress(invocation), try destination(invocation))
        let site = try invocation.optional(LogTailCommand.site)
        let source = try from.openReader()
        defer { source.close() }
        opened(source.log)
        let target = try to.openWriter()
        defer { target.close() }
        let copied = try explaining("the copy was interrupted; the same command continues it") {
            try copy(source.log, target.log, site, invocation.console, isStopping)
        }
        guard copied.isComplete else {
            invocation.console.note(
                "stopped after \(grouped(copied.before + copied.copied)) records; the same command continues")
            return .interrupted
        }
        let registry: RegistryCopy.Outcome
        do {
            let registered = try from.registeredDefinitions(source.log)
            registry = try to.withRegistry(target.log) { try RegistryCopy.run(registered, to: $0, copied.definitions) }
        } catch {
            throw CommandFailure(
                .failure, "all records are copied, but not the names in the definitions",
                why: error.forOperator.message,
                next: "run the same command again")
        }
        try report(invocation, copied, registry, to)
        return .success
    }

    private static func destination(_ invocation: Invocation) throws(CommandFailure) -> LogAddress {
        let folder = try invocation.optional(folder)
        let brokers = try invocation.optional(brokers)
        if let folder, brokers == nil { return LogAddress(.folder(DataDirectory(path: folder))) }
        guard let brokers, folder == nil else {
            throw CommandFailure(
                .usage, "say where to copy to: --to-data-dir DIR or --to-brokers HOST:PORT",
                next: "andon log copy --help")
        }
        return LogAddress(
            .kafka(
                KafkaOptions(
                    brokers: brokers, names: TopicNames(prefix: try invocation.value(prefix)),
                    properties: try invocation.optional(properties).map(KafkaOptions.readProperties) ?? [])))
    }

    private static func copy(
        _ source: any EventLog, _ destination: any EventLog, _ site: SiteID?, _ console: Console,
        _ isStopping: @escaping () -> Bool
    ) throws -> LogCopier.Outcome {
        var meter: ProgressMeter?
        let environment = LogCopier.Environment(isStopping: isStopping) { done, total, events in
            let now = SystemClock().uptime.milliseconds
            var current =
                meter
                ?? ProgressMeter(label: "copy", total: total, isTerminal: console.errorIsTerminal, milliseconds: now)
            if let status = current.status(done: done, events: events, milliseconds: now) { console.writeError(status) }
            meter = current
        }
        var copier = LogCopier(from: source, to: destination, site: site, environment)
        defer { if let end = meter?.end() { console.writeError(end) } }
        return try copier.run()
    }

    private static func report(
        _ invocation: Invocation, _ copied: LogCopier.Outcome, _ registry: RegistryCopy.Outcome, _ to: LogAddress
    ) throws {
        for site in registry.missing {
            invocation.console.note(
                "site \(site): the registry lacks its newest definition; apply it again with andon site apply")
        }
        invocation.console.note("API keys are not copied: create new ones with andon key create")
        let figures = [
            ("records copied", copied.copied), ("events copied", copied.events),
            ("records copied before", copied.before), ("definitions with names", Int64(registry.copied)),
        ]
        try invocation.console.write(
            invocation.value(OutputFormat.option),
            json: {
                let members = figures.map { "\"\($0.0.replacing(" ", with: "_"))\":\($0.1)" }
                return Array("{\(members.joined(separator: ","))}".utf8)
            },
            tables: {
                var table = Table([.text("in \(to.text)"), .number("number")])
                for (name, number) in figures { table.append([name, grouped(number)]) }
                return [table]
            })
    }
}
