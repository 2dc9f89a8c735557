internal import Replay

/// `andon snapshot delete`
enum SnapshotDeleteCommand {
    static let command = Command(
        path: ["snapshot", "delete"],
        summary: "removes a snapshot; asks first",
        examples: [
            .init("andon snapshot delete p0-1200-1f2e3d4c5b6a --data-dir ./andon-data --yes", "without asking")
        ],
        positionals: [.init(name: "ID", help: "a snapshot, as andon snapshot list shows it")],
        options: [
            DataDirectory.option.spec, SnapshotOptions.directory.spec, Confirmation.yes.spec,
        ],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let snapshots = try SnapshotOptions.snapshots(invocation, of: directory)
        let name = invocation.positionals[0]
        let listing = try explaining("cannot list the snapshots in '\(snapshots.path)'") { try snapshots.list() }
        // One whose description is damaged can be removed, too.
        let manifest = listing.manifests.first { $0.id.text == name }
        guard let id = manifest?.id ?? (listing.unreadable.contains(name) ? SnapshotID(name) : nil) else {
            throw CommandFailure(
                .failure, "there is no snapshot '\(printable(name))' in '\(snapshots.path)'",
                next: "andon snapshot list --snapshot-dir \(snapshots.path)")
        }
        let what = manifest.map { " (partition \($0.partition.value), before offset \($0.nextOffset.value))" } ?? ""
        try Confirmation.require("delete snapshot \(id)\(what)", invocation)
        try explaining("snapshot \(id) was not deleted") { try snapshots.delete(id) }
        invocation.console.note("deleted \(id)")
        return .success
    }
}
