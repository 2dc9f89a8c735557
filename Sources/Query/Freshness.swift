internal import EventModel
internal import Figures
internal import JSON
internal import Projector

/// How fresh a process's figures are (SPEC 7.8).
struct Freshness {
    var now: Timestamp
    var partitions: [PartitionIndex: FoldWatch.Entry]
    /// By id.
    var sites: [Site]
    /// Whether there are more sites than are shown.
    var isTruncated: Bool
    var notAsked: [PartitionIndex]
    var warnings: [String]

    struct Site: Equatable {
        var id: SiteID
        var partition: PartitionIndex
        var course: FoldCourse
        /// Microseconds; nil without events.
        var newestEvent: Int64?
        /// Like ``newestEvent``.
        var newestCreatedAt: Int64?
    }
}

extension JSONWriter {
    mutating func freshness(_ freshness: Freshness) {
        object { writer in
            writer.member("server_time", freshness.now)
            writer.list("partitions", freshness.partitions.sorted { $0.key < $1.key }) { writer, partition in
                writer.partition(partition.key, partition.value, freshness.now)
            }
            writer.key("not_asked")
            writer.array { writer in
                for partition in freshness.notAsked { writer.integer(Int64(partition.value)) }
            }
            writer.list("sites", freshness.sites) { $0.site($1, freshness.now) }
            writer.member("truncated", freshness.isTruncated)
            writer.key("warnings")
            writer.array { writer in for warning in freshness.warnings { writer.string(warning) } }
        }
    }

    private mutating func partition(_ partition: PartitionIndex, _ entry: FoldWatch.Entry, _ now: Timestamp) {
        let (progress, report) = (entry.standing?.progress, entry.report)
        member("partition", Int64(partition.value))
        member("state", entry.course.rawValue)
        key("reason")
        string(orNull: entry.trouble ?? reason(entry, now))
        key("next_offset")
        integer(orNull: progress?.nextOffset.value)
        key("log_end")
        integer(orNull: progress?.logEnd.value)
        seconds("log_end_age_seconds", progress?.endAgeMicroseconds)
        key("lag_records")
        integer(orNull: report?.lagRecords)
        key("lag_events")
        integer(orNull: entry.lagEvents)
        seconds("lag_seconds", entry.lag(at: now))
        key("records_per_second")
        integer(orNull: report?.recordsPerSecond)
        key("events_per_second")
        integer(orNull: report?.eventsPerSecond)
        seconds("backlog_seconds", report?.backlogMicroseconds)
        member("newest_created_at", entry.standing?.newestCreatedAt)
    }

    /// What else than trouble makes the state one that somebody should look at.
    private func reason(_ entry: FoldWatch.Entry, _ now: Timestamp) -> String? {
        switch entry.course {
        case .level, .slow: return nil
        case .noInput:
            guard let newest = entry.standing?.newestCreatedAt else { return "nothing has come in yet" }
            return "nothing has come in for \((now - newest) / Microseconds.minute) minutes"
        case .stuck:
            let standing = entry.report?.standingMicroseconds ?? 0
            return "records wait, and none was folded for \(standing / Microseconds.second) s"
        }
    }

    private mutating func site(_ site: Freshness.Site, _ now: Timestamp) {
        member("site_id", id: site.id.bytes[...])
        member("partition", Int64(site.partition.value))
        member("state", site.course.rawValue)
        member("newest_event_time", microseconds: site.newestEvent)
        member("newest_created_at", microseconds: site.newestCreatedAt)
        // Events that are stamped ahead of the clock are as fresh as can be.
        seconds("age_seconds", site.newestCreatedAt.map { max(0, now.microseconds - $0) })
    }

    private mutating func seconds(_ name: StaticString, _ microseconds: Int64?) {
        member(name, microseconds.flatMap { FixedPoint.seconds($0) }.map { .decimal($0) } ?? .null)
    }
}

extension FoldWatch.Entry {
    /// How old what the fold has is while records wait, in microseconds; 0 while none do.
    fileprivate func lag(at now: Timestamp) -> Int64? {
        guard let standing, let report else { return nil }
        return report.lagRecords == 0 ? 0 : standing.newestCreatedAt.map { max(0, now - $0) }
    }

    /// The records that wait, times the events of a record as folded so far: how many there are only folding tells.
    fileprivate var lagEvents: Int64? {
        guard let standing, let report else { return nil }
        guard report.lagRecords > 0 else { return 0 }
        let (events, records) = (standing.statistics.events, standing.statistics.records)
        guard records > 0 else { return nil }
        return Int64(exactly: Int128(report.lagRecords) * Int128(events) / Int128(records))
    }
}
