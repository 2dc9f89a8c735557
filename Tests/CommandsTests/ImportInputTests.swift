// Layer: the real parser, real files and a fake gateway. What an import can read, and what it says about it.
import Foundation
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("What an import reads (SPEC 8.6)")
struct ImportInputTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ words: [String], _ gateway: FakeGateway = FakeGateway()) -> (exit: ExitCode, recorder: Recorder)
    {
        let recorder = Recorder()
        var command = ImportCommand.command
        command.run = { invocation in
            let environment = Importer.Environment(
                client: gateway.client(), isStopping: { false }, pause: { _ in }, milliseconds: { 0 },
                note: recorder.console().note, progress: { _ in }, errorIsTerminal: false)
            return try ImportCommand.run(invocation, environment)
        }
        return (recorder.run(["import"] + words, commands: [command]), recorder)
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: folder.url.appending(path: name))
        return folder.file(name)
    }

    /// The bytes of a file that gzip made of `text`.
    private func compressed(_ name: String, _ text: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/gzip")
        process.arguments = ["-f", try folder.write(name, text)]
        try process.run()
        process.waitUntilExit()
        return [UInt8](try Data(contentsOf: folder.url.appending(path: name + ".gz")))
    }

    @Test("gzip is read whatever the file is called, also of several parts, and goes on at the same event")
    func gzip() throws {
        let parts = try compressed("a", "e1\ne2\n") + compressed("b", "e3\ne4\n")
        let file = try write("events", parts)
        let gateway = FakeGateway(fates: [.answer, .breakOff])
        #expect(run([file, "--batch=1", "--patience=0"], gateway).exit == .unavailable)
        let second = run([file, "--batch=1"], gateway)
        #expect(second.exit == .success && second.recorder.errors.contains("going on at byte 3"))
        #expect(gateway.stored == ["e1", "e2", "e3", "e4"])
        #expect(gateway.requests.count == 5)
    }

    @Test("a compressed file that was cut off or damaged is told, and what came before is sent")
    func damagedGzip() throws {
        let whole = try compressed("a", (1...5000).map { "e\($0)\n" }.joined())
        let gateway = FakeGateway()
        let cut = run([try write("cut.gz", Array(whole.dropLast(20)))], gateway)
        #expect(cut.exit == .badData && cut.recorder.errors.contains("the file was cut off"))
        #expect(gateway.stored.prefix(2) == ["e1", "e2"])
        var damaged = whole
        for index in 100..<110 { damaged[index] ^= 0xff }
        #expect(run([try write("damaged.gz", damaged)]).recorder.errors.contains("damaged"))
    }

    @Test("a JSON array is read element by element, over several lines or in one")
    func array() throws {
        let file = try folder.write(
            "a.json", "\u{FEFF} [\n {\"a\": \"],[\\\"\",\n\t\"b\":[1,2]} , {\"c\":{}},3\n]\n")
        let gateway = FakeGateway()
        #expect(run([file], gateway).exit == .success)
        #expect(gateway.stored == [#"{"a": "],[\"", "# + "\t" + #""b":[1,2]}"#, #"{"c":{}}"#, "3"])
        let empty = FakeGateway()
        #expect(run([try folder.write("b.json", "[ ]")], empty).exit == .success && empty.requests.isEmpty)
    }

    @Test("an array that is none from some line on exits 65, says where, and keeps what came before")
    func brokenArray() throws {
        for (text, why) in [
            ("[\"e1\",\n\"e2\"", "cut off"), ("[\"e1\",\n\"e2\"\n]x", "follows the end"), ("[\"e1\",\n\"e2", "cut off"),
        ] {
            let gateway = FakeGateway()
            let result = run([try folder.write("a.json", text)], gateway)
            #expect(result.exit == .badData && result.recorder.errors.contains(why), "\(result.recorder.errors)")
            #expect(gateway.stored.first == "\"e1\"", "\(text)")
        }
        let hole = run([try folder.write("b.json", "[\"e1\",,\"e2\"]")])
        #expect(hole.exit == .badData && hole.recorder.errors.contains("line 1: invalid_json"))
    }

    static let table = #"""
        time;person;workstation_id;event_type;confidence;count;note
        2026-01-12T08:00:00Z;W1;S1;working;0.93;;"late; ""night"""
        2026-01-12T08:01:00Z;"W2";S1;product_count;0.5;3;"two
        lines"
        """#

    @Test("CSV becomes events by its header and --map; numbers stay numbers, empty cells are absent fields")
    func csv() throws {
        let file = try folder.write("a.csv", Self.table)
        let gateway = FakeGateway()
        let result = run([file, "--map", "time=timestamp", "--map=person=worker_id"], gateway)
        #expect(result.exit == .success, "\(result.recorder.errors)")
        #expect(
            gateway.stored == [
                #"{"timestamp":"2026-01-12T08:00:00Z","worker_id":"W1","workstation_id":"S1","event_type":"working","#
                    + #""confidence":0.93}"#,
                #"{"timestamp":"2026-01-12T08:01:00Z","worker_id":"W2","workstation_id":"S1","#
                    + #""event_type":"product_count","confidence":0.5,"count":3}"#,
            ])
        #expect(result.recorder.errors.contains("columns that are not used: 'note'"))
    }

    @Test("a CSV file without a column that events need exits 65 before anything is sent, and shows the way")
    func missingColumns() throws {
        let file = try folder.write("a.csv", Self.table)
        let gateway = FakeGateway()
        let result = run([file], gateway)
        #expect(result.exit == .badData && gateway.requests.isEmpty)
        #expect(result.recorder.errors.contains("has no column for timestamp and worker_id"))
        #expect(result.recorder.errors.contains("--map COLUMN=timestamp --map COLUMN=worker_id"))
        let slip = run([file, "--map", "tiem=timestamp"], gateway)
        #expect(slip.exit == .usage && slip.recorder.errors.contains("did you mean 'time'?"))
        #expect(run([file, "--map", "time=when"], gateway).exit == .usage)
        #expect(run([try folder.write("a.ndjson", "e1\n"), "--format=ndjson", "--map", "a=count"]).exit == .usage)
    }

    @Test("a CSV row that cannot be read is rejected alone, with its line")
    func badRows() throws {
        let header = "timestamp,worker_id,workstation_id,event_type,confidence\r\n"
        let rows = "1,2,3,4,5,6\r\n\r\n1,M\u{FFFD}ller,3,4,5\r\n1,2,3,4,5\r\n\"1,2\r\n"
        var bytes = Array((header + rows).utf8)
        // What an old Windows writes for ü.
        let umlaut = try #require(bytes.firstRange(of: Array("\u{FFFD}".utf8)))
        bytes.replaceSubrange(umlaut, with: [0xfc])
        let gateway = FakeGateway()
        let result = run([try write("a.csv", bytes), "-o", "json"], gateway)
        #expect(result.exit == .badData && gateway.stored.count == 1)
        #expect(result.recorder.output.contains(#""accepted":1,"duplicate":0,"invalid_csv":3"#))
        for line in ["line 2: invalid_csv: 6 cells", "line 4: invalid_csv: not UTF-8", "line 6: invalid_csv: a quote"] {
            #expect(result.recorder.errors.contains(line), "\(result.recorder.errors)")
        }
    }

    @Test("UTF-16 is named, with the command that converts it", arguments: [true, false])
    func utf16(hasMark: Bool) throws {
        let mark: [UInt8] = hasMark ? [0xff, 0xfe] : []
        let text = mark + "{\"a\":1}\n".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] as [UInt8] }
        let gateway = FakeGateway()
        let result = run([try write("a.ndjson", text)], gateway)
        #expect(result.exit == .badData && gateway.requests.isEmpty)
        #expect(result.recorder.errors.contains("is UTF-16, not UTF-8"))
        #expect(result.recorder.errors.contains("iconv -f UTF-16 -t UTF-8"))
    }

    @Test("a byte-order mark is no part of an event; in the middle of a file it is told", arguments: [1, 1_000])
    func byteOrderMarks(batch: Int) throws {
        let file = try folder.write("a.ndjson", "\u{FEFF}e1\ne2\n\u{FEFF}e3\n\u{FEFF}\n\u{FEFF}e4\n")
        let gateway = FakeGateway()
        let result = run([file, "--batch=\(batch)"], gateway)
        #expect(result.exit == .success && gateway.stored == ["e1", "e2", "e3", "e4"])
        let told = result.recorder.errors.split(separator: "\n").filter { $0.contains("byte-order mark") }
        #expect(told.count == 1 && told[0].hasPrefix("line 3: "))
    }

    @Test("events that are too large together are sent in halves; one that is too large alone costs no other")
    func tooLarge() throws {
        let gateway = FakeGateway()
        gateway.state.withLock { $0.linesMaximum = 3 }
        let file = try folder.write("a.ndjson", (1...10).map { "e\($0)\n" }.joined())
        #expect(run([file], gateway).exit == .success)
        #expect(gateway.stored == (1...10).map { "e\($0)" })
        let tiny = FakeGateway()
        tiny.state.withLock { $0.linesMaximum = 0 }
        let result = run([file, "-o", "json"], tiny)
        #expect(result.exit == .badData && result.recorder.output.contains(#""too_large":10"#))
    }

    @Test("what cannot be read says why in the kernel's words", arguments: ["nowhere.ndjson", "."])
    func unreadable(name: String) {
        let result = run([folder.path + "/" + name])
        #expect(result.exit == .badData)
        #expect(!result.recorder.errors.contains("could not be completed"))
        #expect(result.recorder.errors.contains(name == "." ? "is not a file" : "No such file or directory"))
    }
}
