internal import Locks

@testable import Commands

/// A console that keeps what a user would have seen.
final class Recorder: Sendable {
    private let out = Guarded<[UInt8]>([])
    private let err = Guarded<String>("")

    var output: String { out.withLock { String(decoding: $0, as: UTF8.self) } }
    var errors: String { err.withLock { $0 } }

    func console(colour: Bool = false, errorIsTerminal: Bool = false) -> Console {
        Console(
            writeOutput: { bytes in self.out.withLock { $0 += bytes } },
            writeError: { text in self.err.withLock { $0 += text } },
            outputIsTerminal: colour, errorIsTerminal: errorIsTerminal, usesColour: colour)
    }

    /// Runs a command line as `andon` would.
    func run(
        _ words: [String], commands: [Command] = CommandLineTool.allCommands, environment: [String: String] = [:]
    ) -> ExitCode {
        CommandLineTool(commands: commands, console: console(), environment: environment).run(words)
    }
}
