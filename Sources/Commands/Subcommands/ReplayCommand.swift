internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import Locks
internal import Observability
internal import Replay

/// `andon replay` (SPEC 7.3)
enum ReplayCommand {
    private static let from = Option<ReplayStart>(
        "from", "PLACE", "earliest, PARTITION:OFFSET, a time such as 2026-02-03T06:00:00Z, snapshot or snapshot:ID",
        default: "earliest"
    ) { text throws(InvalidValue) in
        guard let start = ReplayStart(text) else {
            throw InvalidValue("earliest, PARTITION:OFFSET, a time with its offset (RFC 3339), snapshot or snapshot:ID")
        }
        return start
    }
    private static let until = Option<ReplayEnd>(
        "until", "PLACE", "PARTITION:OFFSET, itself outside; a time, itself inside; or end", default: "end"
    ) { text throws(InvalidValue) in
        guard let end = ReplayEnd(text) else {
            throw InvalidValue("PARTITION:OFFSET, a time with its offset (RFC 3339) or end")
        }
        return end
    }
    private static let site = Option<SiteID>(
        "site", "SITE", "only this site", repeatable: true, parse: LogTailCommand.site.parse)
    private static let partition = Option<PartitionIndex>(
        "partition", "N", "only this partition", repeatable: true
    ) { text throws(InvalidValue) in
        guard let number = Int32(text), number >= 0 else { throw InvalidValue("a whole number from 0") }
        return PartitionIndex(number)
    }
    private static let follow = Option.flag("follow", short: "f", "go on with what is added, until Ctrl-C")
    private static let rate = Option.integer(
        "rate", "EVENTS/S", "fold at most so many events a second", in: 1...1_000_000_000)
    private static let digest = Option.flag(
        "digest", "print the digest of each site, also of a large one, where that takes about as long as the fold")
    private static let dryRun = Option.flag(
        "dry-run", "print the plan with an estimate of size and time, and do nothing")

