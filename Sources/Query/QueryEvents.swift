internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    /// How fresh the figures of a partition are could not be answered because of an error of this process.
    static func freshnessFailed(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "freshness_failed", .error,
            "/api/freshness could not be answered for partition \(partition.value): \(error)",
            [Field("partition", partition.value, isInMessage: true), Field("error", error.name)])
    }

    /// Published records could not be read because of an error of this process.
    static func metricRecordsFailed(_ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "metric_records_failed", .error, "/api/metric-records could not be answered: \(error)",
            [Field("error", error.name)])
    }

    /// A question about a site could not be answered because of an error of this process, not of the question.
    static func questionFailed(_ path: String, _ site: SiteID, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "question_failed", .error, "\(path) about site \(site) could not be answered: \(error)",
            [
                Field("path", path, isInMessage: true), Field("site", site, isInMessage: true),
                Field("error", error.name),
            ])
    }
}
