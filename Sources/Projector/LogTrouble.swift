internal import EventLog

/// Evaluates errors of the log: whether waiting makes sense, and what the operator knows already.
struct LogTrouble: Sendable, Equatable {
    /// The log reported that the next offset does not exist, and nothing was read since.
    private var isDenied = false
    private var isReported = false

    /// What a log error means for the fold.
    enum Verdict: Sendable, Equatable {
        /// Wait, compare, continue. `isNews` if the operator does not know yet.
        case wait(isNews: Bool)
        case fatal
    }

    mutating func note(_ error: LogError) -> Verdict {
        if error.code == .outOfRange, !isDenied {
            // Its records show whether the log is a different one, or shorter.
            isDenied = true
        } else if !error.isRetriable {
            return .fatal
        }
        defer { isReported = true }
        return .wait(isNews: !isReported)
    }

    /// The log has returned what was requested.
    mutating func read() { isDenied = false }

    /// The log is the one that was folded.
    /// - Returns: whether trouble was reported to the operator before.
    mutating func verified() -> Bool {
        defer { isReported = false }
        return isReported
    }
}

/// What keeps a fold from going on at the moment, for who asks how it is.
struct FoldHindrances: Sendable, Equatable {
    /// Why the log cannot be read.
    var log: String?
    /// Why what was folded cannot be stored.
    var store: String?

    var first: String? { store ?? log }
}
