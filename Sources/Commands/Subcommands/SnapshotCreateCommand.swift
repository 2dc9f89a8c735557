internal import Clocks
internal import EventModel
internal import Foundation
internal import Locks
internal import ProjectionStore
internal import Replay

/// `andon snapshot create`
enum SnapshotCreateCommand {
    static let command = Command(
        path: ["snapshot", "create"],
        summary: "takes a snapshot of the projections, beside a running server or a stopped one",
        discussion: """
            A snapshot is a copy of the projections at one position of the log, with a description: log, partition,
            position, versions, hash, and the digest of each site. A fold that starts from it has to fold only what came
            after. Takes one of each partition in the data directory. Events and questions go on, and go first. It covers every
            record that was acknowledged before: a running server folds those first, and where none runs, this command does.
            For a worker's directory that needs --brokers; without, what is committed is copied.
            """,
        examples: [
            .init("andon snapshot create --data-dir ./andon-data", "of andon up, into ./andon-data/snapshots"),
            .init(
                "andon snapshot create --data-dir /var/lib/andon --partition 0-3 --snapshot-dir /mnt/snapshots",
                "of some partitions of a worker, into a shared folder"),
        ],
        options: [
            DataDirectory.option.spec, SnapshotOptions.directory.spec, SnapshotOptions.partitions.spec,
        ] + SnapshotOptions.retentionSpecs + [OutputFormat.option.spec] + KafkaOptions.specs,
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            BackgroundThread.giveWay()
            return try run(invocation) { signals.wait(milliseconds: $0) }
        })

    /// The command with a way to wait, and to stop it, that a test can choose.
    /// - Parameter isStopped: waits for so many milliseconds, and says whether to stop.
    static func run(_ invocation: Invocation, isStopped: @escaping (Int) -> Bool) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.requireExisting()
        let partitions = try invocation.optional(SnapshotOptions.partitions)
        let stores = directory.stores.filter { partitions?.contains($0.partition) ?? true }
        guard !stores.isEmpty else {
            throw CommandFailure(
                .failure, "there are no projections in '\(directory.path)'" + (partitions == nil ? "" : " of these"),
                why: "a server makes them when it starts", next: "andon up --data-dir \(directory.path)")
        }
        let snapshots = try SnapshotOptions.snapshots(invocation, of: directory)
        let retention = try SnapshotOptions.retention(invocation, countDefault: nil)
        let maker = SnapshotMaker(snapshots, program: CommandLineTool.version)
        let log = try log(invocation, directory)
        defer { log?.close() }
        let acknowledged = try explaining("cannot read the log") {
            try log.map { try AcknowledgedRecords($0.log, directory, stores.map(\.partition)) }
        }
        let progress = WorkProgress("snapshot", invocation.console, isStopping: { isStopped(0) })
        defer { progress.end() }
        var taken: [SnapshotManifest] = []
        for (partition, path) in stores {
            try checkCanBeRead(path, directory)
            let isReached = try explaining("no snapshot was taken of '\(path)'") {
                try acknowledged?.reach(partition, invocation.console, isStopped: isStopped) ?? true
            }
            guard isReached else { return .interrupted }
            let manifest = try explaining("no snapshot was taken of '\(path)'") {
                try maker.take(SnapshotMaker.Source(path: path, partition)) { progress.note(done: $0, total: $1) }
            }
            progress.end()
            guard let manifest else {
                invocation.console.note("stopped; nothing is left of the snapshot of partition \(partition.value)")
                break
            }
            taken.append(manifest)
            let removed = try explaining("cannot remove old snapshots from '\(snapshots.path)'") {
                try retention.apply(to: snapshots, partition, at: SystemClock().now)
            }
            for id in removed { invocation.console.note("no longer kept: \(id)") }
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { SnapshotOptions.json(taken) },
            tables: { [SnapshotOptions.table(taken)] })
        return progress.isStopped ? .interrupted : .success
    }

    /// The log that the projections are of; nil when that cannot be known, or when it cannot be read: a copy of the
    /// projections may be wanted just then.
    private static func log(_ invocation: Invocation, _ directory: DataDirectory) throws -> OpenLog? {
        if let kafka = try KafkaOptions.given(invocation) { return try LogAddress(.kafka(kafka)).openReader() }
        guard FileManager.default.fileExists(atPath: directory.log) else {
            invocation.console.note(
                "the log is not in '\(directory.path)': with --brokers, all of its records are folded first")
            return nil
        }
        do { return try LogAddress(.folder(directory)).openReader() } catch {
            invocation.console.note("\(error.what): the snapshot has what was committed")
            return nil
        }
    }

    private static func checkCanBeRead(_ path: String, _ directory: DataDirectory) throws(CommandFailure) {
        guard let place = StorePlace.read(path: path),
            ProjectionStore.isCurrent(path: path, logEpoch: place.logEpoch)
        else {
            throw CommandFailure(
                .failure, "no snapshot was taken of '\(path)'",
                why: "this program cannot read it: it is damaged, or of another version",
                next: "andon doctor --data-dir \(directory.path)")
        }
    }
}
