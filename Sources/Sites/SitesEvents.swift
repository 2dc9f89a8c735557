internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    /// The first record of the registry topic that cannot be decoded.
    static func registryRecordUnreadable(at position: RecordPosition) -> JournalEvent {
        JournalEvent(
            "registry_record_unreadable", .warning,
            "the registry's record at \(position) cannot be read and is left out",
            [Field("position", position, isInMessage: true)])
    }

    /// Another record displaced this process's newer one, which could not be written again.
    static func registryNotRewritten(_ site: SiteID, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "registry_not_rewritten", .warning,
            "the registry's newest record of site \(site) is not its newest definition: \(error)",
            [Field("site", site, isInMessage: true)])
    }

    /// The registry's file and the log did not belong together.
    /// - Parameter isDefined: whether the log has a definition of the site.
    static func registryCorrected(_ site: SiteID, isDefined: Bool) -> JournalEvent {
        let outcome =
            isDefined
            ? "the log's newest one is in force now; compare it with andon site show \(site)"
            : "the log has none, so the site is not defined; define it again with andon site apply"
        return JournalEvent(
            "registry_corrected", .warning,
            "the definition of site \(site) in registry.sqlite is not the one in the log: \(outcome)",
            [Field("site", site, isInMessage: true)])
    }
}
