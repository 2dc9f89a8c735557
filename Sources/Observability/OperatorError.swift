/// An error that somebody who runs Andon gets to read: what happened, what to do about it, and whether it passes.
///
/// Every module has one struct for its errors, which conforms; errors of libraries (SQLite, Kafka, curl) are wrapped
/// where they enter. So callers decide by ``isRetriable`` and show ``message`` and ``hint`` without knowing the type.
public protocol OperatorError: Error, CustomStringConvertible {
    /// Stable name of the kind of error in snake_case, e.g. `log_unavailable`: for counters and programs. More can come.
    var name: String { get }
    /// What happened and why, in one sentence without a full stop.
    var message: String { get }
    /// What the operator can do about it, or the next command to run.
    var hint: String? { get }
    /// Whether the same call can succeed later with nothing changed by hand.
    var isRetriable: Bool { get }
}

extension OperatorError {
    public var description: String { hint.map { "\(message); \($0)" } ?? message }
}

/// An error that no module has wrapped.
public struct UnexpectedError: OperatorError {
    public var name: String { "unexpected" }
    public let message: String
    public var hint: String? { nil }
    public var isRetriable: Bool { false }

    fileprivate init(_ error: any Error) { message = "\(error)" }
}

extension Error {
    /// The error as an operator reads it. The only place that asks for the type.
    public var forOperator: any OperatorError { self as? any OperatorError ?? UnexpectedError(self) }
}
