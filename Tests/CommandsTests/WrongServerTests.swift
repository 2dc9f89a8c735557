// Layer: the real parser and fakes. Where a key goes, and where it does not.
import EventLog
import Foundation
internal import Locks
import SQLiteLog
import TestKit
import Testing

@testable import Commands

@Suite("The server that a command asks")
struct WrongServerTests {
    /// The access that `andon query workers` would have.
    func access(_ words: [String]) throws -> ServerAccess {
        let parsed = try Parser(words[...], for: QueryCommand.command)
        return try ServerAccess(
            Invocation(
                command: QueryCommand.command, positionals: [], settings: Settings(flags: parsed.flags),
                environment: [:], console: Recorder().console()))
    }

    /// A data directory with a log, and that log's identity.
    func store(_ folder: TemporaryFolder) throws -> (directory: DataDirectory, log: String) {
        let directory = DataDirectory(path: folder.path)
        let opened = try LogAddress(.folder(directory)).openWriter()
        defer { opened.close() }
        return (directory, opened.log.epoch.description)
    }

    @Test("without --url the server that runs on the data directory is asked, and it has to write that log (SPEC 8.1)")
    func urlOfDataDirectory() throws {
        let folder = try TemporaryFolder()
        let (directory, log) = try store(folder)
        let mark = RunningMark(directory)
        #expect(mark != nil)
        directory.noteRunning(at: "http://127.0.0.1:4711")
        let found = try access(["--data-dir", folder.path])
        #expect(found.url == "http://127.0.0.1:4711" && found.log == log)
        let named = try access(["--data-dir", folder.path, "--url", "https://a.example/"])
        #expect(named.url == "https://a.example" && named.log == nil)
        withExtendedLifetime(mark) {}
    }

    @Test("a directory that no server runs on exits 69 and says what to start; an address left behind is not asked")
    func noServer() throws {
        let folder = try TemporaryFolder()
        let (directory, _) = try store(folder)
        directory.noteRunning(at: "http://127.0.0.1:4711")
        for path in [folder.path, folder.file("nowhere")] {
            let failure = #expect(throws: CommandFailure.self) { try access(["--data-dir", path]) }
            #expect(failure?.exitCode == .unavailable)
            #expect(failure?.what == "no server runs on \(path); start it with andon up --data-dir \(path)")
        }
    }

    @Test("a server that still starts is not asked")
    func starting() throws {
        let folder = try TemporaryFolder()
        let (directory, _) = try store(folder)
        let mark = RunningMark(directory)
        let failure = #expect(throws: CommandFailure.self) { try directory.runningURL(waitMilliseconds: 0) }
        #expect(failure?.what.contains("not ready yet") == true)
        withExtendedLifetime(mark) {}
    }

