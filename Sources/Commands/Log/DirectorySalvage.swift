internal import Access
internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import Observability
internal import ProjectionStore
internal import SQLiteLog
internal import Sites

/// Makes a new data directory of all that is whole in a damaged one, which stays as it is.
struct DirectorySalvage {
    /// What was found, and what is missing.
    struct Outcome: Equatable {
        var log = LogSalvage.Outcome()
        /// Sites whose definitions came with their names.
        var definitions = 0
        var keys = 0
        /// What could not be read, in words.
        var damage: [String] = []
    }

    private static let declaredBy = "andon log salvage"

    let source: DataDirectory
    let target: DataDirectory
    let now: Timestamp

    /// - Parameter progress: gets pages read, all pages, and records found so far; returns false to stop.
    /// - Returns: nil when it was stopped; then nothing is left of the target.
    /// - Throws: ``CommandFailure``
    func run(progress: (Int, Int, Int64) -> Bool) throws -> Outcome? {
        try prepare()
        do {
            let outcome = try explaining("cannot salvage '\(source.path)'") { try salvage(progress) }
            if outcome == nil { try? FileManager.default.removeItem(atPath: target.path) }
            return outcome
        } catch {
            try? FileManager.default.removeItem(atPath: target.path)
            throw error
        }
    }

    private func prepare() throws(CommandFailure) {
        try source.requireExisting()
        guard !RunningMark.isTaken(source) else {
            throw CommandFailure(
                .failure, "a server runs on '\(source.path)'", why: "its log is being written",
                next: "stop it and run the same command again")
        }
        let there = (try? FileManager.default.contentsOfDirectory(atPath: target.path)) ?? []
        guard there.isEmpty else {
            throw CommandFailure(
                .failure, "'\(target.path)' is not empty", why: "what is salvaged becomes a data directory of its own",
                next: "name a folder that is not there yet with --to")
        }
        try target.create()
    }

    private func salvage(_ progress: (Int, Int, Int64) -> Bool) throws -> Outcome? {
        var outcome = Outcome()
        let store = StorePlace.read(path: source.projections, alone: true)
        var epochs: [LogEpoch] = store.map { [LogEpoch(bytes: $0.logEpoch)] } ?? []
        if case .identity(let identity) = DataDirectoryIdentity.read(source.identity), let log = identity.log {
            epochs.insert(log, at: 0)
        }
        let salvage = try LogSalvage(path: source.log, epochs: epochs)
        // Under another name, so that what is not complete is no log.
        let draft = target.path + "/salvage.part"
        let found = try salvage.run(
            into: draft, known: store?.nextOffset ?? .zero, by: Self.declaredBy, at: now, progress: progress)
        guard let found else { return nil }
        outcome.log = found
        try move(draft)
        let log = try SQLiteLog.openReader(path: target.log)
        defer { log.close() }
        try copyRegistry(log.epoch, salvage.epochs, &outcome)
        try copyKeys(&outcome)
        try target.noteIdentity(log.epoch, nil, at: now)
        return outcome
    }

    private func move(_ draft: String) throws {
        for part in ["", ".end"] {
            try FileManager.default.moveItem(atPath: draft + part, toPath: target.log + part)
        }
        for part in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: draft + part) }
    }

    /// Calls `body` with a copy of a file of the source and of what belongs to it: reading it in its place would leave
    /// traces there.
    private func withCopy(of name: String, _ body: (String) throws -> Void) throws {
        let folder = target.path + "/salvage.copy"
        let files = FileManager.default
        try files.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? files.removeItem(atPath: folder) }
        for part in ["", "-wal", "-journal"] where files.fileExists(atPath: "\(source.path)/\(name)\(part)") {
            try files.copyItem(atPath: "\(source.path)/\(name)\(part)", toPath: "\(folder)/\(name)\(part)")
        }
        guard files.fileExists(atPath: "\(folder)/\(name)") else { return }
        try body("\(folder)/\(name)")
    }

    /// Records have the offsets that they had, so a definition has the same place in the new log.
    private func copyRegistry(_ epoch: LogEpoch, _ former: [LogEpoch], _ outcome: inout Outcome) throws {
        let registry = try RegistryStore(path: target.registry, epoch: epoch)
        try withCopy(of: DataDirectory.registryName) { path in
            let found = RegistryStore.salvage(path: path)
            outcome.damage += found.damage
            for row in found.sound where former.contains(row.epoch) {
                try registry.storeNow(row.placed)
                outcome.definitions += 1
            }
        }
    }

    private func copyKeys(_ outcome: inout Outcome) throws {
        let keys = try KeyStore(path: target.keys)
        try withCopy(of: DataDirectory.keysName) { path in
            let found = KeyStore.salvage(path: path)
            outcome.damage += found.damage
            try keys.adopt(found.sound)
            outcome.keys = found.sound.count
        }
    }
}
