/// The exit codes that scripts rely on (sysexits, and 128 + signal for Ctrl-C).
public struct ExitCode: RawRepresentable, Equatable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let success = ExitCode(rawValue: 0)
    public static let failure = ExitCode(rawValue: 1)
    /// The command line is wrong.
    public static let usage = ExitCode(rawValue: 64)
    /// The input is wrong: a file, a definition, a rejected event.
    public static let badData = ExitCode(rawValue: 65)
    /// The log, or the server that writes it, cannot be reached.
    public static let unavailable = ExitCode(rawValue: 69)
    /// The same command may work later.
    public static let tryAgain = ExitCode(rawValue: 75)
    /// Stopped by Ctrl-C.
    public static let interrupted = ExitCode(rawValue: 130)

    /// Every code with its meaning, as `--help` lists them.
    static let meanings: [(code: ExitCode, meaning: String)] = [
        (.success, "ok"),
        (.failure, "failure"),
        (.usage, "wrong usage"),
        (.badData, "bad data"),
        (.unavailable, "log or server unreachable"),
        (.tryAgain, "try again later"),
        (.interrupted, "stopped by Ctrl-C"),
    ]
}
