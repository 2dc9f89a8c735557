public import EventModel

/// One event on a time line: 32 bytes, no reference, so that a page of them is one block of memory.
///
/// ```
/// key     time µs << 2 | type      SPEC 4.2's order, and with the worker and the class SPEC 2.6's identity
/// place   offset << 12 | index << 2 | reason of quarantine
/// detail  source << 40 | count << 20 | confidence ppm
/// ```
@frozen
public struct TimelineEntry: Sendable, Equatable {
    public var key: Int64
    public var createdAt: Int64
    public var place: UInt64
    public var detail: UInt64

    @inlinable
    public init(key: Int64, createdAt: Int64, place: UInt64, detail: UInt64) {
        self.key = key
        self.createdAt = createdAt
        self.place = place
        self.detail = detail
    }

    @inlinable
    init(
        time: Int64, type: EventType, createdAt: Int64, offset: Int64, index: Int, mark: Mark, source: UInt32,
        count: UInt32, confidence: UInt32
    ) {
        key = time << 2 | Int64(type.rawValue)
        self.createdAt = createdAt
        let reason = mark.eventClass == .quarantined ? UInt64(mark.rawValue - 1) : 0
        place = UInt64(offset) << 12 | UInt64(index) << 2 | reason
        detail = UInt64(source) << 40 | UInt64(count) << 20 | UInt64(confidence)
    }

    /// Event time in microseconds.
    @inlinable
    public var time: Int64 { key >> 2 }

    @inlinable
    public var type: EventType {
        switch key & 3 {
        case 0: .absent
        case 1: .idle
        case 2: .working
        default: .productCount
        }
    }

    @inlinable
    public var isState: Bool { key & 3 != 3 }

    /// Offset of the record that brought it.
    @inlinable
    public var offset: LogOffset { LogOffset(Int64(place >> 12)) }

    /// Place inside the record.
    @inlinable
    public var index: Int { Int((place >> 2) & 1023) }

    /// Why it was quarantined; nil in the other classes.
    public var quarantineReason: Mark? {
        let reason = UInt8(place & 3)
        return reason == 0 ? nil : Mark(rawValue: reason + 1)
    }

    /// What saw it: station, camera and model version as one number, see ``SiteFold/source(_:)``.
    @inlinable
    public var source: UInt32 { UInt32(detail >> 40) }

    @inlinable
    public var count: Int64 { Int64((detail >> 20) & 0xf_ffff) }

    /// Parts per million.
    @inlinable
    public var confidence: Int64 { Int64(detail & 0xf_ffff) }

    /// Whether this event wins over `other` of the same key: the smaller (created_at, position) does (SPEC 2.6).
    @inlinable
    func wins(over other: TimelineEntry) -> Bool {
        createdAt != other.createdAt ? createdAt < other.createdAt : place < other.place
    }

    /// The smallest key at or after `time`: what happened before an instant has a smaller one.
    @inlinable
    static func key(at time: Int64) -> Int64 { time << 2 }

    /// Sources that ``detail`` has room for.
    static let sourcesMaximum = 1 << 24
    /// Offsets that ``place`` has room for: at a million records a second enough for seventy years.
    static let offsetsMaximum: Int64 = 1 << 51
}
