import EventLog
import EventModel
import Foundation
import HTTPClient
import JSON
import ProcessHarness
import SQLite
import SQLiteLog
import SimulationKit
import TestKit

@testable import Commands

/// A data directory with a site, its names, events and keys, as a stop or a kill of the server left it.
struct StoredPlant {
    static let site = "plant"
    static let names = ["Ada", "Bo"]
    /// Records: one definition, and one batch each.
    static let records = 9

    let folder: TemporaryFolder
    var directory: DataDirectory { DataDirectory(path: folder.file("data")) }
    /// Somewhere else, for what is rescued or moved away.
    var elsewhere: DataDirectory { DataDirectory(path: folder.file("elsewhere")) }

    /// Made once; every test works on a copy.
    private static let stopped: Result<TemporaryFolder, any Error> = Result { try make(killed: false) }
    private static let killed: Result<TemporaryFolder, any Error> = Result { try make(killed: true) }
    private static let other: Result<TemporaryFolder, any Error> = Result { try make(killed: false) }

    init(killed: Bool = false) throws {
        folder = try TemporaryFolder()
        try Self.copy(killed ? Self.killed.get() : Self.stopped.get(), to: directory)
    }

    /// The files of another plant.
    static func another() throws -> DataDirectory { DataDirectory(path: try other.get().file("data")) }

    private static func copy(_ folder: TemporaryFolder, to target: DataDirectory) throws {
        try FileManager.default.copyItem(atPath: folder.file("data"), toPath: target.path)
    }

    /// By the real program, so that a kill is one.
    private static func make(killed: Bool) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let data = folder.file("data")
        let server = try AndonServer(data, ["--open", "--rate-limit", "0"])
        let definition = """
            {"site":{"name":"Plant","time_zone":"UTC"},"workers":[{"worker_id":"w1","name":"Ada"},\
            {"worker_id":"w2","name":"Bo"}],"workstations":[{"workstation_id":"s1"}]}
            """
        try send("PUT", server.url + "/api/sites/\(site)", definition)
        for hour in 0..<records - 1 {
            let time = "2026-01-12T0\(hour):00:00Z"
            let events = ["w1", "w2"].map { worker in
                #"{"timestamp":"\#(time)","worker_id":"\#(worker)","workstation_id":"s1","event_type":"working","#
                    + #""confidence":0.9}"#
            }
            try send(
                "POST", server.url + "/api/events/batch?site_id=\(site)", "[\(events.joined(separator: ","))]")
        }
        _ = Recorder().run(["key", "create", "--role", "viewer", "--site", "plant", "--data-dir", data])
        _ = Recorder().run(["key", "create", "--role", "admin", "--data-dir", data])
        server.end(killed ? SIGKILL : SIGTERM)
        return folder
    }

    @discardableResult
    static func send(_ method: String, _ url: String, _ body: String = "") throws -> JSONValue? {
        let answer = try HTTPClient().send(
            method, url, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        guard answer.status < 300 else {
            throw CommandFailure(.failure, "\(url): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return JSONValue(answer.body)
    }

    // MARK: What befalls it

    func path(_ name: String) -> String { directory.path + "/" + name }

    func remove(_ names: String...) throws {
        for name in names { try FileManager.default.removeItem(atPath: path(name)) }
    }

    /// Moves a file away.
    /// - Returns: what puts it back.
    func take(_ name: String) throws -> () throws -> Void {
        let aside = folder.file("taken-\(name)")
        let files = FileManager.default
        try files.moveItem(atPath: path(name), toPath: aside)
        return {
            if files.fileExists(atPath: path(name)) { try files.removeItem(atPath: path(name)) }
            try files.moveItem(atPath: aside, toPath: path(name))
        }
    }

    /// Puts a folder in the place of a file: nobody can read or write that, not even root.
    func block(_ name: String) throws -> () throws -> Void {
        let restore = try take(name)
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: false)
        return restore
    }

    func empty(_ name: String) throws { try Data().write(to: URL(filePath: path(name))) }

    func change(_ name: String, _ sql: String) throws {
        let options = name == DataDirectory.logName ? ConnectionOptions.writer : .shared
        try Connection(path: path(name), options).execute(sql)
    }

    /// What a server that ends leaves in the write-ahead log would hide damage in the file.
    func checkpointProjections() throws {
        let options = ConnectionOptions(mode: .writer, checksPages: true)
        try Connection(path: directory.projections, options).checkpoint(.truncate)
    }

    /// Lets the projections be of an older version of the fold.
    func makeProjectionsOlder() throws {
        try Connection(path: path("projections.sqlite"), ConnectionOptions(mode: .writer, checksPages: true))
            .execute("UPDATE meta SET value = 0 WHERE name = 'fold'")
    }

    /// Puts a file of this text there.
    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    }

    /// Turns a bit.
    func flip(_ name: String, at place: Int) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path(name))))
        bytes[place < 0 ? bytes.count + place : place] ^= 4
        try Data(bytes).write(to: URL(filePath: path(name)))
    }

    /// Puts a file of another directory in the place of the one here, with its write-ahead log.
    func takeFrom(_ other: DataDirectory, _ name: String) throws {
        for part in ["", "-wal", "-shm"] { try? remove(name + part) }
        for part in ["", "-wal"] where FileManager.default.fileExists(atPath: "\(other.path)/\(name)\(part)") {
            try FileManager.default.copyItem(atPath: "\(other.path)/\(name)\(part)", toPath: path(name + part))
        }
    }

    // MARK: What comes of it

    /// The doctor's result for a part of the directory, and its words.
    func doctor(_ part: String, at directory: DataDirectory? = nil) -> (level: String, text: String) {
        let recorder = Recorder()
        _ = recorder.run(["doctor", "--data-dir", (directory ?? self.directory).path, "-o", "json"])
        let items = JSONValue(recorder.output.utf8)?["items"]?.items ?? []
        let found = items.first { $0["check"] == .string(part) }
        return (found?["result"]?.text ?? "none", found?["text"]?.text ?? "")
    }

    /// Starts a server, looks, and stops it.
    func start(_ directory: DataDirectory? = nil) throws -> Found {
        let server = try Running(directory ?? self.directory)
        defer { server.stop() }
        return try server.look()
    }
}

