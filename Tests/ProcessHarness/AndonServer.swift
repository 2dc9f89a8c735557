internal import Foundation

/// A running `andon up`, `andon gateway` or `andon worker`.
package final class AndonServer: Sendable {
    /// Where it answers; empty where nobody waited for it to be ready.
    package let url: String
    package let pid: Int32
    private let process: Process
    private let drain: Drain

    package struct DidNotStart: Error { package var words: String }

    /// Starts a command on a port that the kernel picks and waits for the line that says it is ready (SPEC 8.1).
    /// - Parameter isAwaited: Another line to wait for, in place of the one that says it is ready.
    /// - Throws: ``DidNotStart`` where it ends without such a line or takes more than a minute and a half.
    package init(_ arguments: [String], until isAwaited: (Substring) -> Bool = isReady) throws {
        process = try AndonProcess.make(arguments + ["--listen", "127.0.0.1:0"])
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        pid = process.processIdentifier
        Reaper.shared.process(pid)
        drain = Drain(errors.fileHandleForReading)
        let line = drain.line(where: isAwaited)
        guard let line else {
            if process.isRunning { kill(pid, SIGKILL) }
            process.waitUntilExit()
            Reaper.shared.ended(pid)
            throw DidNotStart(words: drain.wait())
        }
        url = Self.isReady(line[...]) ? Self.url(line) : ""
    }

    private static let greeting = "listening on "

    /// Whether a line of stderr is the one that a server writes when it is ready, as text or in JSON.
    package static func isReady(_ line: Substring) -> Bool {
        line.hasPrefix(greeting) || line.contains("\"message\":\"\(greeting)")
    }

    private static func url(_ line: String) -> String {
        guard let found = line.range(of: greeting) else { return "" }
        return String(line[found.upperBound...].prefix { $0 != "\"" })
    }

    /// `andon up` on a data directory.
    package convenience init(_ directory: String, _ more: [String] = []) throws {
        try self.init(["up", "--data-dir", directory] + more)
    }

    package var isRunning: Bool { process.isRunning }

    /// What it wrote to stderr so far.
    package var words: String { drain.text }

    /// Waits until it has written such a line to stderr.
    /// - Returns: nil where it ended without one, or took more than a minute.
    package func line(where isWanted: (Substring) -> Bool) -> String? { drain.line(seconds: 60, where: isWanted) }

    /// Sends a signal and does not wait.
    package func signal(_ signal: Int32) { kill(pid, signal) }

    /// Sends a signal and waits for the end.
    /// - Returns: the exit code or the signal that ended it, and all of stderr.
    @discardableResult
    package func end(_ signal: Int32) -> (exit: Int32, errors: String) {
        if process.isRunning { kill(pid, signal) }
        return wait()
    }

    /// Waits for its end.
    package func wait() -> (exit: Int32, errors: String) {
        process.waitUntilExit()
        Reaper.shared.ended(pid)
        return (process.terminationStatus, drain.wait())
    }

    deinit {
        if process.isRunning { end(SIGKILL) }
    }
}
