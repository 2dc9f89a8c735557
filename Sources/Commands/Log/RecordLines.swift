internal import EventLog
internal import EventModel
internal import JSON
internal import Sites

/// Turns records into JSON lines: one per event, one per definition or set-back clock, one per unreadable record.
///
///     {"kind":"event","position":"0:17:3","site_id":"plant-1","created_at":"2026-02-03T06:00:01.000000Z",
///      "mark":"accepted","timestamp":"2026-02-03T06:00:00.000000Z","worker_id":"W1","workstation_id":"S1",
///      "event_type":"working","confidence":0.930000,"count":null,"camera_id":null,"model_version":null}
///     {"kind":"definition","position":"0:0","site_id":"plant-1","created_at":"…","definition":{"site":{…},…}}
///     {"kind":"clock_set_back","position":"0:17","site_id":null,"created_at":"…","newest_created_at":"…",
///      "reason":"confirmed","confirmed_by":"4a03989455b6e04d"}
///     {"kind":"unreadable","position":"0:18","site_id":"plant-1","created_at":"…","reason":"wrongChecksum"}
///
/// Members of events are those of SPEC 2.1, plus `first_seen` if an event was sent again after its quarantine.
struct RecordLines {
    private var batch = EventBatch(siteID: SiteID(bytes: []))
    /// Records that could not be read.
    private(set) var unreadable = 0

    /// Passes the lines of a record to `body`, each with its line feed.
    /// - Parameter firstIndex: events before this index are left out.
    /// - Throws: what `body` throws.
    mutating func lines(
        of record: LogRecord, in partition: PartitionIndex, from firstIndex: Int = 0, _ body: ([UInt8]) throws -> Void
    ) throws {
        let position = RecordPosition(partition: partition, offset: record.offset)
        let kind: RecordCodec.Kind
        do throws(CodecError) {
            kind = try RecordCodec.decode(record.payload, into: &batch)
        } catch {
            unreadable += 1
            try body(Self.line("unreadable", "\(position)", record) { $0.member("reason", "\(error)") })
            return
        }
        switch kind {
        case .definition(let definition):
            let line = Self.line("definition", "\(position)", record) { json in
                json.key("definition")
                json.raw(DefinitionJSON.bytes(definition.definition))
            }
            try body(line)
        case .clockSetBack(let clock):
            let line = Self.line("clock_set_back", "\(position)", record, ofSite: false) { json in
                json.member("newest_created_at", clock.newestCreatedAt.formatted)
                json.member("reason", clock.reason.name)
                json.key("confirmed_by")
                if clock.confirmedBy.isEmpty { json.null() } else { json.string(utf8: clock.confirmedBy) }
            }
            try body(line)
        case .events:
            for index in min(firstIndex, batch.count)..<batch.count {
                try body(line(of: index, Position(record: position, index: index), record))
            }
        }
    }

    private static func line(
        _ kind: String, _ position: String, _ record: LogRecord, ofSite: Bool = true,
        _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter(reservedBytes: 512)
        json.object { json in
            json.member("kind", kind)
            json.member("position", position)
            json.key("site_id")
            if ofSite { json.string(utf8: record.key) } else { json.null() }
            json.member("created_at", record.createdAt.formatted)
            members(&json)
        }
        json.endLine()
        return json.bytes
    }

    private func line(of index: Int, _ position: Position, _ record: LogRecord) -> [UInt8] {
        Self.line("event", "\(position)", record) { json in
            json.member("mark", batch.marks[index].verdict.code)
            json.member("timestamp", Timestamp(microseconds: batch.times[index]).formatted)
            id(batch.workers[index] + 1, "worker_id", &json)
            id(batch.workstations[index] + 1, "workstation_id", &json)
            json.member("event_type", "\(batch.types[index].name)")
            json.key("confidence")
            json.fixed(Int64(batch.confidences[index]), decimals: 6)
            json.key("count")
            json.integer(orNull: batch.types[index] == .productCount ? Int64(batch.counts[index]) : nil)
            id(batch.cameras[index], "camera_id", &json)
            id(batch.modelVersions[index], "model_version", &json)
            if batch.firstSeen[index] != 0 {
                json.member("first_seen", Timestamp(microseconds: batch.firstSeen[index]).formatted)
            }
        }
    }

    /// - Parameter number: index plus one; 0 means none.
    private func id(_ number: UInt32, _ name: StaticString, _ json: inout JSONWriter) {
        json.key(name)
        if number == 0 { json.null() } else { json.string(utf8: batch.ids[Int(number) - 1]) }
    }
}
