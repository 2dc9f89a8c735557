// Layer: the real parser, real files and a fake gateway. What an import says: while it waits, and at its end.
import Foundation
import JSON
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("What an import reports (SPEC 8.6)")
struct ImportReportTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(
        _ words: [String], _ gateway: FakeGateway, url: String = "http://fake:1"
    ) -> (exit: ExitCode, output: String, errors: String) {
        let recorder = Recorder()
        let waited = Guarded<Int64>(0)
        var command = ImportCommand.command
        command.run = { invocation in
            let environment = Importer.Environment(
                client: gateway.client(url: url), isStopping: { false },
                pause: { wait in waited.withLock { $0 += Int64(wait) } }, milliseconds: { waited.withLock { $0 } },
                note: recorder.console().note, progress: { _ in }, errorIsTerminal: false)
            return try ImportCommand.run(invocation, environment)
        }
        let exit = recorder.run(["import"] + words, commands: [command])
        return (exit, recorder.output, recorder.errors)
    }

    @Test("a server that is away is told at once, and until when it is waited for; then that it answers again")
    func away() throws {
        let gateway = FakeGateway(fates: [.breakOff, .breakOff, .answer])
        let result = run([try folder.write("a", "e1\n")], gateway)
        #expect(result.exit == .success)
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(
            lines.first?.wholeMatch(of: /waiting for http:\/\/fake:1 until \d\d:\d\d:\d\d: connection refused/) != nil)
        #expect(lines.count { $0.hasPrefix("waiting") } == 1)
        #expect(lines.contains("http://fake:1 answers"))
    }

    @Test("a server that limits requests is told at once, and until when; a long wait is mentioned again")
    func limited() throws {
        let gateway = FakeGateway(fates: Array(repeating: .status(429, retryAfter: 20), count: 3))
        let result = run([try folder.write("a", "e1\n")], gateway)
        #expect(result.exit == .success)
        let told = result.errors.split(separator: "\n").filter { $0.hasPrefix("waiting") }
        #expect(told.count == 2)
        #expect(told.allSatisfy { $0.contains(/until \d\d:\d\d:\d\d: the server accepts no more requests/) })
    }

    @Test("accepted events are told apart: new ones, and ones that the log held already")
    func newAndKnown() throws {
        let gateway = FakeGateway()
        gateway.state.withLock { $0.folded = [5, 7] }
        let file = try folder.write("a", "e1\ne2\ne3\n")
        let table = run([file], gateway)
        #expect(
            table.output == """
                verdict         events
                accepted             3
                  new                2
                  known before       1
                duplicate            0

                """)
        #expect(table.errors.hasSuffix("position 0:1\n"))
        gateway.state.withLock { $0.folded = [7, 7] }
        let json = run([try folder.write("b", "e4\n"), "-o", "json"], gateway)
        #expect(json.output == #"{"accepted":1,"duplicate":0,"new":0,"known_before":1,"position":"0:1"}"# + "\n")
    }

    @Test("progress belongs to the log: a new server behind the same address gets everything, a moved one the rest")
    func progress() throws {
        let file = try folder.write("a", (1...4).map { "e\($0)\n" }.joined())
        func sent(log: String, url: String = "http://fake:1", fates: [FakeGateway.Fate] = []) -> Int {
            let gateway = FakeGateway(fates: fates)
            gateway.state.withLock { $0.log = log }
            _ = run([file, "--batch=2", "--patience=0"], gateway, url: url)
            return gateway.stored.count
        }
        #expect(sent(log: "aa", fates: [.answer, .breakOff]) == 2)
        #expect(sent(log: "bb") == 4)
        #expect(sent(log: "aa", url: "http://moved:1") == 2)
    }

    @Test("a server that writes another log than a moment ago gets nothing more, and the next run starts over")
    func replaced() throws {
        let gateway = FakeGateway(fates: [.answer, .breakOff])
        gateway.state.withLock { $0.log = "aa" }
        let file = try folder.write("a", (1...4).map { "e\($0)\n" }.joined())
        let other = FakeGateway()
        other.state.withLock { $0.log = "bb" }
        let client = gateway.client()
        let switching = APIClient(access: client.access) { request throws(TransportFailure) in
            try (gateway.requests.count < 2 ? gateway.client() : other.client()).transport(request)
        }
        let recorder = Recorder()
        var command = ImportCommand.command
        command.run = { invocation in
            try ImportCommand.run(
                invocation,
                Importer.Environment(
                    client: switching, isStopping: { false }, pause: { _ in }, milliseconds: { 0 }, note: { _ in },
                    progress: { _ in }, errorIsTerminal: false))
        }
        #expect(recorder.run(["import", file, "--batch=2"], commands: [command]) == .tryAgain)
        #expect(recorder.errors.contains("http://fake:1 is another server than a moment ago; nothing more was sent"))
        #expect(other.requests.isEmpty)
        #expect(run([file], other).exit == .success && other.stored.count == 4)
    }

    private static let rejecting = #"{"n":1}"# + "\n!invalid_id\n" + #"{"n":2}"# + "\n!low_confidence\n!wrong_site\n"

    @Test("--rejects keeps every rejected event with line, code, field, value and event, as NDJSON")
    func rejectsAsNDJSON() throws {
        let path = folder.file("rejects.ndjson")
        let result = run([try folder.write("a", Self.rejecting), "--rejects", path], FakeGateway())
        #expect(result.exit == .badData && result.errors.contains("rejected events are in \(path)"))
        #expect(
            try String(contentsOfFile: path, encoding: .utf8) == """
                {"line":2,"code":"invalid_id","field":null,"value":null,"event":"!invalid_id"}
                {"line":5,"code":"wrong_site","field":null,"value":null,"event":"!wrong_site"}

                """)
    }

    @Test("the value at fault is the server's, else the event's own; CSV quotes what needs it")
    func rejectsAsCSV() throws {
        let file = try RejectsFile(path: folder.file("r.CSV"), keeping: 0, input: folder.file("a"))
        try file.append([
            Rejection(
                line: 7, code: "invalid_id", field: "worker_id", message: "", value: .string("a,\"b\""),
                event: Array(#"{"worker_id":"a"}"#.utf8)),
            Rejection(line: 8, code: "too_large", message: "", event: []),
        ])
        #expect(
            try String(contentsOfFile: folder.file("r.CSV"), encoding: .utf8)
                == "line,code,field,value,event\r\n7,invalid_id,worker_id,\"a,\"\"b\"\"\",\"{\"\"worker_id\"\":\"\"a\"\"}\"\r\n"
                + "8,too_large,,,\r\n")
    }

    @Test("an import that goes on keeps its rejected events, each once; one that begins anew starts the file again")
    func rejectsGoOn() throws {
        let path = folder.file("r")
        let file = try folder.write("a", "!b1\n!b2\n!b3\n")
        let gateway = FakeGateway(fates: [.answer, .breakOff])
        #expect(run([file, "--batch=1", "--patience=0", "--rejects", path], gateway).exit == .unavailable)
        // What a batch left behind whose progress was never stored.
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{}\n".utf8))
        #expect(run([file, "--batch=1", "--rejects", path], gateway).exit == .badData)
        func codes() throws -> [String?] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
                JSONValue($0.utf8)?["code"]?.text
            }
        }
        #expect(try codes() == ["b1", "b2", "b3"])
        #expect(run([file, "--rejects", path], gateway).exit == .badData)
        #expect(try codes() == ["b1", "b2", "b3"])
    }

    @Test("the file of rejected events is never the input itself")
    func rejectsIntoInput() throws {
        let file = try folder.write("a", "e1\n")
        let gateway = FakeGateway()
        #expect(run([file, "--rejects", folder.path + "/./a"], gateway).exit == .usage)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "e1\n")
        #expect(gateway.requests.isEmpty)
    }
}
