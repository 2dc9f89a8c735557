internal import Access
internal import Clocks
internal import EventLog
internal import EventModel
internal import Files
internal import Foundation
internal import Observability
internal import Sites

/// `andon renew`
enum RenewCommand {
    /// What can be renewed.
    private enum Part: String, CaseIterable { case log, registry, keys }

    static let command = Command(
        path: ["renew"],
        summary: "puts a damaged or missing part of a data directory aside, so that the next start goes on without it",
        discussion: """
            A start never begins anew by itself where something was before; this says that it shall. Nothing is deleted: what
            was there goes into a folder aside-… in the data directory. `log` begins an empty log, and puts definitions and
            projections aside too; what is whole in a damaged log is better rescued by andon log salvage. `registry` and
            `keys` keep what can be read. Asks first; off a terminal it needs --yes. No server may run on the directory.
            """,
        examples: [
            .init("andon renew keys", "drop the API keys whose rows are damaged"),
            .init("andon renew registry", "go on without the names that cannot be read"),
            .init("andon renew log --yes", "begin an empty log, without being asked"),
        ],
        positionals: [.init(name: "PART", help: "what is renewed", choices: Part.allCases.map(\.rawValue))],
        options: [DataDirectory.option.spec, Confirmation.yes.spec],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.requireExisting()
        guard let part = Part(rawValue: invocation.positionals[0]) else { return .usage }
        // Held until the end, so that no server starts meanwhile.
        guard let mark = RunningMark(directory) else {
            throw CommandFailure(
                .failure, "cannot renew anything in '\(directory.path)'",
                why: "a server runs on it, or this user may not write there",
                next: "stop the server, and run this as its user")
        }
        defer { withExtendedLifetime(mark) {} }
        try Confirmation.require(question(part, directory), invocation)
        let now = SystemClock().now
        switch part {
        case .log: try renewLog(directory, now, invocation.console)
        case .registry: try renewRegistry(directory, now, invocation.console)
        case .keys: try renewKeys(directory, now, invocation.console)
        }
        invocation.console.note("next: andon up --data-dir \(directory.path)")
        return .success
    }

    private static func question(_ part: Part, _ directory: DataDirectory) -> String {
        switch part {
        case .log: "put the log and all figures in '\(directory.path)' aside and begin an empty one"
        case .registry: "put the definitions in '\(directory.path)' aside and keep what can be read"
        case .keys: "put the API keys in '\(directory.path)' aside and keep those that can be read"
        }
    }

    // MARK: The parts

    private static func renewLog(_ directory: DataDirectory, _ now: Timestamp, _ console: Console) throws {
        let identity = try identity(directory)
        let names = [DataDirectory.logName, DataDirectory.registryName, "projections.sqlite", "answers.sqlite"]
        let moved = try putAside(names, directory, now)
        // Keys stay; the next start makes a log.
        let files = (identity?.files ?? []).subtracting(names)
        try write(DataDirectoryIdentity(log: nil, since: identity?.since ?? now, files: files), directory)
        console.note("put aside: \(moved.isEmpty ? "nothing was there" : moved.joined(separator: ", "))")
    }

    private static func renewRegistry(_ directory: DataDirectory, _ now: Timestamp, _ console: Console) throws {
        var identity = try identity(directory)
        let moved = try putAside([DataDirectory.registryName], directory, now)
        let found = moved.first.map { RegistryStore.salvage(path: $0) } ?? (sound: [], damage: [])
        // Those of another log are not this directory's.
        let log = identity?.log
        let kept = found.sound.filter { log == nil || $0.epoch == log }
        for (epoch, rows) in Dictionary(grouping: kept, by: \.epoch) {
            let store = try RegistryStore(path: directory.registry, epoch: epoch)
            for row in rows { try store.storeNow(row.placed) }
        }
        if identity?.files.remove(DataDirectory.registryName) != nil, let identity { try write(identity, directory) }
        report(kept.count, "definitions", found.damage, moved, console)
    }

    private static func renewKeys(_ directory: DataDirectory, _ now: Timestamp, _ console: Console) throws {
        var identity = try identity(directory)
        let moved = try putAside([DataDirectory.keysName], directory, now)
        let found = moved.first.map { KeyStore.salvage(path: $0) } ?? (sound: [], damage: [])
        try KeyStore(path: directory.keys).adopt(found.sound)
        if identity?.files.remove(DataDirectory.keysName) != nil, let identity { try write(identity, directory) }
        report(found.sound.count, "API keys", found.damage, moved, console)
    }

    private static func report(
        _ kept: Int, _ what: String, _ damage: [String], _ moved: [String], _ console: Console
    ) {
        for damage in damage { console.note("left out: \(damage)") }
        console.note("kept \(grouped(kept)) \(what); the former file is \(moved.first ?? "not there")")
    }

    // MARK: Files

    /// - Returns: nil in a directory without identity, and where it is damaged: then the next start writes it.
    private static func identity(_ directory: DataDirectory) throws(CommandFailure) -> DataDirectoryIdentity? {
        switch DataDirectoryIdentity.read(directory.identity) {
        case .none: return nil
        case .identity(let identity): return identity
        case .damaged(let reason):
            let trouble = DirectoryTrouble.damagedIdentity(directory, reason)
            throw CommandFailure(.failure, trouble.what, why: reason, next: trouble.next)
        }
    }

    private static func write(_ identity: DataDirectoryIdentity, _ directory: DataDirectory) throws(CommandFailure) {
        do throws(FileFailure) { try identity.write(directory.identity) } catch {
            throw CommandFailure(.failure, "cannot write \(directory.identity)", why: error.reason)
        }
    }

    /// Moves files, and what SQLite keeps beside them, into a new folder.
    /// - Returns: where the named files are now.
    private static func putAside(
        _ names: [String], _ directory: DataDirectory, _ now: Timestamp
    ) throws(CommandFailure) -> [String] {
        let files = FileManager.default
        let stamp = now.formatted.filter { $0.isNumber || $0 == "T" }
        let folder = "\(directory.path)/aside-\(stamp)"
        var moved: [String] = []
        do {
            for name in names {
                for part in ["", "-wal", "-shm", "-journal", ".end"] {
                    let path = "\(directory.path)/\(name)\(part)"
                    guard files.fileExists(atPath: path) else { continue }
                    try files.createDirectory(
                        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                    try files.moveItem(atPath: path, toPath: "\(folder)/\(name)\(part)")
                    if part.isEmpty { moved.append("\(folder)/\(name)") }
                }
            }
        } catch {
            throw CommandFailure(
                .failure, "cannot put files of '\(directory.path)' aside", why: reason(of: error),
                next: "check the owner and mode of the folder, and run the same command again")
        }
        return moved
    }
}
