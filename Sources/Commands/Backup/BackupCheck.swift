internal import Access
internal import EventLog
internal import EventModel
internal import Foundation
internal import ProjectionStore
internal import Replay
internal import SQLiteLog
internal import Sites

/// Reads everything in a backup and compares it with its description.
struct BackupCheck {
    /// What was found.
    struct Outcome: Equatable {
        var manifest: BackupManifest
        var events: Int64
        var keys: Int
    }

    let directory: DataDirectory
    let files: WorkProgress
    let log: WorkProgress

    /// - Returns: nil when it was stopped.
    /// - Throws: ``CommandFailure`` for the first thing that is not what was written.
    func run() throws -> Outcome? {
        try directory.requireExisting()
        let manifest = try BackupFolder(directory: directory).read()
        try checkIsUnused()
        for file in manifest.files {
            guard try check(file) else { return nil }
        }
        files.end()
        guard let content = try explainingDamage(of: DataDirectory.logName, { try checkLog(manifest) }) else {
            return nil
        }
        log.end()
        try explainingDamage(of: DataDirectory.registryName) {
            _ = try RegistryStore.read(path: directory.registry, epoch: manifest.log)
        }
        let hasKeys = FileManager.default.fileExists(atPath: directory.keys)
        let keys = try explainingDamage(of: DataDirectory.keysName) {
            hasKeys ? KeyStore.salvage(path: directory.keys).sound.count : 0
        }
        return Outcome(manifest: manifest, events: content.events, keys: keys)
    }

    /// What a server has written stands in write-ahead logs first.
    private func checkIsUnused() throws {
        for name in [directory.log, directory.projections] {
            let attributes = try? FileManager.default.attributesOfItem(atPath: name + "-wal")
            guard attributes?[.size] as? Int ?? 0 > 0 else { continue }
            throw CommandFailure(
                .badData, "a server has started on '\(directory.path)' since the backup was made",
                why: "it is a data directory of its own now", next: "andon doctor --data-dir \(directory.path)")
        }
    }

    private func check(_ file: BackupManifest.File) throws -> Bool {
        let path = "\(directory.path)/\(file.name)"
        guard FileManager.default.fileExists(atPath: path) else { throw Self.damaged(file.name, "it is not there") }
        let found = try DirectoryBackup.describe(path, file.name) { files.note(done: $0, total: $1) }
        guard let found else { return false }
        guard found == file else {
            throw Self.damaged(
                file.name,
                "its content is another one than when the backup was made; a server that starts on a backup "
                    + "changes it")
        }
        return true
    }

    /// - Returns: nil when it was stopped.
    private func checkLog(_ manifest: BackupManifest) throws -> LogBackup.Content? {
        let content = try LogBackup.check(directory.log) { log.note(done: $0, total: $1) }
        guard content.isWhole else { return nil }
        guard content.epoch == manifest.log, content.end == manifest.end else {
            throw Self.damaged(DataDirectory.logName, "it is not the log of the description")
        }
        guard let snapshot = manifest.snapshot else { return content }
        guard snapshot.log == manifest.log, snapshot.nextOffset <= manifest.end else {
            throw Self.damaged("projections.sqlite", "they know more than the log")
        }
        let isWhole = try SnapshotCheck.run(snapshot, directory.projections) { files.note(done: $0, total: $1) }
        files.end()
        return isWhole ? content : nil
    }

    private func explainingDamage<Result>(of name: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let failure as CommandFailure { throw failure } catch {
            throw Self.damaged(name, reason(of: error))
        }
    }

    private static func damaged(_ name: String, _ why: String) -> CommandFailure {
        CommandFailure(
            .badData, "\(name) in the backup is not what was written", why: why,
            next: "use another backup, or andon log salvage for what is whole of this one")
    }
}
