internal import Clocks
internal import EventLog
internal import EventModel
internal import Files
internal import Foundation
internal import ProjectionStore
internal import Replay
internal import SQLite
internal import SQLiteLog
internal import Sites

/// Copies a data directory beside its server: log, projections, definitions and keys that belong together.
///
/// Nothing in the copy is newer than its log: the log is copied last, up to where it ended after everything else had
/// been copied. So a server starts on the copy as on the original after a kill.
struct DirectoryBackup {
    /// What the copying needs from its environment.
    struct Environment {
        var log: WorkProgress
        var projections: WorkProgress
        var note: (String) -> Void
        var clock: any ProcessClock = .system
    }

    let source: DataDirectory
    let target: DataDirectory
    let environment: Environment

    /// How often definitions are copied again because one came in meanwhile, and what is waited for its names.
    private static let registryAttemptsMaximum = 20
    private static let registryWaitSeconds = 0.05
    /// A registry can be some definitions behind its log for a moment.
    private static let definitionsLookedBack: Int64 = 10_000

    /// - Returns: nil when it was stopped; the same command goes on then.
    /// - Throws: ``CommandFailure``
    func run() throws -> BackupManifest? {
        try source.requireExisting()
        guard source.logIdentity != nil else {
            throw CommandFailure(
                .failure, "there is no log in '\(source.path)'", next: "andon doctor --data-dir \(source.path)")
        }
        try target.create()
        guard let mark = RunningMark(target) else {
            throw CommandFailure(
                .failure, "another process uses '\(target.path)'", next: "wait for it, or name another folder")
        }
        defer { withExtendedLifetime(mark) {} }
        return try explaining("the backup is not whole; the same command goes on with it") { try copyAll() }
    }

    private func copyAll() throws -> BackupManifest? {
        let original = try SQLiteLog.openReader(path: source.log)
        defer { original.close() }
        let folder = BackupFolder(directory: target)
        if try folder.take(for: original.epoch) { environment.note("going on with the copy of the log") }
        let snapshot: SnapshotManifest?
        let skipped: Int64
        let end: LogOffset
        do {
            let log = try LogBackup(of: source.log, to: target.log)
            // Most of it, so that what is copied later is little behind.
            guard try copy(log, to: log.originalEnd()) else { return nil }
            guard let projections = try copyProjections(log.epoch) else { return nil }
            snapshot = projections.snapshot
            guard try copyDefinitionsAndKeys(log, original) else { return nil }
            skipped = try log.finish().reduce(0) { $0 + $1.next.value - $1.first.value }
            end = log.end
        }
        environment.log.end()
        let now = environment.clock.now
        try target.noteIdentity(original.epoch, nil, at: knownSince ?? now)
        target.closeToOthers()
        let manifest = BackupManifest(
            log: original.epoch, end: end, skipped: skipped,
            sites: try RegistryStore.read(path: target.registry, epoch: original.epoch).count, createdAt: now,
            program: CommandLineTool.version, snapshot: snapshot, files: try files())
        try folder.complete(manifest)
        return manifest
    }

    /// Since when the source has its log.
    private var knownSince: Timestamp? {
        if case .identity(let identity) = DataDirectoryIdentity.read(source.identity) { identity.since } else { nil }
    }

    private func copy(_ log: LogBackup, to end: LogOffset) throws -> Bool {
        try log.run(before: end) { environment.log.note(done: $0.value, total: end.value) }
    }

    // MARK: Projections

    /// - Returns: nil when it was stopped; a snapshot of nil where there are none to copy.
    private func copyProjections(_ log: LogEpoch) throws -> (snapshot: SnapshotManifest?, isStopped: Void)? {
        let path = source.projections
        guard ProjectionStore.isCurrent(path: path, logEpoch: log.bytes) else {
            environment.note(
                "the projections are not copied, because this program cannot read them: a start on the "
                    + "backup computes them from the log")
            return (nil, ())
        }
        let progress = environment.projections
        defer { progress.end() }
        let snapshot = try SnapshotMaker.copy(
            SnapshotMaker.Source(path: path, PartitionIndex(0)), to: target.projections,
            program: CommandLineTool.version
        ) { progress.note(done: $0, total: $1) }
        return snapshot.map { ($0, ()) }
    }

    // MARK: Definitions and keys

    /// Copies definitions and keys, and then the rest of the log; again, until the log has no definition that the copied
    /// ones lack.
    private func copyDefinitionsAndKeys(_ log: LogBackup, _ original: SQLiteLog) throws -> Bool {
        for attempt in 1...Self.registryAttemptsMaximum {
            try copyFile(source.registry, to: target.registry)
            try copyFile(source.keys, to: target.keys)
            guard try copy(log, to: log.originalEnd()) else { return false }
            if try hasNewestDefinitions(log, original) { return true }
            if attempt < Self.registryAttemptsMaximum { Thread.sleep(forTimeInterval: Self.registryWaitSeconds) }
        }
        environment.note("the log has definitions whose names are not in the registry; andon up says which")
        return true
    }

    private func hasNewestDefinitions(_ log: LogBackup, _ original: SQLiteLog) throws -> Bool {
        let registered = try RegistryStore.read(path: target.registry, epoch: log.epoch)
        let known = Dictionary(
            registered.map { ($0.definition.siteID, $0.position.offset) }, uniquingKeysWith: { max($0, $1) })
        var newest = NewestDefinitions()
        let partition = PartitionIndex(0)
        let start = LogOffset(max(0, log.end.value - Self.definitionsLookedBack))
        try RecordWalk(log: original, isStopping: { false }).walk(partition, from: start, to: log.end) {
            newest.note($1, RecordPosition(partition: partition, offset: $0))
            return true
        }
        return newest.places.allSatisfy { site, place in known[site].map { $0 >= place.position.offset } ?? false }
    }

    /// Copies a small database as of one moment.
    private func copyFile(_ path: String, to destination: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        unlink(destination)
        try Connection(path: path, .reader).backup(to: destination)
    }

    // MARK: Description

    private func files() throws -> [BackupManifest.File] {
        let names =
            ["log.sqlite", "log.sqlite.end", "registry.sqlite", "keys.sqlite", "identity.json"]
            + ["projections.sqlite"]
        return try names.compactMap { name in
            let path = "\(target.path)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            do throws(FileFailure) { try WholeFile.sync(path) } catch {
                throw CommandFailure(.failure, "cannot write \(path)", why: error.reason, next: "make room on the disk")
            }
            return try Self.describe(path, name) { _, _ in true }
        }
    }

    /// - Returns: nil when `progress` ended it.
    static func describe(
        _ path: String, _ name: String, _ progress: StoreCopy.Progress
    ) throws -> BackupManifest.File? {
        try FileHash.of(path, progress).map { .init(name: name, bytes: $0.bytes, hash: $0.hash.hex) }
    }
}
