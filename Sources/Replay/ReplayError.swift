public import Observability

/// Why a replay, a snapshot, a comparison or a rebuild cannot begin or go on.
public struct ReplayError: OperatorError {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String

        // A replay.

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

        // A snapshot.

        /// The place of snapshots cannot be read or written.
        public static let snapshotUnavailable = Code(name: "snapshot_unavailable")
        /// Another process is taking a snapshot of the same partition.
        public static let snapshotInUse = Code(name: "snapshot_in_use")
        public static let snapshotNotFound = Code(name: "snapshot_not_found")
        /// It is not what was written.
        public static let snapshotDamaged = Code(name: "snapshot_damaged")
        /// It is of something else than what is wanted.
        public static let snapshotUnfit = Code(name: "snapshot_unfit")

        // A comparison of two generations.

        /// They stand at different positions.
        public static let otherPositions = Code(name: "comparison_positions")
        /// They are of different logs.
        public static let otherLogs = Code(name: "comparison_logs")
        /// One of them has tables of another version.
        public static let otherFormat = Code(name: "comparison_format")
        /// One of them still derives hours again after a definition.
        public static let stillDeriving = Code(name: "comparison_deriving")
        /// A row names something that its store does not have.
        public static let foreignRow = Code(name: "comparison_damaged")

        // What is wanted of rebuilds.

        /// The file or the topic cannot be read or written.
        public static let jobsUnavailable = Code(name: "jobs_unavailable")
        /// The file is not what was written.
        public static let jobsDamaged = Code(name: "jobs_damaged")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var isRetriable: Bool
    public var name: String { code.name }

    public init(_ code: Code, _ message: String, hint: String? = nil, isRetriable: Bool = false) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetriable = isRetriable
    }
}
