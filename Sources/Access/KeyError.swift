public import Observability
internal import SQLite

/// Why the API keys of a data directory cannot be read or written.
public struct KeyError: OperatorError {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The file cannot be opened, read or written.
        public static let unavailable = Code(name: "keys_unavailable")
        /// The file is not what was written.
        public static let damaged = Code(name: "keys_damaged")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var isRetriable: Bool

    public var name: String { code.name }

    static func damaged(_ what: String) -> KeyError {
        KeyError(code: .damaged, message: what, hint: nil, isRetriable: false)
    }

    /// What `error` means for the file at `path`.
    init(_ error: any Error, at path: String) {
        switch error {
        case let error as KeyError: self = error
        case let error as SQLiteError where error.isCorrupt: self = .damaged(error.message)
        default:
            let cause = error.forOperator
            self.init(
                code: .unavailable, message: "API keys at \(path) cannot be read or written: \(cause.message)",
                hint: cause.hint, isRetriable: cause.isRetriable)
        }
    }

    private init(code: Code, message: String, hint: String?, isRetriable: Bool) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetriable = isRetriable
    }
}
