import EventLog
import EventModel
import Foundation
import JSON
internal import Locks
import ProcessHarness
import SQLiteLog
import SimulationKit
import TestKit
import Testing

@testable import Commands

@Suite("andon log tail", .timeLimit(.minutes(10)))
struct LogTailTests {
    static func record(_ site: SiteID, _ second: Int64, _ events: [SimulatedEvent]) -> NewRecord {
        RandomScenario.Record.events(events, createdAt: second * Microseconds.second).logRecord(of: site)
    }

    static func event(_ second: Int64, worker: WorkerID = "W1", mark: Mark = .accepted) -> SimulatedEvent {
        SimulatedEvent(
            time: second * Microseconds.second, worker: worker, workstation: "S1", type: .working,
            confidence: 912_345, mark: mark)
    }

    /// Lines that the reader writes, as `kind position`.
    static func positions(
        _ log: any EventLog, _ start: LogStart, site: SiteID? = nil, partition: Int32? = nil, limit: Int? = nil
    ) throws -> [String] {
        let lines = Guarded<[String]>([])
        let plan = LogTailReader.Plan(
            partition: partition.map { PartitionIndex($0) }, site: site, start: start, follows: false, limit: limit)
        let write: ([UInt8]) -> Void = { bytes in
            let line = String(decoding: bytes, as: UTF8.self)
            guard let value = JSONValue(bytes), line.last == "\n" else {
                Issue.record("not a line: \(line)")
                return
            }
            lines.withLock { $0.append(value["position"]?.text ?? "-") }
        }
        var reader = LogTailReader(log, plan, isStopping: { false }, write: write)
        _ = try reader.run()
        return lines.withLock { $0 }
    }

    @Test("an event's line has position, mark, created_at and the members of SPEC 2.1, each id as it is")
    func line() throws {
        var lines = RecordLines()
        let odd = SimulatedEvent(
            time: 1_000_001, worker: "W\"1", workstation: "é", type: .productCount, confidence: 1_000_000, count: 7,
            camera: "C", modelVersion: "v1", mark: .lowConfidence)
        let record = Self.record("plant", 2, [Self.event(1), odd])
        let text = Guarded<[String]>([])
        try record.withLogRecord(at: LogOffset(17)) { record in
            try lines.lines(of: record, in: PartitionIndex(3)) { line in
                text.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        }
        #expect(
            text.withLock { $0 } == [
                """
                {"kind":"event","position":"3:17:0","site_id":"plant","created_at":"1970-01-01T00:00:02.000000Z",\
                "mark":"accepted","timestamp":"1970-01-01T00:00:01.000000Z","worker_id":"W1","workstation_id":"S1",\
                "event_type":"working","confidence":0.912345,"count":null,"camera_id":null,"model_version":null}

                """,
                """
                {"kind":"event","position":"3:17:1","site_id":"plant","created_at":"1970-01-01T00:00:02.000000Z",\
                "mark":"low_confidence","timestamp":"1970-01-01T00:00:01.000001Z","worker_id":"W\\"1",\
                "workstation_id":"é","event_type":"product_count","confidence":1.000000,"count":7,"camera_id":"C",\
                "model_version":"v1"}

                """,
            ])
    }

    @Test("a definition has one line, without names of people; what cannot be read has one too")
    func otherLines() throws {
        var lines = RecordLines()
        let text = Guarded("")
        var site = SiteDefinition(siteID: "plant", name: "Plant")
        site.workers = [SiteDefinition.Worker(workerID: "W1")]
        let records = [
            RandomScenario.Record.definition(site, createdAt: 5).logRecord(of: "plant"),
            NewRecord(key: Array("plant".utf8), createdAt: Timestamp(microseconds: 6), payload: [1, 2, 3]),
        ]
        for (offset, record) in records.enumerated() {
            try record.withLogRecord(at: LogOffset(Int64(offset))) { record in
                try lines.lines(of: record, in: PartitionIndex(0)) { line in
                    text.withLock { $0 += String(decoding: line, as: UTF8.self) }
                }
            }
        }
        let all = text.withLock { $0 }.split(separator: "\n")
        #expect(all.count == 2)
        #expect(all[0].hasPrefix(#"{"kind":"definition","position":"0:0","site_id":"plant","#))
        #expect(all[0].contains(#""worker_id":"W1""#))
        #expect(all[1].hasPrefix(#"{"kind":"unreadable","position":"0:1","#))
        #expect(lines.unreadable == 1)
    }

