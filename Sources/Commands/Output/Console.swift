internal import Files
internal import Foundation

/// Where a command writes: data to stdout, everything else to stderr.
///
/// A value with closures, so that tests see what a user would.
struct Console: Sendable {
    /// Writes bytes to stdout unchanged. Throws if the reader has gone or the disk is full.
    var writeOutput: @Sendable ([UInt8]) throws -> Void
    var writeError: @Sendable (String) -> Void
    var outputIsTerminal: Bool
    var errorIsTerminal: Bool
    /// False with `NO_COLOR` or `TERM=dumb`, or if stdout is not a terminal.
    var usesColour: Bool
    /// The next line that somebody types; nil if stdin is not a terminal, so that nobody can be asked.
    var readAnswer: (@Sendable () -> String?)?
    /// Cells of a line of the terminal on stdout; nil if it is none, or does not say.
    var columns: Int?

    /// One line on stdout.
    func line(_ text: String) throws { try writeOutput(Array((text + "\n").utf8)) }

    /// One line on stderr.
    func note(_ text: String) { writeError(text + "\n") }

    /// The console of this process.
    static func standard(environment: [String: String]) -> Console {
        let outputIsTerminal = isatty(STDOUT_FILENO) == 1
        return Console(
            writeOutput: { bytes in
                guard writeAll(bytes, to: STDOUT_FILENO) else {
                    if errno == EPIPE { throw ReaderGone() }
                    throw CommandFailure(.failure, "cannot write to stdout", why: String(cString: strerror(errno)))
                }
            },
            writeError: { text in _ = writeAll(Array(text.utf8), to: STDERR_FILENO) },
            outputIsTerminal: outputIsTerminal,
            errorIsTerminal: isatty(STDERR_FILENO) == 1,
            usesColour: outputIsTerminal && environment["NO_COLOR", default: ""].isEmpty
                && environment["TERM"] != "dumb",
            readAnswer: isatty(STDIN_FILENO) == 1 ? typedLine : nil,
            columns: outputIsTerminal ? terminalColumns() : nil)
    }
}

@Sendable private func typedLine() -> String? { readLine() }

/// Cells of a line of the terminal on stdout; nil if it does not say.
private func terminalColumns() -> Int? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
}

/// The reader of stdout needs no more, as with `head`: the command ends, and that is not a failure.
struct ReaderGone: Error {}
