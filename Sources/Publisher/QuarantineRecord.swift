internal import EventLog
internal import EventModel
internal import Figures
internal import JSON
internal import ProjectionStore
internal import Timeline

/// A quarantined event as a record of the quarantine topic (DESIGN 3).
enum QuarantineRecord {
    static let eventType = "andon.quarantine.v1"

    /// - Parameters:
    ///   - partition: of the event log; the record goes to the partition of the same number.
    ///   - now: for the topic's own timestamp.
    static func topicRecord(
        _ quarantined: ChangeFeed.Quarantined, _ names: TopicNames, partition: PartitionIndex, now: Timestamp
    ) -> TopicRecord {
        let entry = quarantined.event.entry
        let position = Position(
            record: RecordPosition(partition: partition, offset: entry.offset), index: entry.index
        ).description
        // The position is the id: a republished event keeps its id.
        var headers = CloudEvent.headers(
            id: position, site: quarantined.site, type: eventType, time: Timestamp(microseconds: entry.createdAt))
        headers += deadLetter(entry, names, partition)
        return TopicRecord(
            topic: names.quarantine, partition: partition, key: quarantined.site.bytes,
            value: value(quarantined, position),
            headers: headers, timestamp: now)
    }

    /// Names of Kafka Streams' dead letter queue, so that its tools find the record in the event log.
    private static func deadLetter(
        _ entry: TimelineEntry, _ names: TopicNames, _ partition: PartitionIndex
    ) -> [RecordHeader] {
        let reason = entry.quarantineReason?.verdict.code ?? "quarantined"
        let values = [
            ("exception", reason), ("message", message(entry.quarantineReason)), ("topic", names.events),
            ("partition", String(partition.value)), ("offset", String(entry.offset.value)),
        ]
        return values.map { RecordHeader(name: "__streams.errors.\($0.0)", value: Array($0.1.utf8)) }
    }

    private static func message(_ reason: Mark?) -> String {
        switch reason {
        case .unknownWorker: "the site's definition does not name the worker"
        case .unknownWorkstation: "the site's definition does not name the workstation"
        case .timestampInFuture: "the event lies further in the future than the site allows"
        default: "the event was quarantined at admission"
        }
    }

    private static func value(_ quarantined: ChangeFeed.Quarantined, _ position: String) -> [UInt8] {
        let entry = quarantined.event.entry
        var writer = JSONWriter(reservedBytes: 512)
        writer.object { writer in
            writer.key("site_id")
            writer.string(utf8: quarantined.site.bytes)
            writer.member("reason", entry.quarantineReason?.verdict.code ?? "quarantined")
            writer.member("position", position)
            writer.member("created_at", microseconds: entry.createdAt)
            writer.member("timestamp", microseconds: entry.time)
            writer.member("worker_id", id: quarantined.event.worker[...])
            writer.member("workstation_id", id: quarantined.event.workstation[...])
            writer.member("event_type", entry.type.text)
            writer.key("confidence")
            writer.fixed(entry.confidence, decimals: 6)
            writer.key("count")
            writer.integer(orNull: entry.type == .productCount ? entry.count : nil)
            writer.member("camera_id", id: quarantined.event.camera.map { $0[...] })
            writer.member("model_version", id: quarantined.event.modelVersion.map { $0[...] })
        }
        return writer.bytes
    }
}
