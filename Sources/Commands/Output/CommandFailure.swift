internal import Observability

/// Why a command failed: what happened, why, and the next command to run.
struct CommandFailure: Error, Equatable {
    var exitCode: ExitCode
    /// One sentence without a full stop.
    var what: String
    var why: String?
    /// The next command to run, or what to do first.
    var next: String?
    /// Shown with `--verbose` only.
    var details: [String] = []

    init(_ exitCode: ExitCode, _ what: String, why: String? = nil, next: String? = nil, details: [String] = []) {
        self.exitCode = exitCode
        self.what = what
        self.why = why
        self.next = next
        self.details = details
    }

    /// A module's failure, described by what the command could not do because of it.
    init(_ what: String, because error: any OperatorError) {
        self.init(error.isRetriable ? .unavailable : .failure, what, why: error.message, next: error.hint)
    }

    /// An error for which no command has an explanation.
    init(unexplained error: any Error) {
        self.init(.failure, reason(of: error), next: (error as? any OperatorError)?.hint)
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

/// Runs `body`. If a module fails, the command fails with what it could not do and the module's reason.
/// - Throws: ``CommandFailure`` for a module's error; all other errors of `body` pass through.
func explaining<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as any OperatorError { throw CommandFailure(what, because: error) }
}
