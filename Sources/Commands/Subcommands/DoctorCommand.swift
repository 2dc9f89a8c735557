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
        summary: "looks at the libraries, the data directory and the disk, and says what is wrong",
        examples: [
            .init("andon doctor", "check the default data directory"),
            .init("andon doctor --data-dir ./andon-data -o json", "check another one, for a program"),
        ],
        options: [DataDirectory.option.spec, OutputFormat.option.spec],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let findings = libraries() + DataDirectoryCheck(directory: directory).findings()
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(findings) },
            tables: {
                var table = Table([.text("check"), .text("result"), .text("what it means")])
                for finding in findings { table.append([finding.subject, finding.level.rawValue, finding.text]) }
                return [table]
            })
        return findings.contains { $0.level == .failure } ? .failure : .success
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
            subject: "SQLite", level: .warning,
            text:
                "\(version): has the WAL-reset bug (fixed in 3.51.3). Andon keeps to one checkpointing connection, which "
                + "avoids it; never run Litestream or another checkpointing program on its files")
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
