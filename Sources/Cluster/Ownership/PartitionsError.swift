public import Projector

/// Why a worker's partitions cannot be had.
public struct PartitionsError: Error, CustomStringConvertible, Sendable {
    public var message: String
    /// What an operator can do.
    public var hint: String?
    public var isRetriable = false
    public var description: String { hint.map { "\(message); \($0)" } ?? message }

    static func folderInUse(_ folder: String) -> PartitionsError {
        PartitionsError(
            message: "another worker uses the folder '\(folder)'", hint: "give every worker a --data-dir of its own")
    }

    static func folderUnusable(_ folder: String, _ reason: String) -> PartitionsError {
        PartitionsError(
            message: "the folder '\(folder)' cannot be used: \(reason)",
            hint: "check that it can be made and that this user may write there")
    }
}

/// What is wrong with one partition of a worker.
public struct PartitionFailure: Sendable, Equatable {
    public var message: String
    /// Whether it is tried again by itself.
    public var isRetriable: Bool
}

/// How one partition of a worker stands.
public struct PartitionStanding: Sendable, Equatable {
    /// What is being done with it.
    public enum Phase: String, Sendable, CaseIterable {
        /// Its store is being opened.
        case restoring
        /// It folds, publishes and answers.
        case folding
        /// As folding, but nothing is published until the group is heard from again.
        case suspended
        /// It stops: what was folded is being committed.
        case draining
        /// Something failed; it is tried again.
        case waiting
        /// Something failed for good: an operator has to act.
        case failed
    }

    public var phase: Phase
    /// How far the fold is; nil while there is none.
    public var progress: FoldProgress?
    /// Why it waits or has failed, or failed before; nil once it folds.
    public var failure: PartitionFailure?
}
