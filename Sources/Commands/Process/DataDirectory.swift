internal import EventModel
internal import Foundation

/// The folder in which one Andon stores everything, and the names of its contents.
struct DataDirectory: Sendable, Equatable {
    let path: String

    static let option = Option.text("data-dir", "DIR", "where everything is stored", default: "./andon-data")

    /// The log: the source of truth.
    var log: String { path + "/log.sqlite" }
    /// Hashes of the API keys.
    var keys: String { path + "/keys.sqlite" }
    /// Definitions with names.
    var registry: String { path + "/registry.sqlite" }
    /// What can be rebuilt from the log.
    var projections: String { path + "/projections.sqlite" }
    /// What a worker has published about a partition.
    func published(_ partition: PartitionIndex) -> String { path + "/published-\(partition.value).sqlite" }
    /// URL of the server that uses this directory.
    private var urlFile: String { path + "/andon.url" }

    /// Creates the folder if it is missing; only its owner has access.
    func create() throws(CommandFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                .failure, "cannot make the data directory '\(path)'", why: error.localizedDescription,
                next: "name a folder that can be written with --data-dir")
        }
    }

    /// Fails if the folder does not exist.
    func requireExisting() throws(CommandFailure) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure(
                .failure, "there is no data directory '\(path)'",
                next: "andon up --data-dir \(path), or name another one")
        }
    }

    /// URL of the server that uses this directory; nil if none has stored it.
    var runningURL: String? {
        FileManager.default.contents(atPath: urlFile)
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
            .flatMap { $0.hasPrefix("http") ? $0 : nil }
    }

    /// Stores the server's URL for commands on the same machine; nil removes it.
    func noteRunning(at url: String?) {
        guard let url else {
            try? FileManager.default.removeItem(atPath: urlFile)
            return
        }
        try? Data((url + "\n").utf8).write(to: URL(fileURLWithPath: urlFile), options: .atomic)
    }
}
