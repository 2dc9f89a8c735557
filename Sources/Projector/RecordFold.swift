public import EventLog
public import EventModel
internal import Foundation
public import Timeline

/// The only way from a log record into a fold: decode, then apply.
///
/// Keeps the memory of the batch, so that decoding one record after another allocates nothing. There are two steps
/// because only the second one needs the fold: others may read the fold during the first one.
public struct RecordFold {
    private var batch = EventBatch(siteID: SiteID(bytes: []))
    private var kind = RecordCodec.Kind.events
    private var offset = LogOffset.zero
    private var hourOffset: Int64 = 0
    private var fingerprint: RecordFingerprint?
    private var zones = ZoneHourOffsets()

    public init() {}

    /// Decodes a record; its content stays here until the next one.
    /// - Throws: `CodecError` for bytes that are not a record.
    public mutating func decode(_ record: LogRecord) throws {
        kind = try RecordCodec.decode(record.payload, into: &batch)
        if case .definition(let definition) = kind { hourOffset = zones.hourOffset(of: definition) }
        offset = record.offset
        fingerprint = try RecordFingerprint(record)
    }

    /// Whether folding the decoded events may need something that only the store has.
    func needsStore(_ fold: PartitionFold) -> Bool {
        if case .events = kind { fold.needsStore(for: batch) } else { false }
    }

    /// Loads everything that folding the decoded events needs and that `fold` does not have in memory.
    func load(_ pages: PagesAtHand, for fold: PartitionFold) throws {
        guard case .events = kind else { return }
        try fold.load(
            for: batch, { try pages.load($0, holding: $1) }, winner: { try pages.loadQuarantinedWinner(site: $0, $1) })
    }

    /// Number of events in the record; 0 for any other.
    public var eventCount: Int {
        if case .events = kind { batch.count } else { 0 }
    }

    /// Number of events in the record, or of workers and workstations that it names.
    var entryCount: Int {
        switch kind {
        case .events: batch.count
        case .definition(let record): record.definition.workers.count + record.definition.workstations.count
        case .clockSetBack: 0
        }
    }

    /// Whether the record is a definition, which may change all of a worker's past.
    var isDefinition: Bool {
        if case .definition = kind { true } else { false }
    }

    /// Folds the record decoded last. A record that `fold` has passed changes nothing.
    /// - Throws: `TimelineError` at a gap, before any change; otherwise any error of `pages`, and then discard `fold`.
    public func apply(to fold: inout PartitionFold, pages: any PageReader) throws {
        switch kind {
        case .events: try fold.apply(batch, offset: offset, pages: pages)
        case .definition(let definition):
            try fold.apply(definition, offset: offset, hourOffset: hourOffset, pages: pages)
        case .clockSetBack(let record): try fold.apply(record, offset: offset)
        }
        if fold.nextOffset == offset.next { fold.fingerprint = fingerprint }
    }
}

/// Where the hours of a site start: its zone's offset modulo one hour (DESIGN 1.7).
///
/// It affects speed, never results, so a zone that this machine does not know counts as UTC.
public struct ZoneHourOffsets {
    private var zones: [String: TimeZone] = [:]

    public init() {}

    /// In microseconds, at the time when the definition was admitted.
    public mutating func hourOffset(of record: DefinitionRecord) -> Int64 {
        let name = record.definition.timeZone
        guard let zone = zones[name] ?? TimeZone(identifier: name) else { return 0 }
        zones[name] = zone
        let date = Date(timeIntervalSince1970: Double(record.createdAt.microseconds) / 1e6)
        return FoldParameters.hourOffset(utcOffsetSeconds: Int64(zone.secondsFromGMT(for: date)))
    }
}