/// What a server on a directory answers.
struct Found: Equatable {
    var records = StoredPlant.records
    var names = StoredPlant.names
    /// Working time of all, in seconds up to the ttl.
    var working: Int64 = 0
    var warnings: [String] = []
}

/// A server in this process.
final class Running {
    private let service: Service
    private let recorder = Recorder()
    let url: String

    init(_ directory: DataDirectory, snapshots: SnapshotSettings? = nil) throws {
        var configuration = ServerConfiguration()
        configuration.isOpenToLoopback = true
        configuration.requestsPerMinute = 0
        let journal = StructuredLog(format: .text, console: recorder.console())
        service = try Service(directory, configuration, journal, snapshots: snapshots)
        url = try service.runtime.start()
        guard service.runtime.waitUntilReady(StopSignals()) else {
            let failure = service.runtime.failure
            service.runtime.stop()
            throw failure ?? CommandFailure(.failure, "it does not get ready")
        }
    }

    /// What it has written to stderr so far.
    var words: String { recorder.errors }

    func look() throws -> Found {
        let workers = try? StoredPlant.send(
            "GET", url + "/api/metrics/workers?site_id=plant&from=2026-01-12T00:00:00Z&to=2026-01-13T00:00:00Z")
        let items = workers?["items"]?.items ?? []
        let working = items.map { item -> Int64 in
            guard case .number(let text)? = item["working_us"] else { return 0 }
            return (Int64(text) ?? 0) / Microseconds.second
        }
        return Found(
            records: Int(service.projector.progress.nextOffset.value),
            names: items.compactMap { $0["worker_name"]?.text }, working: working.reduce(0, +),
            warnings: recorder.errors.split(separator: "\n").filter { $0.contains(" warning ") }.map { String($0) })
    }

    func stop() { service.runtime.stop() }
}
