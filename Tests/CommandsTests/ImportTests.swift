import Foundation
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("andon import (SPEC 8.6)")
struct ImportTests {
    /// One run of the command against a gateway of the test's own, with a clock that only waits move.
    struct Run {
        var exit: ExitCode
        var output: String
        var errors: String
        var waited: [Int]
    }

    func run(
        _ words: [String], _ gateway: FakeGateway, url: String = "http://fake:1", stopAfterRequests: Int = .max
    ) -> Run {
        let recorder = Recorder()
        let waited = Guarded<[Int]>([])
        let inner = ImportCommand.command
        var command = inner
        command.run = { invocation in
            let environment = Importer.Environment(
                client: gateway.client(url: url), isStopping: { gateway.requests.count >= stopAfterRequests },
                pause: { wait in waited.withLock { $0.append(wait) } },
                milliseconds: { waited.withLock { Int64($0.reduce(0, +)) } }, note: recorder.console().note,
                progress: { _ in }, errorIsTerminal: false)
            return try ImportCommand.run(invocation, environment)
        }
        let exit = recorder.run(["import"] + words, commands: [command], environment: ["ANDON_URL": url])
        return Run(exit: exit, output: recorder.output, errors: recorder.errors, waited: waited.withLock { $0 })
    }

    func lines(_ numbers: ClosedRange<Int>) -> String { numbers.map { "e\($0)\n" }.joined() }

