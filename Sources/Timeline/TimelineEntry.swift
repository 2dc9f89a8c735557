public import EventModel

/// One event on a time line: 32 bytes without references, so that a page of entries is one block of memory.
@frozen
public struct TimelineEntry: Sendable, Equatable {
    public var key: EventKey
    /// In microseconds since 1970.
    public var createdAt: Int64
    public var position: PackedPosition
    public var detail: PackedDetail

    @inlinable
    public init(key: EventKey, createdAt: Int64, position: PackedPosition, detail: PackedDetail) {
        self.key = key
        self.createdAt = createdAt
        self.position = position
        self.detail = detail
    }

    /// Event time in microseconds since 1970.
    @inlinable
    public var time: Int64 { key.time }

    @inlinable
    public var type: EventType { key.type }

    @inlinable
    public var isState: Bool { key.isState }

    /// Offset of the record that contains it.
    @inlinable
    public var offset: LogOffset { position.offset }

    /// Index inside the record.
    @inlinable
    public var index: Int { position.index }

    /// Why it was quarantined; nil in the other classes.
    public var quarantineReason: Mark? { position.quarantineReason }

    /// Station, camera and model version as one number, see ``SiteFold/origin(_:)``.
    @inlinable
    public var origin: UInt32 { detail.origin }

    @inlinable
    public var count: Int64 { Int64(detail.count) }

    /// Parts per million.
    @inlinable
    public var confidence: Int64 { Int64(detail.confidence) }

    /// Whether this event wins over `other` with the same key: the smaller (created_at, position) does (SPEC 2.6).
    @inlinable
    func wins(over other: TimelineEntry) -> Bool {
        createdAt != other.createdAt ? createdAt < other.createdAt : position < other.position
    }
}
