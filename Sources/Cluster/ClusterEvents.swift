internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    static func partitionFailed(_ partition: PartitionIndex, _ failure: PartitionFailure) -> JournalEvent {
        JournalEvent(
            "partition_failed", .warning, failure.message, [Field("partition", partition.value, isInMessage: true)])
    }

    /// What the log had lost is declared as skipped: the partition is opened again.
    static func partitionGoesOn(_ partition: PartitionIndex, without lost: Range<LogOffset>) -> JournalEvent {
        JournalEvent(
            "partition_goes_on", .info,
            "partition \(partition.value) goes on without offsets \(lost.lowerBound.value) to "
                + "\(lost.upperBound.value - 1), which are declared as skipped",
            [Field("partition", partition.value, isInMessage: true)])
    }

    /// Said once until one is sent again: nobody relies on a gateway that is silent.
    static func clockBeaconFailed(_ error: LogError) -> JournalEvent {
        JournalEvent("clock_beacon_failed", .warning, "the cluster does not learn of this gateway's clock: \(error)")
    }

    /// The holder is alive but cannot answer for the partition.
    static func holderRefused(_ holder: Holder, _ partition: PartitionIndex, status: Int) -> JournalEvent {
        JournalEvent(
            "holder_refused", .warning,
            "worker \(holder.workerID) answers \(status) for partition \(partition.value)",
            [
                Field("worker", holder.workerID, isInMessage: true),
                Field("partition", partition.value, isInMessage: true), Field("status", status, isInMessage: true),
            ])
    }

    static func holderUnreachable(_ holder: Holder, _ partition: PartitionIndex, reason: String) -> JournalEvent {
        JournalEvent(
            "holder_unreachable", .warning,
            "worker \(holder.workerID) cannot be reached for partition \(partition.value): \(reason)",
            [
                Field("worker", holder.workerID, isInMessage: true),
                Field("partition", partition.value, isInMessage: true),
            ])
    }

    static func announcementFailed(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "announcement_failed", .warning, "partition \(partition.value) could not be announced: \(error)",
            [Field("partition", partition.value, isInMessage: true)])
    }

    static let withdrawalUnconfirmed = JournalEvent(
        "withdrawal_unconfirmed", .warning,
        "this process stops without confirmation that the cluster knows it holds no partition any more")
}
