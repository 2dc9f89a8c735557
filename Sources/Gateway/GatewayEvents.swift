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

    /// Answers to Idempotency-Keys stay in memory until the file can be written again.
    static func answersNotKept(_ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "answers_not_kept", .warning,
            "the answers to Idempotency-Keys cannot be read or written, repeated requests may be judged anew: \(error)")
    }

    /// A start took too long to read what is left of the last 24 hours.
    static func answersIncomplete(seconds: Int) -> JournalEvent {
        JournalEvent(
            "answers_incomplete", .warning,
            "not all records of the last 24 hours could be read in \(seconds) s; requests with older Idempotency-Keys are "
                + "judged anew when they are repeated")
    }
}
