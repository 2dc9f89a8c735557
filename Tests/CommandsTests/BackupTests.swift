import EventLog
import EventModel
import Files
import Foundation
import JSON
import Locks
import SQLiteLog
import SimulationKit
import TestKit
import Testing

@testable import Commands

// Layer: end to end. Backups of a directory that the real program has written, and of one that is being written.
@Suite("andon backup", .timeLimit(.minutes(10)))
struct BackupTests {
    private let plant: StoredPlant
    init() throws { plant = try StoredPlant() }

    private var target: String { plant.elsewhere.path }

    private func backup(exit: ExitCode = .success, isStopping: (@Sendable () -> Bool)? = nil) -> Recorder {
        let recorder = Recorder()
        var command = BackupCommand.command
        if let isStopping { command.run = { try BackupCommand.run($0, isStopping: isStopping) } }
        let words = ["backup", target, "--data-dir", plant.directory.path, "-o", "json"]
        #expect(recorder.run(words, commands: [command]) == exit, "\(recorder.errors)")
        return recorder
    }

    private func verify(exit: ExitCode = .success) -> Recorder {
        let recorder = Recorder()
        #expect(recorder.run(["backup", "verify", target, "-o", "json"]) == exit, "\(recorder.errors)")
        return recorder
    }

    private func digest(_ directory: DataDirectory) -> String {
        let recorder = Recorder()
        _ = recorder.run(["digest", "--data-dir", directory.path, "--site", StoredPlant.site])
        return recorder.output
    }

    @Test(
        "of a stopped or a running server: a start on it finds everything, without a warning", arguments: [false, true])
    func wholes(isRunning: Bool) throws {
        let server = isRunning ? try Running(plant.directory) : nil
        let made = try #require(JSONValue(backup().output.utf8))
        #expect(made["records"] == .integer(StoredPlant.records) && made["sites"] == .integer(1))
        #expect(made["snapshot"]?["next_offset"] == .integer(StoredPlant.records))
        let verified = try #require(JSONValue(verify().output.utf8))
        #expect(verified["events"] == .integer(2 * (StoredPlant.records - 1)) && verified["keys"] == .integer(2))
        // Verifying twice: it has changed nothing.
        _ = verify()
        server?.stop()
        #expect(digest(plant.elsewhere) == digest(plant.directory) && !digest(plant.directory).isEmpty)
        #expect(try plant.start(plant.elsewhere) == .whole)
        #expect(plant.doctor("log", at: plant.elsewhere).level == "ok")
        let list = Recorder()
        #expect(list.run(["key", "list", "--data-dir", target, "-o", "json"]) == .success)
        #expect(JSONValue(list.output.utf8)?["items"]?.items.count == 2)
    }

    @Test("while records and definitions come in, nothing in the copy is newer than its log")
    func besideIngest() throws {
        let server = try Running(plant.directory)
        let isDone = Guarded(false)
        let sent = Monitor(0)
        let url = server.url
        let sending = BackgroundThread.start("sending") {
            for number in 0..<2000 where !isDone.withLock({ $0 }) {
                let isDefinition = number % 10 == 0
                let definition = """
                    {"site":{"name":"Plant","time_zone":"UTC","target_units_per_hour":\(number + 1)},"workers":\
                    [{"worker_id":"w1","name":"Ada"},{"worker_id":"w2","name":"Bo"}],\
                    "workstations":[{"workstation_id":"s1"}]}
                    """
                let second = number % 60
                let event = """
                    [{"timestamp":"2026-01-12T09:\(second < 10 ? "0" : "")\(second):00Z","worker_id":"w1",\
                    "workstation_id":"s1","event_type":"product_count","count":1,"confidence":0.9}]
                    """
                _ =
                    try? isDefinition
                    ? StoredPlant.send("PUT", url + "/api/sites/plant", definition)
                    : StoredPlant.send("POST", url + "/api/events/batch?site_id=plant", event)
                sent.update { $0 += 1 }
            }
        }
        sent.wait { $0 >= 20 ? () : nil }
        let made = try #require(JSONValue(backup().output.utf8))
        isDone.withLock { $0 = true }
        sending.join()
        server.stop()
        _ = verify()
        guard case .number(let end)? = made["end"], let count = Int(end) else { throw CancellationError() }
        #expect(count >= StoredPlant.records)
        let found = try plant.start(plant.elsewhere)
        #expect(found.warnings == [] && found.records == count && found.names == StoredPlant.names)
    }

