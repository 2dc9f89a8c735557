internal import EventLog
internal import EventModel
internal import Observability
internal import ProjectionStore

/// What this module records in the journal.
extension JournalEvent {
    /// The log cannot be read at the moment; the fold tries again until it can.
    static func foldWaitsForLog(_ partition: PartitionIndex, _ error: LogError) -> JournalEvent {
        JournalEvent(
            "fold_waits_for_log", .warning, "the fold of partition \(partition.value) waits for the log: \(error)",
            fields(partition))
    }

    /// The end of ``foldWaitsForLog(_:_:)``.
    static func foldReadsLogAgain(_ partition: PartitionIndex) -> JournalEvent {
        JournalEvent(
            "fold_reads_log_again", .info, "the log of partition \(partition.value) can be read again",
            fields(partition))
    }

    /// A commit was not written; the same one is tried again.
    static func commitFailed(_ partition: PartitionIndex, _ error: StoreError) -> JournalEvent {
        JournalEvent(
            "fold_commit_failed", .warning, "partition \(partition.value): \(error)", fields(partition))
    }

    /// The fold has ended before it was stopped.
    static func foldFailed(_ partition: PartitionIndex, _ failure: FoldFailure) -> JournalEvent {
        JournalEvent("fold_failed", .error, failure.message, fields(partition))
    }

    /// The fold cannot go on until an operator acts; what was folded is answered.
    static func foldHalted(_ partition: PartitionIndex, _ failure: FoldFailure) -> JournalEvent {
        JournalEvent("fold_halted", .error, failure.message, fields(partition))
    }

    /// The store does not hold what was written to it; it is put aside.
    static func storeDamaged(_ partition: PartitionIndex, _ failure: FoldFailure) -> JournalEvent {
        JournalEvent(
            "store_damaged", .error, "partition \(partition.value): \(failure.message)", fields(partition))
    }

    /// Questions are answered again when the new store has passed its goal.
    static func rebuildBegins(_ partition: PartitionIndex, _ rebuild: FoldRebuild) -> JournalEvent {
        JournalEvent(
            "rebuild_begins", .warning, "partition \(partition.value): \(rebuild.text(next: .zero))",
            fields(partition) + [Field("goal", rebuild.goal.value)])
    }

    private static func fields(_ partition: PartitionIndex) -> [Field] {
        [Field("partition", partition.value, isInMessage: true)]
    }
}
