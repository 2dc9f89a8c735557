import EventLog
import EventModel
import SimulationKit
import Testing

@testable import Commands

@Suite("andon log skip")
struct LogSkipTests {
    private let log = InMemoryLog()
    private static let given = ["--reason", "test of a broker", "--brokers", "b:1"]

    /// A record, two of junk, a record.
    init() throws {
        let junk = NewRecord(key: Array("x".utf8), createdAt: Timestamp(microseconds: 1), payload: [9, 9, 9])
        let good = LogTailTests.record("plant-1", 10, [LogTailTests.event(1)])
        _ = try log.append([good, junk, junk, good])
    }

    private func run(_ words: [String], answer: String? = nil) -> (exit: ExitCode, errors: String) {
        let recorder = Recorder()
        var command = LogSkipCommand.command
        let log = log
        command.run = { try LogSkipCommand.run($0, log) }
        var console = recorder.console()
        if let answer { console.readAnswer = { answer } }
        let tool = CommandLineTool(commands: [command], console: console, environment: [:])
        return (tool.run(["log", "skip"] + words), recorder.errors)
    }

    private func skips() throws -> [LogSkip] { try log.skips(PartitionIndex(0)) }

    @Test("junk is shown, asked about and passed over; who, when and why are kept (SPEC 7.4)")
    func junk() throws {
        let refused = run(["0:1"] + Self.given)
        #expect(refused.exit == .usage && refused.errors.contains("--yes"))
        #expect(refused.errors.contains("0:1 is a record of 3 bytes under the key 'x' that cannot be decoded"))
        #expect(run(["0:1"] + Self.given, answer: "no").exit == .failure)
        #expect(try skips().isEmpty)
        let done = run(["0:1"] + Self.given, answer: "y")
        #expect(done.exit == .success, "\(done.errors)")
        #expect(done.errors.contains("pass over 1 offset from offset 1 of partition 0 on"))
        let skip = try #require(try skips().first)
        #expect(skip.first == LogOffset(1) && skip.next == LogOffset(2) && skip.reason == "test of a broker")
        #expect(skip.by.contains("@") && skip.at > Timestamp(microseconds: 0))
        let again = run(["0:1"] + Self.given)
        #expect(again.exit == .success && again.errors.contains("is passed over since"))
    }

    @Test("several are passed over at once, if none of them can be read")
    func several() throws {
        let refused = run(["0:1", "--through", "3", "--yes"] + Self.given)
        #expect(refused.exit == .failure)
        #expect(refused.errors.contains("the record at 0:3 can be read and is not passed over"))
        #expect(try skips().isEmpty)
        #expect(run(["0:1", "--through", "2", "--yes"] + Self.given).exit == .success)
        #expect(try skips().map(\.next) == [LogOffset(3)])
    }

    @Test("what retention removed at the beginning of the log is passed over in one step, up to its new beginning")
    func gone() throws {
        let log = FaultyLog()
        _ = try log.append((0..<9).map { LogTailTests.record("plant-1", 10, [LogTailTests.event($0)]) })
        log.removeRecords(PartitionIndex(0), before: LogOffset(6))
        func run(_ words: [String]) -> (exit: ExitCode, errors: String) {
            let recorder = Recorder()
            var command = LogSkipCommand.command
            command.run = { try LogSkipCommand.run($0, log) }
            let tool = CommandLineTool(commands: [command], console: recorder.console(), environment: [:])
            return (tool.run(["log", "skip"] + words + Self.given), recorder.errors)
        }
        let there = run(["0:2", "--through", "6", "--yes"])
        #expect(there.exit == .failure && there.errors.contains("the log begins at offset 6"))
        let done = run(["0:2", "--yes"])
        #expect(done.exit == .success && done.errors.contains("0:2 to 5 is gone"), "\(done.errors)")
        #expect(try log.skips(PartitionIndex(0)).map { $0.first.value..<$0.next.value } == [2..<6])
    }

    @Test("what can be read is refused with the command that shows it")
    func readable() throws {
        let refused = run(["0:0", "--yes"] + Self.given)
        #expect(refused.exit == .failure && refused.errors.contains("andon log tail --from 0:0 --limit 1"))
        #expect(refused.errors.contains("it is a record of site 'plant-1': 1 events"))
        #expect(try skips().isEmpty)
    }

    @Test("the record that time was set back is no junk, and is called what it is (SPEC 2.9)")
    func clockSetBack() throws {
        var payload: [UInt8] = []
        let time = Timestamp(microseconds: 5)
        RecordCodec.encode(
            ClockSetBack(
                createdAt: time, newestCreatedAt: Timestamp(microseconds: 9), gatewayID: [1],
                reason: .synchronised, confirmedBy: []), into: &payload)
        _ = try log.append([NewRecord(key: Array("#clock-0".utf8), createdAt: time, payload: payload)])
        let refused = run(["0:4", "--yes"] + Self.given)
        #expect(refused.exit == .failure)
        #expect(refused.errors.contains("it is the record that time was set back in this partition"))
    }

    @Test(
        "a position, a reason and a span that make no sense are usage errors",
        arguments: [["0"], ["0:x"], ["0:1", "--through", "0"], ["0:1", "--through", "9999999"]])
    func usage(words: [String]) throws {
        #expect(run(words + ["--yes"] + Self.given).exit == .usage)
        #expect(run(["0:1", "--yes", "--brokers", "b:1"]).exit == .usage)
        #expect(run(["0:1", "--yes", "--reason", " ", "--brokers", "b:1"]).exit == .usage)
        #expect(run(["0:4", "--yes"] + Self.given).exit == .failure)
        #expect(try skips().isEmpty)
    }
}