    @Test("places are earliest, end, positions and times; nothing else")
    func places() {
        #expect(LogStart("earliest") == .earliest)
        #expect(LogStart("end") == .end)
        let record = RecordPosition(partition: PartitionIndex(3), offset: LogOffset(12))
        #expect(LogStart("3:12") == .position(record, index: 0))
        #expect(LogStart("3:12:4") == .position(record, index: 4))
        #expect(LogStart("1970-01-01T00:00:01Z") == .time(Timestamp(microseconds: 1_000_000)))
        for text in ["", "3", "3:", "3:-1", "3:1:", "3:1:x", "3:1:2:3", "1970-01-01", "latest"] {
            #expect(LogStart(text) == nil, "\(text)")
        }
    }

    @Test("reading begins where asked, in one partition or all, and ends at the end of its start or the limit")
    func ranges() throws {
        let log = InMemoryLog(partitionCount: 4)
        let sites = RandomScenario.sites(inFirst: 2, of: 4)
        // created_at does not rise with the position.
        for (second, events) in [(10, 2), (30, 1), (20, 1), (40, 1)] as [(Int64, Int)] {
            for site in sites {
                let all = (0..<events).map { Self.event(Int64($0)) }
                _ = try log.append([Self.record(site, second, all)])
            }
        }
        let first = ["0:0:0", "0:0:1", "0:1:0", "0:2:0", "0:3:0"]
        let second = first.map { "1" + $0.dropFirst() }
        #expect(try Self.positions(log, .earliest) == first + second)
        #expect(try Self.positions(log, .earliest, site: sites[1]) == second)
        #expect(try Self.positions(log, .earliest, partition: 0) == first)
        #expect(try Self.positions(log, .end) == [])
        #expect(try Self.positions(log, .earliest, limit: 6) == first + second.prefix(1))
        let position = RecordPosition(partition: PartitionIndex(1), offset: .zero)
        #expect(try Self.positions(log, .position(position, index: 1)) == Array(second.dropFirst()))
        // A time selects by created_at wherever the record stands (SPEC 7.3).
        let time = LogStart.time(Timestamp(microseconds: 30 * Microseconds.second))
        #expect(try Self.positions(log, time, partition: 0) == ["0:1:0", "0:3:0"])
        let gone = RecordPosition(partition: PartitionIndex(1), offset: LogOffset(9))
        #expect(throws: LogError.self) { try Self.positions(log, .position(gone, index: 0)) }
    }

    @Test("following shows what is appended later, in every partition, until it is stopped")
    func follows() throws {
        let log = InMemoryLog(partitionCount: 2)
        let sites = RandomScenario.sites(inFirst: 2, of: 2)
        _ = try log.append([Self.record(sites[0], 1, [Self.event(1)])])
        let seen = Monitor(0)
        let isStopping = Guarded(false)
        let result = Monitor<Int?>(nil)
        BackgroundThread.start("tail") {
            let plan = LogTailReader.Plan(partition: nil, site: nil, start: .earliest, follows: true, limit: nil)
            var reader = LogTailReader(
                log, plan, isStopping: { isStopping.withLock { $0 } }, write: { _ in seen.update { $0 += 1 } })
            let unreadable = try? reader.run()
            result.update { $0 = unreadable ?? -1 }
        }
        for count in 1...4 {
            seen.wait { $0 == count ? () : nil }
            _ = try log.append([Self.record(sites[count % 2], 2, [Self.event(2)])])
        }
        seen.wait { $0 == 5 ? () : nil }
        isStopping.withLock { $0 = true }
        log.wakeReaders()
        #expect(result.wait { $0 } == 0)
    }

