internal import Crypto
internal import Foundation
internal import HTTPClient
internal import HTTPServer
internal import JSON
internal import KafkaLog
internal import SQLite

/// `andon doctor`
enum DoctorCommand {
    static let command = Command(
        path: ["doctor"],
        summary: "checks the libraries, the data directory, the disk and the running server, and says what is wrong",
        discussion: """
            Prints what it checked, a line each, and how it is. A warning is something that you can do something about; a
            failure is something that does not work. The exit code is 1 after a failure.
            """,
        examples: [
            .init("andon doctor", "check the default data directory"),
            .init("andon doctor --data-dir ./andon-data -o json", "check another one, for a program"),
        ],
        options: [DataDirectory.option.spec, OutputFormat.option.spec],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let findings = libraries() + DataDirectoryCheck(directory: directory).findings() + server(directory)
        let format = try invocation.value(OutputFormat.option)
        try invocation.console.write(
            format, json: { json(findings) },
            tables: {
                var table = Table([.text("check"), .text("result"), .text("what it means")])
                for finding in findings { table.append([finding.subject, finding.level.rawValue, finding.text]) }
                return [table]
            })
        if format == .table { invocation.console.note(summary(findings)) }
        return findings.contains { $0.level == .failure } ? .failure : .success
    }

    private static func summary(_ findings: [Finding]) -> String {
        func count(_ level: Finding.Level) -> Int { findings.count { $0.level == level } }
        let (warnings, failures) = (count(.warning), count(.failure))
        guard warnings + failures > 0 else { return "checked \(findings.count) things; all are in order" }
        return "checked \(findings.count) things: \(failures) failed, \(warnings) with a warning"
    }

    /// Whether the server that runs on the directory answers, writes the log that lies there, and what it says of itself.
    private static func server(_ directory: DataDirectory) -> [Finding] {
        func finding(_ level: Finding.Level, _ text: String) -> [Finding] {
            [Finding(subject: "server", level: level, text: text)]
        }
        guard RunningMark.isTaken(directory) else { return finding(.ok, "none runs on '\(directory.path)'") }
        let client: APIClient
        do throws(CommandFailure) {
            client = APIClient.live(ServerAccess(url: try directory.runningURL(waitMilliseconds: 0), key: nil))
        } catch {
            return finding(.ok, error.what)
        }
        do throws(TransportFailure) {
            let log = try client.log()
            guard let log, let own = directory.logIdentity, log != own else {
                let said = readiness(try client.send(APIRequest(method: "GET", target: "/readyz")))
                return said.isEmpty ? finding(.ok, "answers at \(client.access.url)") : said
            }
            return finding(.failure, "\(client.access.url) answers for log \(log), not for the one in this directory")
        } catch {
            return finding(
                .failure, "does not answer at \(client.access.url): \(error.message); read its log, and start it again")
        }
    }

    /// What a server that is not ready, or degraded, says why: nothing where it is ready.
    static func readiness(_ answer: APIAnswer) -> [Finding] {
        let json = JSONValue(answer.body)
        guard answer.isSuccess else {
            let text = json?["detail"]?.text ?? "answers \(answer.status) at /readyz"
            return [Finding(subject: "server", level: .failure, text: text)]
        }
        return (json?["reasons"]?.items ?? []).compactMap(\.text).map {
            Finding(subject: "server", level: .warning, text: "degraded: \($0)")
        }
    }

    private static func libraries() -> [Finding] {
        [
            LibraryAdvice.sqlite(Connection.libraryVersion),
            LibraryAdvice.microhttpd(HTTPServer.libraryVersion),
            LibraryAdvice.kafka(kafkaLibraryVersion),
            LibraryAdvice.plain("libcurl", HTTPClient.libraryVersion),
            LibraryAdvice.plain("OpenSSL", CryptoLibrary.version),
            LibraryAdvice.plain("zlib", HTTPServer.compressionLibraryVersion),
        ]
    }

    private static func json(_ findings: [Finding]) -> [UInt8] {
        JSONWriter.items(findings) { finding, writer in
            writer.member("check", finding.subject)
            writer.member("result", finding.level.rawValue)
            writer.member("text", finding.text)
        }
    }
}

/// One result of the doctor.
struct Finding: Equatable {
    enum Level: String { case ok, warning, failure }

    var subject: String
    var level: Level
    var text: String
}

/// Known facts about library versions (DESIGN 1.9, 2).
enum LibraryAdvice {
    /// `3.40.1` as numbers; missing parts count as 0.
    static func numbers(_ version: String) -> [Int] {
        version.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) ?? 0 }
    }

    static func isOlder(_ version: String, than other: [Int]) -> Bool {
        let mine = numbers(version)
        return (mine + Array(repeating: 0, count: max(0, other.count - mine.count))).lexicographicallyPrecedes(other)
    }

    static func sqlite(_ version: String) -> Finding {
        guard isOlder(version, than: [3, 51, 3]) else { return plain("SQLite", version) }
        return Finding(
            subject: "SQLite", level: .ok,
            text:
                "\(version): has the WAL-reset bug (fixed in 3.51.3), which cannot happen with the one checkpointing "
                + "connection of Andon; do not run Litestream or another checkpointing program on its files")
    }

    static func microhttpd(_ version: String) -> Finding {
        guard isOlder(version, than: [0, 9, 76]) else { return plain("libmicrohttpd", version) }
        return Finding(
            subject: "libmicrohttpd", level: .ok,
            text: "\(version): its post processor has CVE-2023-27371 and its epoll mode can hang; Andon uses neither")
    }

    static func kafka(_ version: String) -> Finding {
        guard isOlder(version, than: [2, 10]) else { return plain("librdkafka", version) }
        return Finding(
            subject: "librdkafka", level: .ok,
            text: "\(version): its cooperative assignment has bugs (until 2.10); Andon assigns eagerly and by hand")
    }

    static func plain(_ name: String, _ version: String) -> Finding {
        Finding(subject: name, level: .ok, text: version)
    }
}
