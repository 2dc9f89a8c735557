public import EventModel
public import Observability
public import Projector

/// Why a worker cannot use its folder.
public struct PartitionsError: OperatorError {
    /// Open: more codes can come.
    public struct Code: Hashable, Sendable {
        let name: String
        /// Another worker uses the folder.
        public static let folderInUse = Code(name: "partitions_folder_in_use")
        /// The folder cannot be created or written.
        public static let folderUnusable = Code(name: "partitions_folder_unusable")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var name: String { code.name }
    public var isRetriable: Bool { false }

    static func folderInUse(_ folder: String) -> PartitionsError {
        PartitionsError(
            code: .folderInUse, message: "another worker uses the folder '\(folder)'",
            hint: "give every worker a --data-dir of its own")
    }

    static func folderUnusable(_ folder: String, _ reason: String) -> PartitionsError {
        PartitionsError(
            code: .folderUnusable, message: "the folder '\(folder)' cannot be used: \(reason)",
            hint: "check that it can be created and that this user may write there")
    }
}

/// What is wrong with one partition of a worker.
public struct PartitionFailure: Sendable, Equatable {
    public var message: String
    /// Whether it is retried without anybody doing anything.
    public var isRetriable: Bool
    /// What the log has lost: it is retried once an operator has declared that as skipped (SPEC 7.9).
    public var lost: Range<LogOffset>?

    public init(message: String, isRetriable: Bool, lost: Range<LogOffset>? = nil) {
        self.message = message
        self.isRetriable = isRetriable
        self.lost = lost
    }
}

/// The state of one partition of a worker, for readiness and operators.
public struct PartitionStatus: Sendable, Equatable {
    public enum Phase: String, Sendable, CaseIterable {
        /// Its store is being opened.
        case restoring
        /// It folds, publishes and answers.
        case folding
        /// As folding, but nothing is published until the group answers again.
        case suspended
        /// It is stopping: what was folded is being committed.
        case draining
        /// Something failed; it will be retried.
        case waiting
        /// Something failed permanently: an operator has to act.
        case failed
    }

    public var phase: Phase
    /// How far the fold is; nil while there is none.
    public var progress: FoldProgress?
    /// Why it waits or has failed, or why its fold stands still while it answers; nil while it folds.
    public var failure: PartitionFailure?
    /// Why it folds and answers nothing yet; nil when it answers.
    public var rebuild: FoldRebuild?
    /// What takes the place of the projections of an older version that answer; nil when those of this one do.
    public var upgrade: GenerationUpgrade?
}
