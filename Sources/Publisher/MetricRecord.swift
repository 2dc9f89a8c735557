internal import EventLog
internal import EventModel
internal import Figures
internal import JSON

/// A metric record ready to send; it is encoded only when it is sent.
struct MetricRecord: Sendable {
    var kind: MetricKind
    var key: MetricKey
    /// nil: a tombstone. Hours that the site no longer has (its zone changed) are removed.
    var content: MetricContent?
    var status: MetricStatus
    var revision: MetricRevision
    /// E of SPEC 5.1, in microseconds: the hour's end, or the clock if the hour was still running.
    var asOf: Int64
    /// Version of the newest definition; nil if there is none.
    var definition: Int64?
    var fold: Int64
    /// Of a restated one, where it is known.
    var cause: RestatementCause?
    var previous: PublishedState?
    /// Whether targets are to be told, if it is the opening or closing of an alert.
    var isNews = false
    /// Whether the record before it is of the same alert and round: targets are told of both.
    var followsAnother = false

    static let spec = 2

    /// The topic's new state of the key; nil: none any more.
    var state: PublishedState? {
        content.map {
            PublishedState(
                epoch: revision.epoch, offset: revision.offset, status: status, asOf: asOf, fold: fold,
                figures: $0.figures)
        }
    }

    /// Identifies the content: the same record sent twice has the same id.
    var id: String {
        let key = String(decoding: key.bytes, as: UTF8.self)
        let what = content == nil ? "removed" : status.rawValue
        return "\(kind.name)/\(key);\(revision.epoch):\(revision.offset.value);\(what);\(asOf)"
    }

    /// Whether targets are to be told: of openings and closings, not of what an open alert says.
    var isToBeTold: Bool {
        guard isNews, case .alert(let content)? = content else { return false }
        return content.isOpen != (previous?.status == .opened)
    }

    /// Headers of an alert: which publisher it is from, so that after a kill it knows its own, and whether that one tells
    /// targets of it.
    static let publisherHeader = "andon_publisher"
    static let newsHeader = "andon_news"

    /// - Parameters:
    ///   - now: for the topic's own timestamp.
    ///   - publisher: see ``publisherHeader``.
    func topicRecord(_ names: TopicNames, now: Timestamp, publisher: String) -> TopicRecord {
        var record = TopicRecord(
            topic: kind.topic(names), partition: revision.partition, key: key.bytes, value: content.map(value),
            headers: CloudEvent.headers(
                id: id, site: key.site, type: kind.eventType, time: Timestamp(microseconds: asOf)),
            timestamp: now)
        if kind == .alert {
            let news = isToBeTold ? "true" : "false"
            record.headers += [
                RecordHeader(name: MetricRecord.publisherHeader, value: Array(publisher.utf8)),
                RecordHeader(name: MetricRecord.newsHeader, value: Array(news.utf8)),
            ]
        }
        return record
    }

    /// What it says about an alert; nil for other records.
    func notice(at now: Int64) -> AlertNotice? {
        guard case .alert(let alert)? = content else { return nil }
        return AlertNotice(
            key: key.bytes, value: value(.alert(alert)), knownAt: now, isOpen: alert.isOpen, isNews: isToBeTold,
            followsAnother: followsAnother)
    }

