public import Observability

/// Why a replay cannot begin or go on.
public struct ReplayError: OperatorError {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String
        /// What is asked for is contradictory, or not in the log.
        public static let request = Code(name: "replay_request")
        /// The plan of a replay cannot be read.
        public static let plan = Code(name: "replay_plan")
        /// A fold has failed, or stands still at a record that cannot be read.
        public static let fold = Code(name: "replay_fold")
        /// The log cannot be read for so long that the replay gives up.
        public static let log = Code(name: "replay_log")
        /// What was folded cannot be stored.
        public static let store = Code(name: "replay_store")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var isRetriable: Bool { code == .log }
    public var name: String { code.name }

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}
