internal import EventModel
internal import Foundation

/// The folder in which one Andon stores everything, and the names of its contents.
struct DataDirectory: Sendable, Equatable {
    let path: String

    static let option = Option.text("data-dir", "DIR", "where everything is stored", default: "./andon-data")

    static let (logName, keysName, registryName) = ("log.sqlite", "keys.sqlite", "registry.sqlite")

    /// The log: the source of truth.
    var log: String { path + "/" + Self.logName }
    /// Hashes of the API keys.
    var keys: String { path + "/" + Self.keysName }
    /// Definitions with names.
    var registry: String { path + "/" + Self.registryName }
    /// What can be rebuilt from the log.
    var projections: String { path + "/projections.sqlite" }
    /// Answers to Idempotency-Keys, which for the most part the log has too.
    var answers: String { path + "/answers.sqlite" }
    /// What the directory is (``DataDirectoryIdentity``).
    var identity: String { path + "/identity.json" }
    /// The projections of a worker's partitions that are there.
    var partitionStores: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("partition-") && $0.hasSuffix(".sqlite") }.sorted()
    }
    /// What a worker has published about a partition.
    func published(_ partition: PartitionIndex) -> String { path + "/published-\(partition.value).sqlite" }

    /// Creates the folder if it is missing; only its owner has access.
    func create() throws(CommandFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                .failure, "cannot create the data directory '\(path)'", why: reason(of: error),
                next: "name a folder that this user can write with --data-dir")
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
}
