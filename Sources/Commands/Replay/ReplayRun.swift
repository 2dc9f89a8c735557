internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import JSON
internal import KafkaLog
internal import Locks
internal import Observability
internal import ProjectionStore
internal import Replay

/// A replay as an operator sees it: how far it is, what was kept when it stops, and what came out.
struct ReplayRun {
    private let plan: ReplayPlan
    private let log: any EventLog
    private let address: LogAddress
    private let directory: ReplayDirectory
    private let snapshots: SnapshotDirectory
    private let wish: Wish
    private let signals: StopSignals
    private let clock = SystemClock()

    /// What an operator says beside the plan; another one may be said when the replay goes on.
    struct Wish {
        /// Events a second; nil for no limit.
        var rate: Int?
        /// Whether the digests are wanted at any price.
        var digests = false
        /// Snapshots that were just found to be sound.
        var checked: Set<SnapshotID> = []
    }

    /// Of a store that is larger, a digest is not computed unless it is wanted: 16 MiB have about a million events.
    private static let bytesOfDigestMaximum: Int64 = 16 << 20

    init(
        _ plan: ReplayPlan, _ log: any EventLog, of address: LogAddress, _ directory: ReplayDirectory,
        _ snapshots: SnapshotDirectory, _ wish: Wish, _ signals: StopSignals
    ) {
        self.plan = plan
        self.log = log
        self.address = address
        self.directory = directory
        self.snapshots = snapshots
        self.wish = wish
        self.signals = signals
    }

    func run(_ invocation: Invocation) throws -> ExitCode {
        let start = clock.uptime
        let isComplete: Bool
        do { isComplete = try fold(invocation.console) } catch {
            let cause = error.forOperator
            throw CommandFailure(
                cause.isRetriable ? .unavailable : .failure, "the replay stopped; \(kept)", why: cause.message,
                next: [cause.hint, "to go on: \(command)"].compactMap { $0 }.joined(separator: "; "))
        }
        guard isComplete else {
            invocation.console.note("stopped; \(kept); the same command goes on: \(command)")
            return .interrupted
        }
        var results: [ReplayResult] = []
        try explaining("cannot read what was folded") {
            for part in plan.parts {
                results.append(
                    try ReplayResult(
                        path: path(part.partition), partition: part.partition, digests: try digests(part),
                        isStopping: { signals.isStopping }))
            }
        }
        guard !signals.isStopping else {
            invocation.console.note(
                "stopped; \(kept), which is all of it; the same command shows the digests: \(command)")
            return .interrupted
        }
        try report(results, milliseconds: (clock.uptime - start) / 1000, invocation)
        return .success
    }

    private var command: String { plan.command(into: directory) }

    private func path(_ partition: PartitionIndex) -> String {
        "\(directory.path)/\(plan.storeName(of: partition))"
    }

    /// The first record that is not stored yet.
    private func next(_ part: ReplayPlan.Part) -> LogOffset {
        max(part.from, StorePlace.read(path: path(part.partition))?.nextOffset ?? part.from)
    }

    /// What it has not read of the log yet (SPEC 7.9).
    var needed: [NeededPosition] {
        plan.parts.compactMap { part in
            let next = next(part)
            if let until = part.until, next >= until { return nil }
            let remedy = wish.rate == nil ? nil : "let it go on without --rate"
            return NeededPosition(
                "the replay into '\(directory.path)'", part.partition, next: next, remedy: remedy)
        }
    }

    /// What is stored, as part of a sentence.
    private var kept: String {
        let places = plan.parts.map { part -> String in
            let end = part.until.map { " of \(grouped($0.value))" } ?? ""
            return "\(part.partition.value):\(grouped(next(part).value))\(end)"
        }
        let shown = places.prefix(8).joined(separator: ", ") + (places.count > 8 ? ", …" : "")
        return "what is folded is kept, up to \(shown)"
    }

    // MARK: Folding