    @Test("the command reads a data directory beside its writer, and says what is wrong with its options")
    func command() throws {
        let folder = try TemporaryFolder()
        let log = try SQLiteLog.open(path: DataDirectory(path: folder.path).log)
        defer { log.close() }
        _ = try log.append([
            Self.record("plant", 1, [Self.event(1)]), Self.record("other", 2, [Self.event(1), Self.event(2)]),
        ])
        func run(_ words: [String]) -> (exit: ExitCode, lines: Int, errors: String) {
            let recorder = Recorder()
            // Without signals of its own: those are the process'.
            var command = LogTailCommand.command
            command.run = { invocation in
                try LogTailCommand.run(invocation, try LogAddress(invocation).openReader(), StopSignals())
            }
            let exit = recorder.run(["log", "tail", "--data-dir", folder.path] + words, commands: [command])
            return (exit, recorder.output.split(separator: "\n").count, recorder.errors)
        }
        #expect(run([]).lines == 3)
        #expect(run(["--site=other"]).lines == 2)
        #expect(run(["--from=0:1:1"]).lines == 1)
        #expect(run(["--follow", "--from=earliest", "--limit=2"]) == (.success, 2, ""))
        #expect(run(["--from=1:0"]).exit == .usage)
        #expect(run(["--from=0:0", "--partition=1"]).exit == .usage)
        #expect(run(["--from=0:7"]).exit == .failure)
        #expect(run(["--from=yesterday"]).exit == .usage)
        #expect(run(["--brokers=127.0.0.1:1"]).exit == .usage)
        _ = try log.append([NewRecord(key: [65], createdAt: Timestamp(microseconds: 1), payload: [9])])
        let unreadable = run([])
        #expect(unreadable.exit == .badData && unreadable.lines == 4 && unreadable.errors.contains("unreadable"))
    }

    @Test("a site that the log holds nothing of is told, with the sites that it holds")
    func unknownSite() throws {
        let folder = try TemporaryFolder()
        let opened = try LogAddress(.folder(DataDirectory(path: folder.path))).openWriter()
        _ = try opened.log.append([Self.record("plant-1", 2, [Self.event(1)])])
        opened.close()
        func tail(_ words: [String]) -> (exit: ExitCode, recorder: Recorder) {
            let recorder = Recorder()
            return (recorder.run(["log", "tail", "--data-dir", folder.path] + words), recorder)
        }
        let unknown = tail(["--site", "plant-2"])
        #expect(unknown.exit == .failure)
        #expect(unknown.recorder.errors.contains("the log holds nothing of site 'plant-2'"))
        #expect(tail(["--site", "plant-1"]).exit == .success)
        #expect(tail(["--site", "plant-1"]).recorder.errors.isEmpty)
    }

    @Test("Ctrl-C ends a tail that follows, with 130 and whole lines")
    func interrupt() throws {
        let folder = try TemporaryFolder()
        let log = try SQLiteLog.open(path: DataDirectory(path: folder.path).log)
        defer { log.close() }
        _ = try log.append([Self.record("plant", 1, [Self.event(1)])])
        let process = try AndonProcess.make(["log", "tail", "-f", "--from", "earliest", "--data-dir", folder.path])
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        let drain = Drain(output.fileHandleForReading)
        #expect(drain.line { $0.contains("\"position\":\"0:0:0\"") } != nil)
        _ = try log.append([Self.record("plant", 2, [Self.event(2)])])
        #expect(drain.line { $0.contains("\"position\":\"0:1:0\"") } != nil)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        #expect(drain.wait().split(separator: "\n").count == 2)
    }
}
