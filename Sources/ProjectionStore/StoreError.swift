public import Observability
internal import SQLite
internal import Timeline

/// What went wrong with a projection store.
public struct StoreError: OperatorError {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The file cannot be opened, read or written.
        public static let unavailable = Code(name: "store_unavailable")
        /// The file does not hold what was written to it.
        public static let damaged = Code(name: "store_damaged")
        /// Of another format, fold, specification or log, or without the feed that is needed.
        public static let other = Code(name: "store_other")
        /// The writer has its turn, or waits for somebody who reads.
        public static let busy = Code(name: "store_busy")
    }

    public var code: Code
    public var message: String
    /// What an operator can do.
    public var hint: String?
    /// Whether the same call can work later.
    public var isRetriable: Bool

    public var name: String { code.name }

    public init(_ code: Code, _ message: String, hint: String? = nil, isRetriable: Bool = false) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetriable = isRetriable
    }

    static func damaged(_ what: String) -> StoreError {
        StoreError(.damaged, what, hint: "they are put aside and rebuilt from the log", isRetriable: true)
    }

    static func other(_ path: String) -> StoreError {
        StoreError(
            .other, "projections at \(path) are of another version or of another log",
            hint: "use the program that made them, or another folder")
    }

    static let busy = StoreError(
        .busy, "the projections are being written", hint: "ask again in a moment", isRetriable: true)

    static func noRoom(_ path: String) -> StoreError {
        StoreError(
            .busy, "projections at \(path) cannot be committed: somebody reads them for too long",
            hint: "end the other program that has the file open; the fold waits for it", isRetriable: true)
    }

    static func copyCut(_ path: String) -> StoreError {
        StoreError(
            .busy, "projections at \(path) cannot be copied: they are written faster than that",
            hint: "try again when fewer events come in", isRetriable: true)
    }

    /// What `error` means for an operation on a store.
    static func wrap(_ what: String, _ error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        let cause = error.forOperator
        guard !error.isStoreDamage else { return .damaged("\(what): \(cause.message)") }
        return StoreError(.unavailable, "\(what): \(cause.message)", hint: cause.hint, isRetriable: cause.isRetriable)
    }
}

extension Error {
    /// Whether what a store holds is not what was written to it, or is not whole.
    public var isStoreDamage: Bool {
        switch self {
        case let error as StoreError: error.code == .damaged
        case let error as SQLiteError: error.isCorrupt
        case let error as TimelineError: error.code == .corruptPage || error.code == .missingPage
        default: false
        }
    }
}
