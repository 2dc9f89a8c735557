internal import EventModel
internal import Foundation
internal import ProjectionStore

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
    /// What can be rebuilt from the log, in one or several generations.
    var generations: GenerationDirectory { GenerationDirectory(path: path + "/projections.sqlite") }
    /// The generation that is live.
    var projections: String { generations.livePath }
    /// Answers to Idempotency-Keys, which for the most part the log has too.
    var answers: String { path + "/answers.sqlite" }
    /// What the directory is (``DataDirectoryIdentity``).
    var identity: String { path + "/identity.json" }
    /// The generations of a partition of a worker.
    func generations(of partition: PartitionIndex) -> GenerationDirectory {
        GenerationDirectory(path: "\(path)/partition-\(partition.value).sqlite")
    }
    /// A worker's partitions that are there.
    var partitions: [PartitionIndex] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let numbers = names.compactMap { name -> Int32? in
            guard name.hasPrefix("partition-"), name.hasSuffix(".sqlite") else { return nil }
            // Every generation of a partition names it.
            return name.dropFirst(10).split(separator: ".").first.flatMap { Int32($0) }
        }
        return Set(numbers).sorted().map { PartitionIndex($0) }
    }
    /// The generations of everything that is folded here: of a server's one partition, or of a worker's several.
    var allGenerations: [(PartitionIndex, GenerationDirectory)] {
        let server = generations
        let isServers = server.hasList || FileManager.default.fileExists(atPath: server.path)
        return (isServers ? [(PartitionIndex(0), server)] : []) + partitions.map { ($0, generations(of: $0)) }
    }
    /// The live stores that are there: that of `andon up`, or those of a worker's partitions.
    var stores: [(partition: PartitionIndex, path: String)] {
        allGenerations.map { ($0, $1.livePath) }.filter { FileManager.default.fileExists(atPath: $0.1) }
    }
    /// What `andon up` publishes for other systems.
    var records: String { path + "/records.sqlite" }
    /// What is known of the records published about a partition.
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
