package import EventModel
internal import Figures
package import JSON
internal import Projector

// One form for clients and for processes that gather, so that what a holder says needs no second description.

extension JSONWriter {
    /// - Parameter now: the clock of who answers: ages are counted back from it, whoever holds a partition.
    package mutating func freshness(_ freshness: Freshness, at now: Timestamp) {
        object { writer in
            writer.member("server_time", now)
            writer.list("partitions", freshness.partitions) { $0.partition($1, now) }
            writer.list("missing", freshness.missing) { writer, missing in
                writer.member("partition", Int64(missing.partition.value))
                writer.member("reason", missing.reason)
            }
            writer.list("sites", freshness.sites) { $0.site($1, now) }
            writer.member("truncated", freshness.isTruncated)
            writer.key("warnings")
            writer.array { writer in for warning in freshness.warnings { writer.string(warning) } }
            writer.list("webhooks", freshness.webhooks) { $0.webhook($1) }
        }
    }

    private mutating func partition(_ item: Freshness.Partition, _ now: Timestamp) {
        member("partition", Int64(item.partition.value))
        member("state", item.course.rawValue)
        key("reason")
        string(orNull: item.reason)
        key("next_offset")
        integer(orNull: item.next?.value)
        key("log_end")
        integer(orNull: item.logEnd?.value)
        seconds("log_end_age_seconds", item.logEndAge)
        key("lag_records")
        integer(orNull: item.lagRecords)
        key("lag_events")
        integer(orNull: item.lagEvents)
        seconds("lag_seconds", item.lag(at: now))
        key("records_per_second")
        integer(orNull: item.recordsPerSecond)
        key("events_per_second")
        integer(orNull: item.eventsPerSecond)
        seconds("backlog_seconds", item.backlog)
        member("newest_created_at", item.newestCreatedAt)
    }

    private mutating func site(_ site: Freshness.Site, _ now: Timestamp) {
        member("site_id", id: site.id.bytes[...])
        member("partition", Int64(site.partition.value))
        member("state", site.course.rawValue)
        member("newest_event_time", site.newestEvent)
        member("newest_created_at", site.newestCreatedAt)
        // Events that are stamped ahead of the clock are as fresh as can be.
        seconds("age_seconds", site.newestCreatedAt.map { max(0, now - $0) })
    }

    private mutating func webhook(_ webhook: Freshness.Webhook) {
        member("number", Int64(webhook.number))
        member("webhook", webhook.target)
        member("told", webhook.told)
        member("waiting", webhook.waiting)
        member("failed_requests", webhook.failedRequests)
        member("dropped", webhook.dropped)
        member("last_told", webhook.toldAt)
        key("reason")
        string(orNull: webhook.reason)
    }

    private mutating func seconds(_ name: StaticString, _ microseconds: Int64?) {
        member(name, microseconds.flatMap { FixedPoint.seconds($0) }.map { .decimal($0) } ?? .null)
    }
}

extension Freshness {
    /// Reads what another process answers; nil if it is something else.
    package init?(_ json: JSONValue) {
        guard case .bool(let isTruncated)? = json["truncated"], let partitions = json["partitions"]?.items,
            let sites = json["sites"]?.items, let missing = json["missing"]?.items
        else { return nil }
        self.init()
        self.partitions = partitions.compactMap { Partition($0) }
        self.sites = sites.compactMap { Site($0) }
        self.missing = missing.compactMap { item in
            guard let partition = item.partition, let reason = item["reason"]?.text else { return nil }
            return Missing(partition, reason)
        }
        guard self.partitions.count == partitions.count, self.sites.count == sites.count,
            self.missing.count == missing.count
        else { return nil }
        self.isTruncated = isTruncated
        warnings = (json["warnings"]?.items ?? []).compactMap(\.text)
        webhooks = (json["webhooks"]?.items ?? []).compactMap { Webhook($0) }
    }
}

extension Freshness.Partition {
    fileprivate init?(_ json: JSONValue) {
        guard let partition = json.partition, let course = json.course else { return nil }
        self.partition = partition
        self.course = course
        reason = json["reason"]?.text
        next = json.integer("next_offset").map { LogOffset($0) }
        logEnd = json.integer("log_end").map { LogOffset($0) }
        logEndAge = json.microseconds("log_end_age_seconds")
        lagRecords = json.integer("lag_records")
        lagEvents = json.integer("lag_events")
        recordsPerSecond = json.integer("records_per_second")
        eventsPerSecond = json.integer("events_per_second")
        backlog = json.microseconds("backlog_seconds")
        newestCreatedAt = json.time("newest_created_at")
    }
}

extension Freshness.Site {
    fileprivate init?(_ json: JSONValue) {
        guard let id = json["site_id"]?.text.map({ SiteID($0) }), id.isValid, let partition = json.partition,
            let course = json.course
        else { return nil }
        self.id = id
        self.partition = partition
        self.course = course
        newestEvent = json.time("newest_event_time")
        newestCreatedAt = json.time("newest_created_at")
    }
}

extension Freshness.Webhook {
    fileprivate init?(_ json: JSONValue) {
        guard let number = json.integer("number"), let target = json["webhook"]?.text else { return nil }
        self.init(
            number: Int(number), target: target, told: json.integer("told") ?? 0,
            failedRequests: json.integer("failed_requests") ?? 0, dropped: json.integer("dropped") ?? 0,
            waiting: json.integer("waiting") ?? 0, toldAt: json.time("last_told"), reason: json["reason"]?.text)
    }
}

extension JSONValue {
    fileprivate var partition: PartitionIndex? {
        self["partition"]?.text.flatMap { Int32($0) }.map { PartitionIndex($0) }
    }
    fileprivate var course: FoldCourse? { self["state"]?.text.flatMap { FoldCourse(rawValue: $0) } }
    fileprivate func integer(_ name: String) -> Int64? { self[name]?.text.flatMap { Int64($0) } }
    fileprivate func time(_ name: String) -> Timestamp? { self[name]?.text.flatMap { Timestamp(rfc3339: $0) } }
    fileprivate func microseconds(_ name: String) -> Int64? {
        guard let seconds = self[name]?.text.flatMap({ Double($0) }) else { return nil }
        return Int64(exactly: (seconds * Double(Microseconds.second)).rounded())
    }
}