    private func value(_ content: MetricContent) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 1024)
        writer.object { writer in
            writer.key("site_id")
            writer.string(utf8: key.site.bytes)
            writeSubject(content, to: &writer)
            writer.member("status", status.rawValue)
            writer.member("as_of", microseconds: asOf)
            writer.key("revision")
            writer.object { writer in
                writer.member("epoch", revision.epoch)
                writer.member("partition", Int64(revision.partition.value))
                writer.member("offset", revision.offset.value)
            }
            writer.member("spec", MetricRecord.spec)
            writer.member("fold", fold)
            writer.key("definition")
            writer.integer(orNull: definition)
            content.write(elapsed: asOf - key.hourStart, to: &writer)
            if kind != .alert {
                writer.key("cause")
                if let cause { cause.write(to: &writer) } else { writer.null() }
            }
            writePrevious(to: &writer)
        }
        return writer.bytes
    }

    /// What it tells of, and of which time.
    private func writeSubject(_ content: MetricContent, to writer: inout JSONWriter) {
        if case .shift(let shift) = content {
            // `status` belongs to the record.
            let span = ShiftFigures.span.map { "\($0.name)" == "status" ? $0.named("shift_status") : $0 }
            return writer.figures(span, of: shift)
        }
        writeEntity(to: &writer)
        writer.member("hour_start", microseconds: key.hourStart)
        if kind != .alert { writer.member("hour_end", microseconds: key.hourStart + Microseconds.hour) }
    }

    private func writeEntity(to writer: inout JSONWriter) {
        func part(_ index: Int) -> ArraySlice<UInt8>? { key.entity[index].isEmpty ? nil : key.entity[index][...] }
        switch kind {
        case .worker: writer.member("worker_id", id: part(0))
        case .workstation: writer.member("workstation_id", id: part(0))
        case .factory, .shift: break
        case .alert:
            let scope = String(decoding: key.entity[1], as: UTF8.self)
            writer.member("kind", String(decoding: key.entity[0], as: UTF8.self))
            writer.member("scope", scope)
            if scope == "camera" { writer.member("camera_id", id: part(2)) }
            if scope == "workstation" { writer.member("workstation_id", id: part(2)) }
        case .modelHealth:
            writer.member("workstation_id", id: part(0))
            writer.member("camera_id", id: part(1))
            writer.member("model_version", id: part(2))
        }
    }

    /// What readers that sum up must subtract before they add this record.
    private func writePrevious(to writer: inout JSONWriter) {
        writer.key("previous")
        guard let previous else { return writer.null() }
        writer.object { writer in
            writer.member("status", previous.status.rawValue)
            writer.member("as_of", microseconds: previous.asOf)
            writer.key("figures")
            writer.object { previous.figures.write(to: &$0) }
        }
    }
}

/// Headers of CloudEvents 1.0 in the binary mode of its Kafka binding.
enum CloudEvent {
    static func headers(id: String, site: SiteID, type: String, time: Timestamp) -> [RecordHeader] {
        var text: [UInt8] = []
        time.appendFormatted(to: &text)
        return [
            RecordHeader(name: "ce_specversion", value: Array("1.0".utf8)),
            RecordHeader(name: "ce_id", value: Array(id.utf8)),
            // Site ids need no encoding (SPEC 1).
            RecordHeader(name: "ce_source", value: Array("/andon/".utf8) + site.bytes),
            RecordHeader(name: "ce_type", value: Array(type.utf8)),
            RecordHeader(name: "ce_time", value: text),
            RecordHeader(name: "content-type", value: Array("application/json".utf8)),
        ]
    }
}

/// A record of a metric topic as a reader sees it.
struct ReceivedMetric: Sendable {
    var key: MetricKey
    /// nil: removed.
    var state: PublishedState?
    /// `ce_id`; empty if there is none.
    var id: [UInt8]
    /// Of an alert: whose it is, and whether that one tells targets of it.
    var publisher: [UInt8]?
    var isNews = false

    /// nil if it is not a record of this kind.
    init?(_ record: FollowedRecord, kind: MetricKind) {
        guard let key = MetricKey(record.key, kind: kind) else { return nil }
        self.key = key
        id = record.headers.first { $0.name == "ce_id" }?.value ?? []
        publisher = record.headers.first { $0.name == MetricRecord.publisherHeader }?.value
        isNews = record.headers.first { $0.name == MetricRecord.newsHeader }?.value == Array("true".utf8)
        guard let value = record.value else { return }
        guard let json = JSONValue(value), let state = PublishedState(json, kind) else { return nil }
        self.state = state
    }
}

extension PublishedState {
    /// Parses a record; nil if it lacks a member that every record has.
    fileprivate init?(_ record: JSONValue, _ kind: MetricKind) {
        guard let status = record["status"]?.text.flatMap(MetricStatus.init(rawValue:)),
            let asOf = record["as_of"]?.text.flatMap({ Timestamp(rfc3339: $0) }),
            let epoch = record["revision"]?["epoch"]?.text,
            let offset = record["revision"]?["offset"]?.text.flatMap({ Int64($0) })
        else { return nil }
        self.init(
            epoch: epoch, offset: LogOffset(offset), status: status, asOf: asOf.microseconds,
            fold: record["fold"]?.text.flatMap { Int64($0) } ?? 0, figures: PublishedFigures(record, kind))
    }
}
