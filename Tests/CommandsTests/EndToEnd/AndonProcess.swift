import Foundation
import Locks

/// The real `andon`, which is built beside the test's own executable.
enum AndonProcess {
    struct Result {
        var exit: Int32
        var output: String
        var errors: String
    }

    static func make(_ arguments: [String]) throws -> Process {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "andon")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        // Nothing of the machine's own settings reaches it.
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": FileManager.default.temporaryDirectory.path]
        return process
    }

    /// Runs one command to its end.
    static func run(_ arguments: [String]) throws -> Result {
        let process = try make(arguments)
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let drain = Drain(errors.fileHandleForReading)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(exit: process.terminationStatus, output: text, errors: drain.wait())
    }
}

/// Reads a pipe to its end on a thread of its own, so that nobody waits for a full one.
final class Drain: Sendable {
    private let text = Guarded("")
    private let isDone = DispatchSemaphore(value: 0)

    init(_ handle: FileHandle) {
        let thread = Thread { [self] in
            while case let data = handle.availableData, !data.isEmpty {
                text.withLock { $0 += String(decoding: data, as: UTF8.self) }
            }
            isDone.signal()
        }
        thread.start()
    }

    /// All that was written, once the writer has closed.
    func wait() -> String {
        isDone.wait()
        isDone.signal()
        return text.withLock { $0 }
    }
}

/// A running `andon up`.
final class AndonServer {
    let url: String
    let process: Process
    private let firstWords: String
    private let drain: Drain

    struct DidNotStart: Error { var words: String }

    /// Starts it on a port that the kernel picks and waits for the line that says it is ready (SPEC 8.1).
    init(_ directory: String, _ more: [String] = []) throws {
        process = try AndonProcess.make(["up", "--data-dir", directory, "--listen", "127.0.0.1:0"] + more)
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        var words = ""
        var found: String?
        while found == nil {
            let data = errors.fileHandleForReading.availableData
            guard !data.isEmpty else { throw DidNotStart(words: words) }
            words += String(decoding: data, as: UTF8.self)
            found = words.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix("listening on ") }.map { String($0.dropFirst("listening on ".count)) }
        }
        url = found ?? ""
        firstWords = words
        drain = Drain(errors.fileHandleForReading)
    }

    /// Sends a signal and waits for the end.
    /// - Returns: the exit code, and all of stderr.
    @discardableResult
    func end(_ signal: Int32) -> (exit: Int32, errors: String) {
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        return (process.terminationStatus, firstWords + drain.wait())
    }

    deinit {
        if process.isRunning { end(SIGKILL) }
    }
}
