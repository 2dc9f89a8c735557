package import Foundation
internal import Locks

/// The real `andon`, which is built beside the test's own executable.
package enum AndonProcess {
    package struct Result: Sendable {
        package var exit: Int32
        package var output: String
        package var errors: String
    }

    package static func make(_ arguments: [String]) throws -> Process {
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
    package static func run(_ arguments: [String]) throws -> Result { try run(make(arguments)) }

    /// Runs any program to its end.
    package static func run(_ process: Process) throws -> Result {
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
