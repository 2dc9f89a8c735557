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

    /// A generation is folded beside the live one.
    static func generationBegins(_ partition: PartitionIndex, _ id: Int64, job: String?) -> JournalEvent {
        let what = job.map { "for job '\($0)'" } ?? "to go back to"
        return JournalEvent(
            "generation_begins", .info, "partition \(partition.value): generation \(id) is folded \(what)",
            fields(partition, id))
    }

    /// A generation has all of the log.
    static func generationIsLevel(_ partition: PartitionIndex, _ id: Int64) -> JournalEvent {
        JournalEvent(
            "generation_level", .info, "partition \(partition.value): generation \(id) has all of the log",
            fields(partition, id))
    }

    /// Questions are answered from another generation.
    static func generationIsLive(_ partition: PartitionIndex, _ id: Int64, before: Int64) -> JournalEvent {
        JournalEvent(
            "generation_live", .info,
            "partition \(partition.value): generation \(id) answers instead of generation \(before)",
            fields(partition, id) + [Field("before", before)])
    }

    /// A generation and its files are gone.
    static func generationRemoved(_ partition: PartitionIndex, _ id: Int64) -> JournalEvent {
        JournalEvent(
            "generation_removed", .info, "partition \(partition.value): generation \(id) is removed",
            fields(partition, id))
    }

    /// Questions are answered from a generation of an older fold until the new one is ready.
    static func answersFromOldGeneration(_ partition: PartitionIndex, _ id: Int64) -> JournalEvent {
        JournalEvent(
            "generation_old", .warning,
            "partition \(partition.value): an older version of Andon made generation \(id), which answers and stands "
                + "still until a new one has all of the log",
            fields(partition, id))
    }

    /// Something about generations could not be done now; it is tried again.
    static func generationsTroubled(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "generations_troubled", .warning, "partition \(partition.value): \(error)", fields(partition))
    }

    private static func fields(_ partition: PartitionIndex, _ generation: Int64) -> [Field] {
        fields(partition) + [Field("generation", generation)]
    }

    private static func fields(_ partition: PartitionIndex) -> [Field] {
        [Field("partition", partition.value, isInMessage: true)]
    }
}
