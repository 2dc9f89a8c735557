internal import EventLog

/// What a fold thinks of its log after an error: whether it is worth waiting for, and what the operator was told.
struct LogTrouble: Sendable, Equatable {
    /// The log said that the next offset is not there, and nothing was read since.
    private var isDenied = false
    private var isReported = false

    /// What an error of the log means.
    enum Verdict: Sendable, Equatable {
        /// Wait, compare, go on. `isNews` where the operator does not know yet.
        case wait(isNews: Bool)
        case fatal
    }

    mutating func note(_ error: LogError) -> Verdict {
        if error.code == .outOfRange, !isDenied {
            // Its records tell whether the log is another one, or shorter.
            isDenied = true
        } else if !error.isRetriable {
            return .fatal
        }
        defer { isReported = true }
        return .wait(isNews: !isReported)
    }

    /// The log has handed out what was asked for.
    mutating func read() { isDenied = false }

    /// The log is the one that was folded.
    /// - Returns: whether the operator was told of trouble before.
    mutating func verified() -> Bool {
        defer { isReported = false }
        return isReported
    }
}