    func leftovers(_ directory: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".andon-import") }
    }

    @Test("sends every event once, in the order of the file, and leaves nothing behind")
    func whole() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", lines(1...10))
        let gateway = FakeGateway()
        let result = run([file, "--batch", "3", "--site", "plant 1"], gateway)
        #expect(result.exit == .success)
        #expect(gateway.stored == (1...10).map { "e\($0)" })
        #expect(gateway.requests.count == 4)
        #expect(gateway.requests[0].target == "/api/events/batch?site_id=plant%201")
        #expect(gateway.requests[0].headers.map(\.name) == ["Content-Type", "Authorization"])
        #expect(result.output == "verdict    events\naccepted       10\nduplicate       0\n")
        #expect(try leftovers(directory).isEmpty)
    }

    @Test("blank lines and a missing last newline are no events (SPEC 2.2)")
    func blanks() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", "e1\n\n  \r\ne2\n\t\ne3")
        let gateway = FakeGateway()
        #expect(run([file, "--batch=2"], gateway).exit == .success)
        #expect(gateway.stored == ["e1", "e2", "e3"])
    }

    @Test("an empty file is an import of nothing")
    func empty() throws {
        let directory = try TemporaryFolder()
        let gateway = FakeGateway()
        #expect(run([try directory.write("events.ndjson", "")], gateway).exit == .success)
        #expect(gateway.requests.isEmpty)
    }

    @Test("exit 65 when an event was rejected for another reason than duplicate or low_confidence")
    func rejected() throws {
        let directory = try TemporaryFolder()
        let gateway = FakeGateway()
        let good = run([try directory.write("good.ndjson", "e1\ne1\n!low_confidence\n")], gateway)
        #expect(good.exit == .success)
        #expect(good.output.contains("low_confidence       1"))
        let bad = run([try directory.write("bad.ndjson", "e1\n\n!invalid_id\n"), "-o", "json"], gateway)
        #expect(bad.exit == .badData)
        #expect(bad.output == #"{"accepted":0,"duplicate":1,"invalid_id":1,"position":"0:1"}"# + "\n")
        #expect(bad.errors.contains("line 3: invalid_id: no"))
    }

    @Test("only the first ten rejected events are shown, all are counted")
    func manyRejected() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", String(repeating: "!invalid_id\n", count: 22))
        let result = run([file, "--batch=4", "--output=json"], FakeGateway())
        #expect(result.errors.split(separator: "\n").count { $0.hasPrefix("line ") } == 10)
        #expect(result.errors.contains("and 12 more; --rejects FILE lists all\n"))
        #expect(result.output.contains(#""invalid_id":22"#))
    }

    @Test("waits as long as Retry-After says and sends the same batch again (SPEC 2.5)")
    func retries() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", lines(1...4))
        let gateway = FakeGateway(fates: [
            .status(429, retryAfter: 7), .answer, .status(503, retryAfter: nil), .breakOff, .answer,
        ])
        let result = run([file, "--batch=2"], gateway)
        #expect(result.exit == .success)
        #expect(gateway.stored == ["e1", "e2", "e3", "e4"])
        let bodies = gateway.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies == ["e1\ne2\n", "e1\ne2\n", "e3\ne4\n", "e3\ne4\n", "e3\ne4\n"])
        let waits: Int = result.waited.reduce(0, +)
        #expect(waits == 7_750)
    }

    @Test("a batch whose answer was lost is sent again and counted as duplicate")
    func lostAnswer() throws {
        let directory = try TemporaryFolder()
        let gateway = FakeGateway(fates: [.storeAndBreak])
        let result = run([try directory.write("events.ndjson", lines(1...3)), "-ojson"], gateway)
        #expect(result.exit == .success)
        #expect(result.output == #"{"accepted":0,"duplicate":3,"position":"0:1"}"# + "\n")
        #expect(gateway.stored == ["e1", "e2", "e3"])
    }

    @Test("goes on where it stopped when the server stayed away, and ends with the counts of both runs")
    func resumes() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", lines(1...6))
        let gateway = FakeGateway(fates: [.answer, .breakOff])
        let first = run([file, "--batch=2", "--patience=0"], gateway)
        #expect(first.exit == .unavailable)
        #expect(first.errors.contains("goes on at byte 6"))
        #expect(try leftovers(directory).count == 1)
        let second = run([file, "--batch=2", "--output=json"], gateway)
        #expect(second.exit == .success)
        #expect(second.errors.contains("going on at byte 6: 2 events were sent before"))
        #expect(second.output == #"{"accepted":6,"duplicate":0,"position":"0:1"}"# + "\n")
        #expect(gateway.stored == (1...6).map { "e\($0)" })
        #expect(gateway.requests.count == 4)
        #expect(try leftovers(directory).isEmpty)
    }

    @Test("a busy server exits 75 when patience is at its end")
    func givesUp() throws {
        let directory = try TemporaryFolder()
        let gateway = FakeGateway(fates: Array(repeating: .status(503, retryAfter: 100), count: 20))
        let result = run([try directory.write("events.ndjson", lines(1...2)), "--patience=90"], gateway)
        #expect(result.exit == .tryAgain)
        #expect(result.waited.reduce(0, +) == 90_000)
        #expect(gateway.stored.isEmpty)
    }

    @Test("a failure that time does not mend is not repeated")
    func hopeless() throws {
        let directory = try TemporaryFolder()
        let gateway = FakeGateway(fates: [.untrusted])
        #expect(run([try directory.write("events.ndjson", lines(1...2))], gateway).exit == .unavailable)
        #expect(gateway.requests.count == 1)
    }

    @Test("a refusal of the whole batch is not repeated")
    func refused() throws {
        let directory = try TemporaryFolder()
        let gateway = FakeGateway(fates: [.status(403, retryAfter: nil)])
        #expect(run([try directory.write("events.ndjson", lines(1...2))], gateway).exit == .failure)
        #expect(gateway.requests.count == 1)
    }

    @Test("Ctrl-C ends between two batches with 130, and the same command goes on")
    func stopped() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", lines(1...6))
        let gateway = FakeGateway()
        let first = run([file, "--batch=2"], gateway, stopAfterRequests: 2)
        #expect(first.exit == .interrupted)
        #expect(first.errors.contains("stopped at byte 12"))
        let second = run([file, "--batch=2"], gateway)
        #expect(second.exit == .success)
        #expect(gateway.requests.count == 3)
    }

    @Test("a changed file, another server, another site and --restart begin at the beginning")
    func startsOver() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", lines(1...4))
        func interrupt() { _ = run([file, "--batch=2"], FakeGateway(), stopAfterRequests: 1) }
        func sent(_ words: [String] = [], url: String = "http://fake:1") -> Int {
            let gateway = FakeGateway()
            #expect(run([file] + words, gateway, url: url).exit == .success)
            return gateway.stored.count
        }
        interrupt()
        #expect(sent(url: "http://other:1") == 4)
        #expect(sent(["--site=x"]) == 4)
        #expect(sent(["--restart"]) == 4)
        interrupt()
        #expect(sent() == 2)
        interrupt()
        try directory.write("events.ndjson", lines(5...8))
        #expect(sent() == 4)
    }

    @Test("what is not a file cannot be imported", arguments: ["/nowhere/events.ndjson", "/"])
    func noFile(path: String) {
        #expect(run([path], FakeGateway()).exit == .badData)
    }

    @Test("a batch has 1 to 1000 events (SPEC 2.2)")
    func batchLimit() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("events.ndjson", lines(1...1001))
        #expect(run([file, "--batch=1001"], FakeGateway()).exit == .usage)
        #expect(run([file, "--batch=0"], FakeGateway()).exit == .usage)
        let gateway = FakeGateway()
        #expect(run([file], gateway).exit == .success)
        #expect(gateway.requests.count == 2)
    }
}
