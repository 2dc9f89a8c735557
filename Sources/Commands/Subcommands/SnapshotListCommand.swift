internal import Replay

/// `andon snapshot list`
enum SnapshotListCommand {
    static let command = Command(
        path: ["snapshot", "list"],
        summary: "lists the snapshots, the furthest of each partition first",
        examples: [
            .init("andon snapshot list --data-dir ./andon-data", "those in ./andon-data/snapshots"),
            .init("andon snapshot list --snapshot-dir /mnt/snapshots --partition 3 -o json", "of one partition"),
        ],
        options: [
            DataDirectory.option.spec, SnapshotOptions.directory.spec, SnapshotOptions.partitions.spec,
            OutputFormat.option.spec,
        ],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let snapshots = try SnapshotOptions.snapshots(invocation, of: directory)
        let manifests = try SnapshotOptions.selected(invocation, in: snapshots)
        if manifests.isEmpty {
            invocation.console.note("there are no snapshots in '\(snapshots.path)': andon snapshot create takes one")
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { SnapshotOptions.json(manifests) },
            tables: { [SnapshotOptions.table(manifests, log: directory.logIdentity)] })
        return .success
    }
}