    static let command = Command(
        path: ["replay"],
        summary: "folds a part of the log into a folder of its own, to look at; publishes nothing",
        discussion: """
            Reads the log beside a running server, or from Kafka, and leaves both as they are. An offset or a time in --from
            without a snapshot makes figures of just what followed, and those need a definition that followed, too. A time
            selects by created_at, wherever the record stands: --from takes what was created at or after it, --until what
            was known at it, so that the figures are those of --known-at. An offset in --until is the first that is not read.
            A snapshot saves the time to fold what it holds: all sites of its partition. --from snapshot takes the newest that
            holds nothing beyond --until. Nothing of it is copied where --into is on the same file system.
            Ctrl-C stores what is folded; the same command goes on, also after a kill. On Kafka a few partitions are folded at
            a time. Ask for the figures with andon query --data-dir DIR.
            """,
        examples: [
            .init("andon replay --into ./replay", "all of the log in ./andon-data"),
            .init("andon replay --until 2026-02-03T06:00:00Z --into ./then", "what was known at 06:00 UTC"),
            .init(
                "andon replay --brokers kafka-1:9092 --site plant-1 --rate 200000 --into ./plant-1",
                "one site on Kafka, gently"),
            .init(
                "andon replay --from snapshot --until 2026-02-03T06:00:00Z --into ./then",
                "the same from the nearest snapshot, in a moment"),
            .init(
                "andon replay --from snapshot:p0-1200-1f2e3d4c5b6a --into ./since", "a snapshot, and what followed"),
            .init("andon replay --dry-run --into ./replay", "how much it is, and how long it may take"),
        ],
        options: [
            from.spec, until.spec, site.spec, partition.spec, follow.spec, rate.spec, ReplayDirectory.option.spec,
            SnapshotOptions.directory.spec, digest.spec, dryRun.spec, OutputFormat.option.spec,
        ] + LogAddress.specs,
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            let address = try LogAddress(invocation)
            let opened = try address.openReader()
            defer { opened.close() }
            return try run(invocation, opened.log, address, isEmbedded: address.registry != nil, signals)
        })

    /// The command on an open log.
    static func run(
        _ invocation: Invocation, _ log: any EventLog, _ address: LogAddress, isEmbedded: Bool, _ signals: StopSignals
    ) throws -> ExitCode {
        let request = try request(invocation)
        let directory = ReplayDirectory(path: try invocation.value(ReplayDirectory.option))
        let snapshots = try snapshots(invocation, address)
        let journal = Journal { invocation.console.note($0.message) }
        let choice = SnapshotChoice(snapshots, journal: journal, isStopping: { signals.isStopping })
        func made() throws -> ReplayPlan {
            try explaining("cannot plan the replay") {
                do {
                    return try ReplayPlan(
                        request, log, snapshot: snapshot(request, snapshots),
                        nearest: { try choice.nearest($0, of: log.epoch, where: $1) }, isEmbedded: isEmbedded,
                        source: address.words, now: SystemClock().now)
                } catch let error as ReplayError where error.code == .request {
                    throw CommandFailure(.usage, error.message, next: error.hint ?? "andon replay --help")
                }
            }
        }
        if try invocation.isSet(dryRun) {
            let earlier = try directory.plan()
            if let earlier { try check(earlier, request, log, directory) }
            let forecast = try ReplayForecast(
                try earlier ?? made(), log, directory, snapshots, try invocation.optional(rate), signals)
            return try forecast.write(invocation)
        }
        let claim = try directory.claim()
        let plan: ReplayPlan
        if let earlier = try directory.plan() {
            try check(earlier, request, log, directory)
            plan = earlier
        } else {
            plan = try made()
            try directory.write(plan)
        }
        return try withExtendedLifetime(claim) {
            let wish = ReplayRun.Wish(
                rate: try invocation.optional(rate), digests: try invocation.isSet(digest), checked: choice.checked)
            let run = ReplayRun(plan, log, of: address, directory, snapshots, wish, signals)
            return try run.run(invocation)
        }
    }

    private static func snapshots(_ invocation: Invocation, _ address: LogAddress) throws -> SnapshotDirectory {
        let folder = if case .folder(let directory) = address.place { directory } else { DataDirectory(path: ".") }
        return try SnapshotOptions.snapshots(invocation, of: folder)
    }

    /// The one that the replay begins with; nil if it begins with none.
    private static func snapshot(
        _ request: ReplayRequest, _ snapshots: SnapshotDirectory
    ) throws -> SnapshotManifest? {
        guard case .snapshot(let id) = request.start else { return nil }
        guard let found = try snapshots.manifest(id) else {
            throw ReplayError(
                .request, "there is no snapshot '\(printable(id))' in \(snapshots.place)",
                hint: "andon snapshot list --snapshot-dir \(snapshots.path) shows those that are")
        }
        return found
    }

    private static func request(_ invocation: Invocation) throws(CommandFailure) -> ReplayRequest {
        var request = ReplayRequest()
        request.start = try invocation.value(from)
        request.end = try invocation.value(until)
        request.sites = Set(try invocation.values(site))
        request.partitions = Set(try invocation.values(partition))
        request.follows = try invocation.isSet(follow)
        return request
    }

    /// A folder goes on with its own replay alone.
    private static func check(
        _ earlier: ReplayPlan, _ asked: ReplayRequest, _ log: any EventLog, _ directory: ReplayDirectory
    ) throws(CommandFailure) {
        let differences = earlier.differences(from: asked, of: log)
        guard !differences.isEmpty else { return }
        let command = earlier.command(into: directory)
        throw CommandFailure(
            .failure, "'\(directory.path)' holds another replay", why: differences.joined(separator: "; "),
            next: "name another --into, or go on with that one: \(command)")
    }
}

extension LogAddress {
    /// The options that name this log.
    var words: [String] {
        switch place {
        case .folder(let directory): ["--data-dir", directory.path]
        case .kafka(let kafka): kafka.words
        }
    }
}
