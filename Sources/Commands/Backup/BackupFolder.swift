internal import EventLog
internal import Files
internal import Foundation

/// The folder that a backup goes into: a data directory, with a mark in it as long as it is not whole.
struct BackupFolder {
    let directory: DataDirectory

    /// Files that a backup writes, with what SQLite puts beside them.
    private static let names = ["log.sqlite", "projections.sqlite", "registry.sqlite", "keys.sqlite"]
    private static let parts = ["", "-wal", "-shm", "-journal", ".end"]

    private var mark: String { "\(directory.path)/\(BackupManifest.incompleteName)" }
    var manifest: String { "\(directory.path)/\(BackupManifest.name)" }

    /// Takes the folder for a backup of a log: a new one, or one in which a backup of that log was broken off.
    ///
    /// - Returns: whether there is a part of the log to go on with.
    /// - Throws: ``CommandFailure`` where something else is in it.
    func take(for log: LogEpoch) throws(CommandFailure) -> Bool {
        let there = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        let isIncomplete = there.contains(BackupManifest.incompleteName)
        guard isIncomplete || there.allSatisfy({ $0 == "running.lock" }) else {
            let isWhole = there.contains(BackupManifest.name)
            throw CommandFailure(
                .failure, isWhole ? "'\(directory.path)' has a backup" : "'\(directory.path)' is not empty",
                why: "a backup replaces nothing", next: "name a folder that is not there yet")
        }
        let isSameLog = isIncomplete && marked == log.description
        try remove(keepingLog: isSameLog)
        do throws(FileFailure) {
            try WholeFile.replace(mark, with: Array((log.description + "\n").utf8), mode: 0o600, isDurable: true)
        } catch { throw Self.failure("cannot write \(mark)", error) }
        return isSameLog
    }

    private var marked: String? {
        (try? WholeFile.read(mark)).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    private func remove(keepingLog: Bool) throws(CommandFailure) {
        let logNames = Set(Self.parts.map { "log.sqlite" + $0 })
        let names =
            Self.names.flatMap { name in Self.parts.map { name + $0 } } + ["identity.json", BackupManifest.name]
        for name in names where !(keepingLog && logNames.contains(name)) {
            guard unlink("\(directory.path)/\(name)") == 0 || errno == ENOENT else {
                throw Self.failure("cannot remove \(directory.path)/\(name)", .last)
            }
        }
    }

    /// Writes the description and takes the mark away: from then on it is a backup.
    func complete(_ manifest: BackupManifest) throws(CommandFailure) {
        do throws(FileFailure) {
            try WholeFile.replace(self.manifest, with: manifest.json, mode: 0o600, isDurable: true)
            guard unlink(mark) == 0 else { throw .last }
            try WholeFile.sync(directory.path)
        } catch { throw Self.failure("cannot complete the backup in '\(directory.path)'", error) }
    }

    /// The description of a whole backup.
    /// - Throws: ``CommandFailure`` for a folder that has none.
    func read() throws(CommandFailure) -> BackupManifest {
        guard access(mark, F_OK) != 0 else {
            throw CommandFailure(
                .badData, "the backup in '\(directory.path)' is not whole", why: "it was broken off",
                next: "run the same andon backup again: it goes on")
        }
        let bytes: [UInt8]
        do throws(FileFailure) { bytes = try WholeFile.read(manifest) } catch {
            throw CommandFailure(
                .failure, "there is no backup in '\(directory.path)'", why: error.reason,
                next: "andon backup DIR makes one")
        }
        guard let manifest = BackupManifest(bytes) else {
            throw CommandFailure(
                .badData, "the description of the backup in '\(directory.path)' is not what was written",
                next: "use another backup")
        }
        return manifest
    }

    private static func failure(_ what: String, _ error: FileFailure) -> CommandFailure {
        CommandFailure(.failure, what, why: error.reason, next: "make room on the disk, and check who may write there")
    }
}
