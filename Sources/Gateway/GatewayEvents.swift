internal import Clocks
internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    static func appendFailed(_ partition: PartitionIndex, _ error: LogError) -> JournalEvent {
        JournalEvent("append_failed", .error, "append failed: \(error)", [Field("partition", partition.value)])
    }

    /// Nothing is admitted until the log says whether it has them.
    static func definitionsUncertain(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "definitions_uncertain", .error,
            "nothing is admitted to partition \(partition.value) until it is known whether a definition is in the log: "
                + "\(error)", [Field("partition", partition.value, isInMessage: true)])
    }

    /// The definition is in the log; its names are stored nowhere until the client sends it again.
    static func registryNotWritten(_ site: SiteID, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "registry_not_written", .error, "the registry of site \(site) could not be written: \(error)",
            [Field("site", site, isInMessage: true)])
    }

    /// The registry had nothing of a site that the log defines, as after a kill between the two or in a directory that
    /// came without a registry.
    static func siteOnlyInLog(_ site: SiteID) -> JournalEvent {
        JournalEvent(
            "site_only_in_log", .warning,
            "site \(site) is defined by the log alone, which has no names of people: andon site apply gives them again",
            [Field("site", site, isInMessage: true)])
    }

    /// What happened to the clock.
    static func clock(_ event: ClockEvent, _ now: Timestamp) -> JournalEvent {
        let field = Field("clock", now.formatted)
        switch event {
        case .jumped(let microseconds, isBelieved: true):
            return JournalEvent(
                "clock_jumped", .warning,
                "the clock \(ClockReasons.jump(microseconds)), and the kernel calls it synchronised", [field])
        case .jumped(let microseconds, isBelieved: false):
            return JournalEvent("clock_jumped", .warning, ClockReasons.jumped(microseconds), [field])
        case .believedAgain:
            return JournalEvent("clock_believed", .info, "the clock is no longer in doubt", [field])
        }
    }

    static func clockBehind(_ reason: String) -> JournalEvent { JournalEvent("clock_behind", .warning, reason) }

    static func clockRefused(_ reason: String) -> JournalEvent { JournalEvent("clock_refused", .error, reason) }

    static let clockCaughtUp = JournalEvent(
        "clock_caught_up", .info, "the clock and the newest records of the log agree again: events are admitted")

    /// The record is in the log.
    static func clockSetBack(
        _ partition: PartitionIndex, _ setBack: Sequencer.SetBack, to time: Timestamp
    ) -> JournalEvent {
        let who =
            switch setBack.cause.reason {
            case .synchronised: "the kernel calls it synchronised"
            case .confirmed: "an operator has confirmed it"
            }
        let confirmation = setBack.cause.confirmedBy
        return JournalEvent(
            "clock_set_back", .warning,
            "partition \(partition.value) goes on with the clock's time \(time.formatted), although it has records of "
                + "\(setBack.newestStamp.formatted): \(who)",
            [
                Field("partition", partition.value, isInMessage: true),
                Field("created_at", time.formatted, isInMessage: true),
                Field("newest_created_at", setBack.newestStamp.formatted, isInMessage: true),
            ] + (confirmation.isEmpty ? [] : [Field("confirmed_by", String(decoding: confirmation, as: UTF8.self))]))
    }

    /// A start goes on without it; only the first one of a partition is named.
    static func recordUnreadable(_ name: String, _ position: RecordPosition, _ error: CodecError) -> JournalEvent {
        JournalEvent(
            "record_unreadable", .error,
            "\(name) is no record of Andon, is damaged, or is of a newer version (\(error)): its partition is not folded "
                + "beyond it",
            [Field("partition", position.partition.value, isInMessage: true), Field("offset", position.offset.value)])
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

    /// A start could not read what is left of the last 24 hours, or not in its time.
    static func answersIncomplete(seconds: Int) -> JournalEvent {
        JournalEvent(
            "answers_incomplete", .warning,
            "not all records of the last 24 hours could be read in \(seconds) s; requests with an Idempotency-Key in the "
                + "others are judged anew when they are repeated")
    }
}
