internal import EventLog
internal import EventModel
internal import Foundation
internal import Locks
internal import Sites

/// `andon log tail`
enum LogTailCommand {
    static let site = Option<SiteID>("site", "SITE", "only this site") { text throws(InvalidValue) in
        let site = SiteID(text)
        guard site.isValid else { throw InvalidValue("1 to 64 of the characters A-Z a-z 0-9 . _ -, and not . or ..") }
        return site
    }
    private static let partition = Option.integer(
        "partition", "N", "only this partition", in: 0...Int(Int32.max))
    private static let follow = Option.flag("follow", short: "f", "keep printing what is added, until Ctrl-C")
    private static let limit = Option.integer("limit", "N", "stop after so many lines", in: 1...Int(Int32.max))

    static let command = Command(
        path: ["log", "tail"],
        summary: "prints the events of the log as JSON lines, from any position or time",
        discussion: """
            Prints one line for each event, in the order of its partition, with position and mark, and one for each
            definition. Lines of several partitions alternate. A time selects by created_at, wherever the record stands.
            Begins at the earliest record, with --follow at the end, unless --from says otherwise. Works beside a running
            server. Exit code 65 if a record cannot be read; it gets a line that says so.
            """,
        examples: [
            .init("andon log tail --follow", "show what comes in"),
            .init("andon log tail --from 2026-02-03T06:00:00Z --site plant-1 | wc -l", "count what came since then"),
            .init(
                "andon log tail --brokers kafka-1:9092 --from 3:1200 --limit 10",
                "ten events from one position of the topic"),
        ],
        options: [LogStart.option.spec, partition.spec, site.spec, follow.spec, limit.spec] + LogAddress.specs,
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            let address = try LogAddress(invocation)
            let opened = try address.openReader()
            wake(opened.log, on: signals)
            return try run(invocation, opened, signals, registry: address.registry)
        })

    /// The command on an open log, which it closes.
    /// - Parameter registry: path of the file with the definitions of sites; nil if they are elsewhere.
    static func run(
        _ invocation: Invocation, _ opened: OpenLog, _ signals: StopSignals, registry: String? = nil
    ) throws -> ExitCode {
        defer { opened.close() }
        let plan = try plan(invocation, opened.log)
        let sites = try sites(registry, opened.log)
        if let site = plan.site, plan.follows, let sites, !sites.contains(site) {
            invocation.console.note(Self.nothing(of: site, among: sites) + "; waiting for it")
        }
        var reader = LogTailReader(
            opened.log, plan, isStopping: { signals.isStopping }, write: invocation.console.writeOutput)
        let unreadable = try explaining("cannot read the log") { try reader.run() }
        if signals.isStopping { return .interrupted }
        if let site = plan.site, reader.written == 0 {
            guard sites?.contains(site) ?? false else {
                throw CommandFailure(
                    .failure, Self.nothing(of: site, among: sites ?? reader.otherSites), next: "check --site")
            }
            invocation.console.note("nothing of site '\(site)' from there on")
        }
        guard unreadable == 0 else {
            invocation.console.note("\(grouped(unreadable)) records cannot be read: see the lines of kind unreadable")
            return .badData
        }
        return .success
    }

    /// The sites that are defined; nil if that cannot be told here.
    private static func sites(_ registry: String?, _ log: any EventLog) throws -> Set<SiteID>? {
        guard let registry else { return nil }
        return try explaining("cannot read the definitions of sites") {
            Set(try RegistryStore.read(path: registry, epoch: log.epoch).map(\.siteID))
        }
    }

    private static let sitesShownMaximum = 10

    private static func nothing(of site: SiteID, among others: Set<SiteID>) -> String {
        let names = others.map { printable($0.text) }.sorted()
        let shown = names.prefix(sitesShownMaximum).joined(separator: ", ")
        let more = names.count > sitesShownMaximum ? " and \(names.count - sitesShownMaximum) more" : ""
        return "the log holds nothing of site '\(site)'" + (names.isEmpty ? "" : "; it holds \(shown)\(more)")
    }

    private static func plan(
        _ invocation: Invocation, _ log: any EventLog
    ) throws(CommandFailure) -> LogTailReader.Plan {
        let follows = try invocation.isSet(follow)
        var plan = LogTailReader.Plan(
            partition: try invocation.optional(partition).map { PartitionIndex(Int32($0)) },
            site: try invocation.optional(site),
            start: try invocation.optional(LogStart.option) ?? (follows ? .end : .earliest), follows: follows,
            limit: try invocation.optional(limit))
        if case .position(let position, _) = plan.start {
            guard plan.partition ?? position.partition == position.partition else {
                throw CommandFailure(
                    .usage, "--partition and --from name two partitions", next: "leave out --partition")
            }
            plan.partition = position.partition
        }
        if let partition = plan.partition, partition.value >= log.partitionCount {
            throw CommandFailure(
                .usage, "there is no partition \(partition.value)", why: "the log has \(log.partitionCount)",
                next: "andon log stat")
        }
        return plan
    }

    /// Interrupts waits for records on Ctrl-C.
    static func wake(_ log: any EventLog, on signals: StopSignals) {
        BackgroundThread.start("stop-waiter") { if signals.wait() { log.wakeReaders() } }
    }
}