    @Test("a key that names another log than the directory's exits 65 before anything is asked")
    func keyOfAnotherLog() throws {
        let folder = try TemporaryFolder()
        let (directory, log) = try store(folder)
        let mark = RunningMark(directory)
        directory.noteRunning(at: "http://127.0.0.1:4711")
        let other = try folder.write("other.key", "andon_a_b\nlog \(String(repeating: "0", count: 32))\n")
        let failure = #expect(throws: CommandFailure.self) {
            try access(["--data-dir", folder.path, "--key-file", other])
        }
        #expect(failure?.exitCode == .badData)
        let own = try folder.write("own.key", "andon_a_b\nlog \(log)\n")
        #expect(try access(["--data-dir", folder.path, "--key-file", own]).key == "andon_a_b")
        withExtendedLifetime(mark) {}
    }

    @Test("a key file is the key alone, or the key and below it its log", arguments: ["andon_a_b", " andon_a_b\r\n\n"])
    func keyFile(text: String) {
        #expect(KeyFile(text: text) == KeyFile(key: "andon_a_b", log: nil))
        #expect(KeyFile(text: text + "\nlog 0AFF\n") == KeyFile(key: "andon_a_b", log: "0aff"))
        #expect(KeyFile(text: KeyFile(key: "k", log: "0aff").text) == KeyFile(key: "k", log: "0aff"))
        for wrong in ["", "\n", "a b", "k\nlog\n", "k\nlog xyz\n", "k\nother\n", "k\nlog 1\nlog 2\n"] {
            #expect(KeyFile(text: wrong) == nil, "\(wrong)")
        }
    }

    @Test(
        "a server of another log is not sent the key, nor one that does not say which it writes",
        arguments: ["bb", nil])
    func refusal(log: String?) {
        let server = SpyServer(log: log)
        let client = server.client(ServerAccess(url: "http://x:1", key: "andon_a_b", log: "aa"))
        let failure = #expect(throws: CommandFailure.self) { try server.ask(client) }
        #expect(failure?.exitCode == .unavailable)
        #expect(failure?.what == "http://x:1 is not the server that the key is for; the key was not sent")
        #expect(server.requests.map(\.target) == ["/livez"])
        #expect(server.requests.flatMap(\.headers).isEmpty)
    }

    @Test("the server of the key's log is asked once which log it writes, then sent the key")
    func sameLog() throws {
        let server = SpyServer(log: "AA")
        let client = server.client(ServerAccess(url: "http://x:1", key: "andon_a_b", log: "aa"))
        for _ in 0..<2 { try server.ask(client) }
        #expect(server.requests.map(\.target) == ["/livez", "/api/ledger", "/api/ledger"])
        #expect(server.requests.last?.headers.map(\.value) == ["Bearer andon_a_b"])
    }

    @Test("in a new key's first second 401 is no answer yet (SPEC 8.2)")
    func newKey() throws {
        let access = ServerAccess(url: "http://x:1", key: "andon_a_b")
        let young = SpyServer(statuses: [401, 401])
        try young.ask(young.client(access))
        #expect(young.waits == [200, 300])
        let strange = SpyServer(statuses: Array(repeating: 401, count: 10))
        #expect(throws: CommandFailure.self) { try strange.ask(strange.client(access)) }
        #expect(strange.waits.reduce(0, +) > 1_000)
    }

    @Test("a question waits for a server that limits requests for a second, and does not for ever")
    func limited() throws {
        let access = ServerAccess(url: "http://x:1", key: nil)
        let busy = SpyServer(statuses: [429, 429])
        try busy.ask(busy.client(access))
        #expect(busy.waits == [1_000, 1_000])
        let strict = SpyServer(statuses: Array(repeating: 429, count: 10))
        let failure = #expect(throws: CommandFailure.self) { try strict.ask(strict.client(access)) }
        #expect(failure?.exitCode == .tryAgain)
        #expect(failure?.why?.wholeMatch(of: /no more requests until \d\d:\d\d:\d\d/) != nil)
        #expect(strict.requests.count == APIClient.limitAttemptsMaximum)
    }

    @Test("a wait that is long is left to the user, who is told until when")
    func longLimit() {
        let client = APIClient(access: ServerAccess(url: "http://x:1", key: nil)) { _ in
            APIAnswer(status: 429, body: [], retryAfterSeconds: APIClient.limitSecondsMaximum + 1)
        }
        let failure = #expect(throws: CommandFailure.self) { try client.fetch(APIRequest(method: "GET", target: "/")) }
        #expect(failure?.why?.hasPrefix("no more requests until ") == true)
    }

    @Test(
        "a server's complaint about a parameter speaks of the flag",
        arguments: [
            (#"{"detail":"from: must be a time","parameter":"from"}"#, "--from: must be a time"),
            (#"{"detail":"known_at: is in the future","parameter":"known_at"}"#, "--known-at: is in the future"),
            (#"{"detail":"worker_id: is missing","parameter":"worker_id"}"#, "--worker: is missing"),
            (#"{"detail":"unknown parameter","parameter":"within"}"#, "--within: unknown parameter"),
            (#"{"detail":"name the site: ?site_id=…"}"#, "name the site: --site"),
            (#"{"detail":"min_position must be partition:offset"}"#, "--min-position must be partition:offset"),
        ])
    func flags(problem: String, what: String) {
        let client = APIClient(access: ServerAccess(url: "http://x:1", key: nil)) { _ in
            APIAnswer(status: 400, body: Array(problem.utf8))
        }
        let failure = #expect(throws: CommandFailure.self) { try client.fetch(APIRequest(method: "GET", target: "/")) }
        #expect(failure?.what == what)
    }

    @Test("a server that refers to another is not followed; the message names it")
    func redirect() {
        let client = APIClient(access: ServerAccess(url: "http://x:1", key: nil)) { _ in
            APIAnswer(status: 308, body: [], location: "https://y.example/api/ledger")
        }
        let failure = #expect(throws: CommandFailure.self) { try client.fetch(APIRequest(method: "GET", target: "/")) }
        #expect(failure?.what == "http://x:1 refers to another server: https://y.example/api/ledger")
    }
}

/// A server that says that it writes a log, answers with the statuses it is given, and keeps what was sent to it.
private final class SpyServer: Sendable {
    private let log: String?
    private let statuses: Guarded<[Int]>
    private let sent = Guarded<[APIRequest]>([])
    private let paused = Guarded<[Int]>([])

    init(log: String? = nil, statuses: [Int] = []) {
        self.log = log
        self.statuses = Guarded(statuses)
    }

    var requests: [APIRequest] { sent.withLock { $0 } }
    /// How long the client waited, in milliseconds.
    var waits: [Int] { paused.withLock { $0 } }

    func client(_ access: ServerAccess) -> APIClient {
        APIClient(
            access: access, pause: { wait in self.paused.withLock { $0.append(wait) } }, transport: { self.answer($0) })
    }

    /// Asks for something.
    func ask(_ client: APIClient) throws(CommandFailure) {
        _ = try client.fetch(APIRequest(method: "GET", target: "/api/ledger"))
    }

    private func answer(_ request: APIRequest) -> APIAnswer {
        sent.withLock { $0.append(request) }
        guard request.target != "/livez" else {
            let said = log.map { #"{"status":"ok","log":"\#($0)"}"# } ?? #"{"status":"ok"}"#
            return APIAnswer(status: 200, body: Array(said.utf8))
        }
        let status = statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
        return APIAnswer(status: status, body: Array("{}".utf8), retryAfterSeconds: status == 429 ? 1 : nil)
    }
}
