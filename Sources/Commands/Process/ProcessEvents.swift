internal import Access
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import Observability

/// What a process records about itself.
extension JournalEvent {
    /// - Parameter facts: what it serves: data directory or topic, identity and length of the log.
    static func started(_ role: String, url: String, _ facts: [Field]) -> JournalEvent {
        JournalEvent(
            "started", .info, "andon \(CommandLineTool.version) starts",
            [Field("version", CommandLineTool.version, isInMessage: true), Field("role", role), Field("url", url)]
                + facts + [Field("pid", ProcessInfo.processInfo.processIdentifier)])
    }

    /// The message is the line of SPEC 8.1.
    static func listening(_ url: String) -> JournalEvent {
        JournalEvent("listening", .info, "listening on \(url)", [Field("url", url, isInMessage: true)])
    }

    static func stopping(_ cause: StopSignals.Cause) -> JournalEvent {
        JournalEvent("stopping", .info, "stopping", [Field("cause", cause == .interrupt ? "SIGINT" : "SIGTERM")])
    }

    static let stopped = JournalEvent("stopped", .info, "stopped")

    static let secondSignal = JournalEvent("second_signal", .warning, "second signal: quitting at once")

    /// A command ends without having done its work.
    static func commandFailed(_ failure: CommandFailure) -> JournalEvent {
        let reasons = [failure.why.map { Field("why", $0) }, failure.next.map { Field("next", $0) }].compactMap { $0 }
        return JournalEvent(
            "command_failed", .error, failure.what, reasons + [Field("exit_code", failure.exitCode.rawValue)])
    }

    /// The reader of stderr has not kept up.
    static func linesDropped(_ count: Int) -> JournalEvent {
        JournalEvent(
            "lines_dropped", .warning, "\(count) log lines were dropped: stderr is not read fast enough",
            [Field("lines", count, isInMessage: true)])
    }

    static let openAccess = JournalEvent(
        "open_access", .warning,
        "OPEN: every program on this machine may do everything without a key; use this for demonstrations only")

    /// - Parameter next: the command that creates one.
    static func noKey(next: String) -> JournalEvent {
        JournalEvent("no_key", .info, "there is no key yet: \(next)", [Field("next", next, isInMessage: true)])
    }

    /// What is wrong with the data directory, and does not keep the server from starting.
    static func directoryTrouble(_ trouble: DirectoryTrouble) -> JournalEvent {
        JournalEvent(
            "directory_trouble", .warning, "\(trouble.what): \(trouble.why); \(trouble.next)",
            [Field("part", trouble.part.rawValue)])
    }

    /// An admin act (DESIGN 6).
    static func audit(_ record: AuditRecord) -> JournalEvent {
        JournalEvent(
            "audit", .info, "\(record.action) \(record.siteID)\(record.jobID): \(record.result)",
            [
                Field("action", record.action, isInMessage: true), Field("site", record.siteID, isInMessage: true),
                Field("job", record.jobID, isInMessage: true),
                Field("result", record.result, isInMessage: true), Field("key", record.keyID),
                Field("client", record.clientAddress),
            ])
    }

    // MARK: Requests

    /// A served request.
    static func request(_ entry: RequestLogEntry) -> JournalEvent {
        let isLost = entry.status == 0
        var fields = [
            Field("method", entry.method, isInMessage: true), Field("path", entry.path, isInMessage: true),
            Field("status", entry.status, isInMessage: true),
        ]
        if !entry.query.isEmpty { fields.append(Field("query", withoutSecrets(entry.query))) }
        fields += [
            Field("duration_us", entry.durationMicroseconds), Field("bytes", entry.bytes),
            Field("client", entry.clientAddress), Field("request_id", entry.requestID),
        ]
        return JournalEvent(
            "request", isLost || entry.status >= 400 ? .warning : .info,
            "\(entry.method) \(entry.path) \(isLost ? "connection lost" : "\(entry.status)")", fields + entry.fields)
    }

    /// Bytes of a query that are logged.
    private static let queryBytesMaximum = 512

    /// The query of a request, in which the values of parameters that look like secrets are replaced.
    static func withoutSecrets(_ query: String) -> String {
        let pairs = query.split(separator: "&", omittingEmptySubsequences: false).map { pair -> Substring in
            let name = pair.prefix { $0 != "=" }
            let decoded = (name.removingPercentEncoding ?? String(name)).lowercased()
            let isSecret = ["key", "token", "secret", "password", "auth", "session"].contains { decoded.contains($0) }
            return isSecret || pair.dropFirst(name.count).contains("andon_") ? name + "=***" : pair
        }
        let text = pairs.joined(separator: "&")
        return text.utf8.count <= queryBytesMaximum ? text : String(text.prefix(queryBytesMaximum)) + "…"
    }
}
