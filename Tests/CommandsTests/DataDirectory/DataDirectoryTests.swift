import EventLog
import EventModel
import Foundation
import JSON
import Testing

@testable import Commands
@testable import Sites

extension StoredPlant {
    /// Gives the definition in the registry another offset, as if it had been written so.
    func moveDefinition(to offset: Int64) throws {
        let epoch = LogEpoch(bytes: try #require(Hexadecimal.decode(directory.logIdentity ?? "")))
        let placed = try #require(RegistryStore.read(path: directory.registry, epoch: epoch).first)
        var row = RegistryRow(placed, epoch)
        row.offset = offset
        try change("registry.sqlite", "UPDATE definitions SET log_offset = \(offset), row_check = \(row.check)")
    }
}

private enum Hexadecimal {
    static func decode(_ text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}

@Suite("What befalls a data directory", .serialized, .timeLimit(.minutes(10)))
struct DataDirectoryTests {
    @Test("andon up and andon doctor say the same, and the advice works (DESIGN 1.1)", arguments: DirectoryCase.all)
    func cases(_ row: DirectoryCase) throws {
        let plant = try StoredPlant(killed: row.killed)
        let restore = try row.make(plant)
        let doctor = plant.doctor(row.doctor.check)
        #expect(doctor.level == row.doctor.level, "\(doctor.text)")
        #expect(row.doctor.words.isEmpty || doctor.text.contains(row.doctor.words), "\(doctor.text)")
        switch row.outcome {
        case .refuses(let exit, let why, let next):
            let failure = #expect(throws: CommandFailure.self) { _ = try plant.start() }
            #expect(failure?.exitCode == exit)
            #expect(failure?.why?.contains(why) == true, "\(failure?.why ?? "")")
            #expect(failure?.next?.contains(next) == true, "\(failure?.next ?? "")")
            // The same words.
            #expect(doctor.text.contains(failure?.why ?? "?") && doctor.text.contains(failure?.next ?? "?"))
        case .starts(var expected, let warns):
            let found = try plant.start()
            #expect(found.warnings.contains { $0.contains(warns) } || warns.isEmpty, "\(found.warnings)")
            expected.warnings = found.warnings
            #expect(found == expected)
        }
        guard let carryOut = row.carryOut else { return }
        let directory = try carryOut(plant, restore)
        var after = try plant.start(directory)
        after.warnings = []
        #expect(after == row.after)
        #expect(plant.doctor(row.doctor.check, at: directory).level != "failure")
    }

    @Test("the table in the documentation has exactly these rows")
    func table() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/andon/Andon.docc/DataDirectory.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst().map { String($0) }
        #expect(rows == DirectoryCase.all.map(\.row))
    }

    @Test("a sound directory starts without a warning, and the doctor is content", arguments: [false, true])
    func sound(killed: Bool) throws {
        let plant = try StoredPlant(killed: killed)
        #expect(try plant.start() == .whole)
        let recorder = Recorder()
        #expect(recorder.run(["doctor", "--data-dir", plant.directory.path]) == .success)
        #expect(!recorder.output.contains(" failure "))
    }

    @Test("its files can be read by their owner alone (SPEC 8.2)")
    func modes() throws {
        let plant = try StoredPlant()
        for name in try FileManager.default.contentsOfDirectory(atPath: plant.directory.path) {
            let mode = try FileManager.default.attributesOfItem(atPath: plant.path(name))[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        // Files of an earlier version are closed by the next start.
        chmod(plant.directory.keys, 0o644)
        _ = try plant.start()
        let mode = try FileManager.default.attributesOfItem(atPath: plant.directory.keys)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("a damaged row of a key is dropped, the other keys stay")
    func renewKeys() throws {
        let plant = try StoredPlant()
        try plant.change("keys.sqlite", "UPDATE keys SET sites = '' WHERE sites = 'plant'")
        _ = try DirectoryCase.renew("keys")(plant, nil)
        let recorder = Recorder()
        #expect(recorder.run(["key", "list", "--data-dir", plant.directory.path, "-o", "json"]) == .success)
        let roles = JSONValue(recorder.output.utf8)?["items"]?.items.compactMap { $0["role"]?.text }
        #expect(roles == ["admin"])
    }

    @Test("renewing deletes nothing, asks first, and does nothing beside a running server")
    func renewLog() throws {
        let plant = try StoredPlant()
        let log = try Data(contentsOf: URL(filePath: plant.directory.log))
        #expect(Recorder().run(["renew", "log", "--data-dir", plant.directory.path]) == .usage)
        let mark = RunningMark(plant.directory)
        #expect(Recorder().run(["renew", "log", "--yes", "--data-dir", plant.directory.path]) == .failure)
        withExtendedLifetime(mark) {}
        #expect(FileManager.default.contents(atPath: plant.directory.log) == log)
    }

    @Test("salvaging says what is missing, leaves the source as it is, and wants a place of its own")
    func salvage() throws {
        let plant = try StoredPlant()
        try plant.change("log.sqlite", "UPDATE records SET payload = x'00' WHERE offset = 4; VACUUM")
        let before = try FileManager.default.contentsOfDirectory(atPath: plant.directory.path).sorted()
        var command = LogSalvageCommand.command
        command.run = { try LogSalvageCommand.run($0, isStopping: { false }) }
        let words = ["log", "salvage", "--data-dir", plant.directory.path, "--to", plant.elsewhere.path, "-o", "json"]
        let recorder = Recorder()
        #expect(recorder.run(words, commands: [command]) == .badData)
        let answer = JSONValue(recorder.output.utf8)
        #expect(answer?["records"] == .integer(8) && answer?["records_missing"] == .integer(1))
        #expect(answer?["definitions_with_names"] == .integer(1) && answer?["API_keys"] == .integer(2))
        #expect(answer?["missing"]?.items.first?["first"] == .integer(4))
        #expect(try FileManager.default.contentsOfDirectory(atPath: plant.directory.path).sorted() == before)
        #expect(recorder.run(words, commands: [command]) == .failure)
        #expect(try plant.start(plant.elsewhere) == .whole)
        #expect(plant.doctor("log", at: plant.elsewhere).text.contains("1 of them skipped"))
    }
}
