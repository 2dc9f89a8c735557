internal import EventModel
internal import Observability

/// What rebuilds record in the journal.
extension JournalEvent {
    static func jobsPutAside(_ path: String, _ error: ReplayError) -> JournalEvent {
        JournalEvent(
            "jobs_put_aside", .warning, "\(error.message); the file is now \(path), and no rebuild is known any more",
            [Field("path", path, isInMessage: true)])
    }

    static func jobUnreadable(_ id: String) -> JournalEvent {
        // A damaged id may be anything.
        let id = JobID(id)?.text ?? "whose id is damaged"
        return JournalEvent(
            "job_unreadable", .warning, "the record of rebuild \(id) cannot be read; nothing is done for it",
            [Field("job", id, isInMessage: true)])
    }

    static func jobNotMended(_ id: JobID, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "job_not_mended", .warning, "the topic could not be given the newest state of rebuild \(id): \(error)",
            [Field("job", id, isInMessage: true)])
    }

    static func jobsUnread(_ error: any OperatorError) -> JournalEvent {
        JournalEvent("jobs_unread", .warning, "no rebuild is carried on: \(error)")
    }

    static func rebuildActed(
        _ job: JobID, _ partition: PartitionIndex, _ action: RebuildMachine.Action
    ) -> JournalEvent {
        JournalEvent(
            "rebuild_acted", .info, "rebuild \(job), partition \(partition.value): \(action.words)",
            [
                Field("job", job, isInMessage: true), Field("partition", partition.value, isInMessage: true),
                Field("action", action.words, isInMessage: true),
            ])
    }

    static func rebuildFailed(_ job: JobID, _ partition: PartitionIndex, _ message: String) -> JournalEvent {
        JournalEvent(
            "rebuild_failed", .warning, "rebuild \(job), partition \(partition.value): \(message)",
            [Field("job", job, isInMessage: true), Field("partition", partition.value, isInMessage: true)])
    }
}
