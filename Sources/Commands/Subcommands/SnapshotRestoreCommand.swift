internal import EventModel
internal import Foundation
internal import ProjectionStore
internal import Replay

/// `andon snapshot restore`
enum SnapshotRestoreCommand {
    private static let target = Option.text(
        "to", "DIR", "the data directory, or a file that ends in .sqlite; no projections may be there")

    static let command = Command(
        path: ["snapshot", "restore"],
        summary: "makes projections of a snapshot, where there are none",
        discussion: """
            Without ID it takes the newest of each partition that this program can read and that is of the log in DIR, if
            there is one. A server that starts with --snapshot-dir and without projections does the same by itself. It
            folds what came after the snapshot.
            """,
        examples: [
            .init(
                "andon snapshot restore --snapshot-dir /mnt/snapshots --partition 3 --to /var/lib/andon",
                "before a worker starts on a new disk"),
            .init(
                "andon snapshot restore p0-1200-1f2e3d4c5b6a --data-dir ./andon-data --to ./look", "one of them"),
        ],
        positionals: [.init(name: "ID", help: "a snapshot, as andon snapshot list shows it", isOptional: true)],
        options: [
            DataDirectory.option.spec, SnapshotOptions.directory.spec, SnapshotOptions.partitions.spec, target.spec,
            OutputFormat.option.spec,
        ],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation, isStopping: { signals.isStopping })
        })

    static func run(_ invocation: Invocation, isStopping: @escaping () -> Bool) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let snapshots = try SnapshotOptions.snapshots(invocation, of: directory)
        guard let path = try invocation.optional(target) else {
            throw CommandFailure(
                .usage, "say where the projections go: --to DIR", next: "andon snapshot restore --help")
        }
        let isFile = path.hasSuffix(".sqlite")
        let folder = DataDirectory(path: isFile ? (path as NSString).deletingLastPathComponent : path)
        let chosen = try choose(try SnapshotOptions.selected(invocation, in: snapshots), folder, invocation)
        guard !isFile || chosen.count == 1 else {
            throw CommandFailure(
                .usage, "\(chosen.count) snapshots do not go into one file",
                next: "name one of them, or a folder with --to")
        }
        try folder.create()
        guard let mark = RunningMark(folder) else {
            throw CommandFailure(
                .failure, "a server runs on '\(folder.path)'", why: "it has projections of its own",
                next: "stop it, move them away, and run the same command again")
        }
        defer { withExtendedLifetime(mark) {} }
        let progress = WorkProgress("restore", invocation.console, isStopping: isStopping)
        defer { progress.end() }
        var restored: [SnapshotManifest] = []
        for manifest in chosen {
            let file = isFile ? path : GenerationDirectory(path: "\(path)/\(manifest.storeName)").livePath
            guard try restore(manifest, snapshots, to: file, progress) else { break }
            invocation.console.note("\(file): everything before offset \(grouped(manifest.nextOffset.value))")
            restored.append(manifest)
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { SnapshotOptions.json(restored) },
            tables: { [SnapshotOptions.table(restored)] })
        return progress.isStopped ? .interrupted : .success
    }

    /// The one that was named, or the newest of each partition.
    private static func choose(
        _ selected: [SnapshotManifest], _ folder: DataDirectory, _ invocation: Invocation
    ) throws -> [SnapshotManifest] {
        guard invocation.positionals.isEmpty else { return selected }
        let log = folder.logIdentity
        let fitting = selected.filter {
            $0.versions == .current && (log == nil || $0.log.description == log)
        }
        guard !fitting.isEmpty else {
            throw CommandFailure(
                .failure, "no snapshot can be restored",
                why: log.map { "none is of log \($0) and of this program's versions" }
                    ?? "none is of this program's versions",
                next: "andon snapshot list shows those that are there")
        }
        guard Set(fitting.map(\.log)).count == 1 else {
            throw CommandFailure(
                .usage, "the snapshots are of several logs", next: "name one of them: andon snapshot list")
        }
        return Dictionary(grouping: fitting, by: \.partition).values.compactMap(\.first)
            .sorted { $0.partition < $1.partition }
    }

    private static func restore(
        _ manifest: SnapshotManifest, _ snapshots: SnapshotDirectory, to file: String, _ progress: WorkProgress
    ) throws -> Bool {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw CommandFailure(
                .failure, "there is something at '\(file)'", why: "a snapshot replaces nothing",
                next: "move it away, or name another place with --to")
        }
        defer { progress.end() }
        return try explaining("snapshot \(manifest.id) was not restored") {
            try SnapshotRestore(snapshots).restore(manifest, to: file) { progress.note(done: $0, total: $1) }
        }
    }
}
