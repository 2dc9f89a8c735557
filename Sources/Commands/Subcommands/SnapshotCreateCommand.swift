internal import Clocks
internal import EventModel
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
            after. Takes one of each partition in the data directory. Events and questions go on meanwhile.
            """,
        examples: [
            .init("andon snapshot create --data-dir ./andon-data", "of andon up, into ./andon-data/snapshots"),
            .init(
                "andon snapshot create --data-dir /var/lib/andon --partition 0-3 --snapshot-dir /mnt/snapshots",
                "of some partitions of a worker, into a shared folder"),
        ],
        options: [
            DataDirectory.option.spec, SnapshotOptions.directory.spec, SnapshotOptions.partitions.spec,
        ] + SnapshotOptions.retentionSpecs + [OutputFormat.option.spec],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation, isStopping: { signals.isStopping })
        })

    /// The command with a way to stop it that a test can choose.
    static func run(_ invocation: Invocation, isStopping: @escaping () -> Bool) throws -> ExitCode {
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
        let progress = WorkProgress("snapshot", invocation.console, isStopping: isStopping)
        defer { progress.end() }
        var taken: [SnapshotManifest] = []
        for (partition, path) in stores {
            try checkCanBeRead(path, directory)
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
