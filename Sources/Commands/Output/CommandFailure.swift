/// Why a command did not do what it was asked to: what happened, why, and the next command to run.
struct CommandFailure: Error, Equatable {
    var exitCode: ExitCode
    /// One sentence without a full stop.
    var what: String
    var why: String?
    /// A command or an act that leads on.
    var next: String?
    /// Shown with `--verbose` alone.
    var details: [String] = []

    init(_ exitCode: ExitCode, _ what: String, why: String? = nil, next: String? = nil, details: [String] = []) {
        self.exitCode = exitCode
        self.what = what
        self.why = why
        self.next = next
        self.details = details
    }

    /// The lines for stderr.
    func lines(verbose: Bool) -> [String] {
        var lines = ["error: \(what)"]
        if let why { lines.append("  why:  \(why)") }
        if let next { lines.append("  next: \(next)") }
        if verbose {
            lines += details.map { "  \($0)" }
            lines.append("  exit code \(exitCode.rawValue)")
        }
        return lines
    }
}