    private func fold(_ console: Console) throws -> Bool {
        let notes = Guarded<[String]>([])
        var configuration = ReplayJob.Configuration { [directory, plan] partition in
            "\(directory.path)/\(plan.storeName(of: partition))"
        }
        configuration.restore = { [snapshots, signals, checked = wish.checked] part, path in
            try ReplayPlan.restore(part, snapshots, checked: checked, to: path, isStopping: { signals.isStopping })
        }
        configuration.rate = wish.rate
        configuration.journal = Journal { event in
            // Failures end the replay and are told then.
            guard event.level != .error else { return }
            notes.withLock { if $0.last != event.message, $0.count < Self.notesMaximum { $0.append(event.message) } }
        }
        let rounds = try address.retentionRounds(log, configuration.journal) { needed }
        rounds?.start()
        defer { rounds?.stop() }
        let job = ReplayJob(plan, log: log, configuration)
        var board = ReplayBoard(isTerminal: console.errorIsTerminal, columns: console.columns)
        defer { if let end = board.end() { console.writeError(end) } }
        return try job.run { progress in
            if signals.isStopping { job.stop() }
            let new = notes.withLock { notes in
                defer { notes = [] }
                return notes
            }
            if !new.isEmpty, let end = board.end() { console.writeError(end) }
            for note in new { console.note(note) }
            let now = clock.uptime.milliseconds
            if let status = board.status(progress, milliseconds: now) { console.writeError(status) }
        }
    }

    /// Lines between two looks.
    private static let notesMaximum = 16

    // MARK: What came out

    /// Where the digests of a partition are taken from.
    private func digests(_ part: ReplayPlan.Part) throws -> ReplayResult.Digests {
        let path = path(part.partition)
        if let id = part.snapshot, let manifest = try snapshots.manifest(id),
            StorePlace.read(path: path)?.nextOffset == manifest.nextOffset
        {
            return .known(manifest.digests)
        }
        let bytes = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.int64Value ?? 0
        return wish.digests || bytes <= Self.bytesOfDigestMaximum ? .computed : .none
    }

    private func report(_ results: [ReplayResult], milliseconds: Int64, _ invocation: Invocation) throws {
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(results, milliseconds) },
            tables: { [partitions(results, milliseconds), sites(results)].filter { !$0.rows.isEmpty } })
        let found = Set(results.flatMap { $0.sites.map(\.siteID) })
        for site in plan.request.sites.subtracting(found).sorted() {
            invocation.console.note("the log holds nothing of site '\(site)' there")
        }
        guard let site = results.lazy.compactMap(\.sites.first).first?.siteID else {
            return invocation.console.note("nothing was folded: no record is what --from, --until and --site select")
        }
        if results.contains(where: { $0.sites.contains { $0.digest == nil } }) {
            invocation.console.note(
                "no digest was computed, which takes about as long as to fold all of it: \(command) --digest prints it")
        }
        let registry = plan.isEmbedded ? ["--registry", plan.source.last ?? "."] : []
        let words = ["andon", "query", "workers", "--site", site.text, "--data-dir", directory.path] + registry
        invocation.console.note("look at it: \(words.map(shellWord).joined(separator: " "))")
    }

    private func records(_ result: ReplayResult) -> Int64 {
        let from = plan.parts.first { $0.partition == result.partition }?.from ?? .zero
        return max(0, result.nextOffset.value - from.value)
    }

    private func partitions(_ results: [ReplayResult], _ milliseconds: Int64) -> Table {
        var table = Table([
            .number("partition"), .number("records read"), .number("events"), .number("position"), .number("seconds"),
        ])
        for result in results {
            table.append([
                "\(result.partition.value)", grouped(records(result)), grouped(result.events),
                grouped(result.nextOffset.value), "",
            ])
        }
        let seconds = "\(milliseconds / 1000).\(milliseconds % 1000 / 100)"
        table.append([
            "all", grouped(results.reduce(0) { $0 + records($1) }), grouped(results.reduce(0) { $0 + $1.events }), "",
            seconds,
        ])
        return table
    }

    private func sites(_ results: [ReplayResult]) -> Table {
        var table = Table([.text("site"), .number("partition"), .number("events"), .text("digest")])
        for result in results {
            for site in result.sites.sorted(by: { $0.siteID < $1.siteID }) {
                table.append([site.siteID.text, "\(result.partition.value)", grouped(site.events), site.digest ?? "-"])
            }
        }
        return table
    }

    private func json(_ results: [ReplayResult], _ milliseconds: Int64) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("directory", directory.path)
            json.key("seconds")
            json.fixed(milliseconds, decimals: 3)
            json.key("partitions")
            json.array { json in
                for result in results {
                    json.object { json in
                        json.member("partition", Int64(result.partition.value))
                        json.member("records", records(result))
                        json.member("events", result.events)
                        json.member("position", result.nextOffset.value)
                    }
                }
            }
            json.key("sites")
            json.array { json in
                for result in results {
                    for site in result.sites.sorted(by: { $0.siteID < $1.siteID }) {
                        json.object { json in
                            json.member("site_id", site.siteID.text)
                            json.member("partition", Int64(result.partition.value))
                            json.member("events", site.events)
                            json.key("digest")
                            json.string(orNull: site.digest)
                        }
                    }
                }
            }
        }
        return json.bytes
    }
}
