import EventModel
import Foundation
import TestKit
import Testing

/// The codec against programs that know only `Schemas/andon/v1/event_batch.proto`.
@Suite(.serialized)
struct SchemaTests {
    @Test(
        "protoc reads what the codec writes, and writes the same bytes (DESIGN 1.4)",
        .enabled(if: Tools.protoc != nil, "protoc is not installed (Debian: protobuf-compiler)"))
    func protoc() throws {
        let protoc = try #require(Tools.protoc)
        for record in samples() {
            #expect(try throughText(record, "Record", protoc) == record)
            // After the CRC stand the tag, of one byte or two, and the length of the content.
            let (message, length) = Self.message(record)
            let start = length + (record[length] < 0x80 ? 1 : record[length + 1] < 0x80 ? 2 : 3)
            let content = Array(record[start...])
            #expect(try throughText(content, message, protoc) == content)
        }
    }

    @Test(
        "Python's protobuf reads the same events, and writes records that the codec reads (DESIGN 1.4)",
        .enabled(if: Tools.protoc != nil, "protoc is not installed (Debian: protobuf-compiler)"),
        .enabled(if: Tools.python != nil, "no python3 with protobuf 4.21 (see Tests/EventModelTests/Python/setup)"))
    func python() throws {
        let directory = try TemporaryFolder()
        let schema = "andon/v1/event_batch.proto"
        let made = try run(
            try #require(Tools.protoc), ["-I", Tools.schemas.path, "--python_out", directory.url.path, schema])
        #expect(made.status == 0, "\(made.text)")
        let records = samples()
        let script = Tools.python(file: "read_records.py").path
        let input = records.map { hex($0) + "\n" }.joined()
        let result = try run(try #require(Tools.python), [script, directory.url.path], input: Array(input.utf8))
        #expect(result.status == 0)
        var expected: [String] = []
        var batch = EventBatch(siteID: "s")
        for record in records {
            switch try RecordCodec.decode(record, into: &batch) {
            case .events: expected += lines(of: batch)
            case .definition(let definition): expected += lines(of: definition)
            case .clockSetBack(let clock): expected.append(line(of: clock))
            }
            expected.append("record " + hex(record))
        }
        #expect(result.text.split(separator: "\n").map(String.init) == expected)
    }

    private func samples() -> [[UInt8]] {
        var random = SeededRandom(seed: 7)
        let batches = [RecordSamples.batch] + (0..<8).map { _ in RecordSamples.random(&random) }
        let records = batches.map { batch in
            var bytes: [UInt8] = []
            RecordCodec.encode(batch, into: &bytes)
            return bytes
        }
        var definition: [UInt8] = []
        RecordCodec.encode(RecordSamples.definition, into: &definition)
        var clock: [UInt8] = []
        RecordCodec.encode(RecordSamples.clockSetBack, into: &clock)
        return records + [definition, clock]
    }

    /// The message in a record, and where its length stands.
    private static func message(_ record: [UInt8]) -> (name: String, length: Int) {
        switch record[5] {
        case 0x12: ("EventBatch", 6)
        case 0x2a: ("SiteDefinition", 6)
        default: ("ClockSetBack", 7)
        }
    }

    /// The message decoded to text and encoded from it.
    private func throughText(_ bytes: [UInt8], _ message: String, _ protoc: String) throws -> [UInt8] {
        func arguments(_ mode: String) -> [String] {
            ["-I", Tools.schemas.path, "--\(mode)=andon.v1.\(message)", "andon/v1/event_batch.proto"]
        }
        let decoded = try run(protoc, arguments("decode"), input: bytes)
        #expect(decoded.status == 0)
        return try run(protoc, arguments("encode"), input: decoded.output).output
    }

    private func lines(of batch: EventBatch) -> [String] {
        func optional(_ index: UInt32) -> String { index == 0 ? "-" : hex(batch.ids[Int(index) - 1]) }
        let head = [
            "batch", batch.siteID.text, "\(batch.createdAt.microseconds)", "\(batch.definitionVersion)",
            hex(batch.gatewayID), "\(batch.count)",
        ]
        return [head.joined(separator: " ")]
            + (0..<batch.count).map { index in
                let fields = [
                    "\(batch.times[index])", "\(batch.types[index].rawValue)", "\(batch.marks[index].rawValue)",
                    hex(batch.ids[Int(batch.workers[index])]), hex(batch.ids[Int(batch.workstations[index])]),
                    optional(batch.cameras[index]), optional(batch.modelVersions[index]), "\(batch.confidences[index])",
                    "\(batch.counts[index])", "\(batch.firstSeen[index])",
                ]
                return fields.joined(separator: " ")
            }
    }

    private func line(of record: ClockSetBack) -> String {
        let times = "\(record.createdAt.microseconds) \(record.newestCreatedAt.microseconds)"
        return "clock \(times) \(hex(record.gatewayID)) \(record.reason.rawValue) \(hex(record.confirmedBy))"
    }

    private func lines(of record: DefinitionRecord) -> [String] {
        let site = record.definition
        let head = [
            "definition", site.siteID.text, "\(record.createdAt.microseconds)", site.name, site.timeZone,
            "\(site.observationTTLSeconds)", "\(site.confidenceThreshold.partsPerMillion)", "\(site.maxFutureSeconds)",
            "\(site.handoverMinutes)", site.targetMicrounitsPerHour.map { "\($0)" } ?? "-",
            site.showsNamesOnBoards ? "False" : "True",
        ]
        return [head.joined(separator: " ")]
            + site.shifts.map { "shift \($0.name) \($0.startMinute) \($0.endMinute) \($0.days)" }
            + site.workers.map { "worker \(hex($0.workerID.bytes)) \($0.name ?? "-")" }
            + site.workstations.map { "workstation \(hex($0.workstationID.bytes)) \($0.capacity)" }
    }
}

private enum Tools {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let schemas = root.appending(path: "Schemas")

    static func python(file: String) -> URL { root.appending(path: "Tests/EventModelTests/Python/\(file)") }

    static let protoc: String? = ["/usr/bin/protoc", "/usr/local/bin/protoc"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The interpreter of the virtual environment, which is made on first use.
    static let python: String? = {
        guard let result = try? run(python(file: "setup").path, []), result.status == 0 else { return nil }
        return result.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }()
}

/// Runs a program to its end. Input and output are files, so that neither side waits for the other.
private func run(
    _ program: String, _ arguments: [String], input: [UInt8] = []
) throws -> (status: Int32, output: [UInt8], text: String) {
    let directory = try TemporaryFolder()
    let inputURL = directory.url.appending(path: "in")
    let outputURL = directory.url.appending(path: "out")
    try Data(input).write(to: inputURL)
    try Data().write(to: outputURL)
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: inputURL)
    process.standardOutput = try FileHandle(forWritingTo: outputURL)
    try process.run()
    process.waitUntilExit()
    let output = try Data(contentsOf: outputURL)
    return (process.terminationStatus, Array(output), String(decoding: output, as: UTF8.self))
}