    @Test("a stop leaves a folder that says it is not whole, on which no server starts; the same command goes on")
    func resumes() throws {
        let calls = Guarded(0)
        var stops = 0
        while stops < 20 {
            // Ends one step later each time.
            let limit = stops
            calls.withLock { $0 = 0 }
            let isStopping: @Sendable () -> Bool = {
                calls.withLock {
                    $0 += 1
                    return $0 > limit
                }
            }
            let recorder = Recorder()
            var command = BackupCommand.command
            command.run = { try BackupCommand.run($0, isStopping: isStopping) }
            let exit = recorder.run(["backup", target, "--data-dir", plant.directory.path], commands: [command])
            if exit == .success { break }
            #expect(exit == .interrupted, "\(recorder.errors)")
            stops += 1
            let failure = #expect(throws: CommandFailure.self) { try plant.start(plant.elsewhere) }
            #expect(failure?.what.contains("is a backup that is not whole") == true)
            #expect(verify(exit: .badData).errors.contains("is not whole"))
        }
        #expect((2..<20).contains(stops))
        _ = verify()
        #expect(try plant.start(plant.elsewhere) == .whole)
    }

    @Test("what was left of a backup of another log, or half copied, is begun anew")
    func beginsAnew() throws {
        _ = backup(exit: .interrupted) { true }
        try Data("0011\n".utf8).write(to: URL(filePath: target + "/backup.incomplete"))
        try Data("rest of a copy".utf8).write(to: URL(filePath: target + "/log.sqlite"))
        try Data("rest of a copy".utf8).write(to: URL(filePath: target + "/keys.sqlite"))
        _ = backup()
        _ = verify()
        #expect(try plant.start(plant.elsewhere) == .whole)
    }

    @Test("a folder with something else, a whole backup, or a data directory is refused and stays as it is")
    func refuses() throws {
        try plant.elsewhere.create()
        try Data("mine".utf8).write(to: URL(filePath: target + "/file"))
        #expect(backup(exit: .failure).errors.contains("is not empty"))
        try FileManager.default.removeItem(atPath: target)
        _ = backup()
        #expect(backup(exit: .failure).errors.contains("has a backup"))
        _ = verify()
        let recorder = Recorder()
        let data = plant.directory.path
        #expect(recorder.run(["backup", data, "--data-dir", data]) == .failure)
        #expect(try plant.start() == .whole)
    }

    @Test("a flipped bit in any file is found, and named")
    func flipped() throws {
        _ = backup()
        let manifest = try #require(BackupManifest(WholeFile.read(target + "/backup.json")))
        #expect(
            manifest.files.map(\.name) == [
                "log.sqlite", "log.sqlite.end", "registry.sqlite", "keys.sqlite", "identity.json", "projections.sqlite",
            ])
        for file in manifest.files {
            let url = URL(filePath: "\(target)/\(file.name)")
            let sound = try Data(contentsOf: url)
            var changed = sound
            changed[changed.count / 2] ^= 1
            try changed.write(to: url)
            #expect(verify(exit: .badData).errors.contains("\(file.name) in the backup is not what was written"))
            try sound.write(to: url)
        }
        try Data("a commit".utf8).write(to: URL(filePath: target + "/projections.sqlite-wal"))
        #expect(verify(exit: .badData).errors.contains("since the backup was made"))
        try FileManager.default.removeItem(atPath: target + "/projections.sqlite-wal")
        _ = verify()
        var description = try Data(contentsOf: URL(filePath: target + "/backup.json"))
        description[30] ^= 1
        try description.write(to: URL(filePath: target + "/backup.json"))
        _ = verify(exit: .badData)
    }

    @Test("a damaged record ends the backup, unless it is declared as skipped: then it is skipped in the copy, too")
    func damagedRecord() throws {
        try plant.change("log.sqlite", "UPDATE records SET created_at = created_at + 1 WHERE offset = 8")
        #expect(backup(exit: .failure).errors.contains("the record at offset 8 is not what was written"))
        let log = try SQLiteLog.open(path: plant.folder.file("whole.sqlite"))
        for index in 0..<3000 {
            let key = Array("plant".utf8)
            _ = try log.append([
                NewRecord(
                    key: key, createdAt: Timestamp(microseconds: Int64(index) * 7 % 5000), payload: [UInt8(index % 250)]
                )
            ])
        }
        try log.declare(
            LogSkip(first: LogOffset(2990), next: LogOffset(3000), reason: "junk", by: "me", at: .earliest),
            in: PartitionIndex(0))
        let path = plant.folder.file("copy.sqlite")
        for limit in [1, 1024, 2048, 3000] {
            let copy = try LogBackup(of: plant.folder.file("whole.sqlite"), to: path)
            #expect(try copy.run(before: LogOffset(Int64(limit))) { _ in true } && copy.end.value == limit)
            if limit == 3000 { #expect(try copy.finish().count == 1) }
        }
        let copied = try SQLiteLog.open(path: path)
        #expect(copied.epoch == log.epoch)
        #expect(try copied.endOffset(PartitionIndex(0)) == log.endOffset(PartitionIndex(0)))
        #expect(try copied.skips(PartitionIndex(0)) == log.skips(PartitionIndex(0)))
        for time in stride(from: 0, to: 5000, by: 499) {
            let time = Timestamp(microseconds: Int64(time))
            #expect(try copied.offset(PartitionIndex(0), at: time) == log.offset(PartitionIndex(0), at: time))
        }
    }
}
