internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    static func appendFailed(_ partition: PartitionIndex, _ error: LogError) -> JournalEvent {
        JournalEvent("append_failed", .error, "append failed: \(error)", [Field("partition", partition.value)])
    }

    /// The definition is in the log; its names are stored nowhere until the client sends it again.
    static func registryNotWritten(_ site: SiteID, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "registry_not_written", .error, "the registry of site \(site) could not be written: \(error)",
            [Field("site", site, isInMessage: true)])
    }

    /// A start goes on without the newest records of a partition.
    static func logTailUnreadable(_ partition: PartitionIndex, _ error: LogError) -> JournalEvent {
        JournalEvent(
            "log_tail_unreadable", .warning,
            "the tail of partition \(partition.value) cannot be read, duplicates in it are not reported: \(error)",
            [Field("partition", partition.value, isInMessage: true)])
    }
}
