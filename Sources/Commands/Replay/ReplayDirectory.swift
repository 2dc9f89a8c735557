internal import EventModel
internal import Files
internal import Foundation
internal import Locks
internal import Replay

/// The folder into which a replay folds: one store for each partition, and the plan of the replay.
struct ReplayDirectory: Sendable {
    static let option = Option.text("into", "DIR", "the folder for the result: a new one, or one of the same replay")

    static let planName = "replay.json"
    private static let lockName = "replay.lock"

    let path: String

    init(path: String) { self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }

    private var planPath: String { "\(path)/\(Self.planName)" }

    /// The plan of the replay that this folder is of; nil if it is of none.
    /// - Throws: ``CommandFailure`` if it is no plan.
    func plan() throws(CommandFailure) -> ReplayPlan? {
        let bytes: [UInt8]
        do throws(FileFailure) { bytes = try WholeFile.read(planPath) } catch {
            if error.isMissing { return nil }
            throw CommandFailure(.failure, "cannot read '\(planPath)'", why: error.reason)
        }
        do throws(ReplayError) { return try ReplayPlan(json: bytes) } catch {
            throw CommandFailure(
                .badData, "'\(planPath)' is not what was written", why: error.message,
                next: "name another --into, or remove '\(path)': everything in it is in the log")
        }
    }

    /// Makes the folder if it is missing, and keeps other replays out of it.
    ///
    /// - Returns: the right to write it, for as long as it is kept.
    /// - Throws: ``CommandFailure`` if it holds anything else, or if another replay writes it.
    func claim() throws(CommandFailure) -> ReplayClaim {
        let files = FileManager.default
        if !files.fileExists(atPath: planPath), let names = try? files.contentsOfDirectory(atPath: path) {
            // What a kill before the plan was there may leave.
            let strangers = names.filter { $0 != Self.lockName && !$0.hasPrefix(Self.planName) }.sorted()
            guard strangers.isEmpty else {
                let shown = strangers.prefix(3).map(printable).joined(separator: ", ")
                throw CommandFailure(
                    .failure, "'\(path)' holds something else: \(shown)\(strangers.count > 3 ? ", …" : "")",
                    why: "a replay folds into a folder of its own", next: "name a new folder with --into")
            }
        }
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                .failure, "cannot create '\(path)'", why: reason(of: error),
                next: "name a folder that this user can write with --into")
        }
        do throws(FileLockFailure) { return ReplayClaim(try FileLock(path: "\(path)/\(Self.lockName)")) } catch {
            switch error {
            case .unusable(let reason):
                throw CommandFailure(.failure, "cannot write to '\(path)'", why: reason)
            case .inUse(let holder):
                throw CommandFailure(
                    .tryAgain, "another replay folds into '\(path)'",
                    why: holder.map { "process \($0) does" }, next: "wait for it, or stop it with Ctrl-C")
            }
        }
    }

    /// Stores the plan; when it returns, it is on the device.
    func write(_ plan: ReplayPlan) throws(CommandFailure) {
        do throws(FileFailure) {
            try WholeFile.replace(planPath, with: plan.json, mode: 0o600, isDurable: true)
        } catch {
            throw CommandFailure(
                .failure, "cannot write '\(planPath)'", why: error.reason, next: "make room, or name another --into")
        }
    }
}

/// The right to write the folder of a replay; it ends with this value.
final class ReplayClaim: Sendable {
    private let lock: FileLock
    init(_ lock: consuming FileLock) { self.lock = lock }
}

extension ReplayPlan {
    /// The command that goes on with it.
    func command(into directory: ReplayDirectory) -> String {
        var words = ["andon", "replay"]
        if request.start != .earliest { words += ["--from", request.start.text] }
        if request.end != .end { words += ["--until", request.end.text] }
        for site in request.sites.map(\.text).sorted() { words += ["--site", site] }
        for partition in request.partitions.sorted() { words += ["--partition", "\(partition.value)"] }
        if request.follows { words.append("--follow") }
        return (words + source + ["--into", directory.path]).map(shellWord).joined(separator: " ")
    }
}

extension ReplayPlan {
    /// Makes the store of a partition that begins with a snapshot.
    /// - Parameter checked: snapshots that were just found to be sound.
    /// - Returns: false when it was told to stop.
    static func restore(
        _ part: Part, _ snapshots: SnapshotDirectory, checked: Set<SnapshotID> = [], to path: String,
        isStopping: @escaping @Sendable () -> Bool
    ) throws -> Bool {
        guard let id = part.snapshot else { return true }
        guard let manifest = try snapshots.manifest(id) else {
            throw ReplayError(.request, "there is no snapshot \(id) in \(snapshots.place) any more")
        }
        return try SnapshotRestore(snapshots).layOver(
            manifest, at: path, isChecked: checked.contains(manifest.id)
        ) { _, _ in !isStopping() }
    }
}

extension SnapshotDirectory {
    /// The description of a snapshot; nil if there is none of that name.
    func manifest(_ id: String) throws -> SnapshotManifest? { try list().manifests.first { $0.id.text == id } }
}

/// A word as a shell takes it.
func shellWord(_ word: String) -> String {
    let isPlain =
        !word.isEmpty
        && word.utf8.allSatisfy { byte in
            0x30...0x39 ~= byte || 0x41...0x5a ~= byte || 0x61...0x7a ~= byte || "-_./:,=@+%".utf8.contains(byte)
        }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
