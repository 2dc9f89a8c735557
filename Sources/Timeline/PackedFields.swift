public import EventModel

/// The position of an event in the log, and why it was quarantined: 64 bits.
///
/// ```
/// offset << 12 | index << 2 | reason
/// ```
/// Positions are in one partition, so packed values sort like positions (SPEC 1).
@frozen
public struct PackedPosition: Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    @inlinable
    public static var reasonBits: UInt64 { 2 }
    @inlinable
    public static var indexBits: UInt64 { 10 }
    /// Enough for seventy years at a million records per second.
    @inlinable
    public static var offsetBits: UInt64 { 51 }
    /// Index and reason combined.
    @inlinable
    public static var lowBits: UInt64 { indexBits + reasonBits }
    /// Larger offsets do not fit.
    @inlinable
    public static var offsetsMaximum: Int64 { 1 << Int64(offsetBits) }

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Precondition: every part fits into its bits.
    @inlinable
    public init(offset: LogOffset, index: Int, mark: Mark) {
        let reason = Self.reason(of: mark)
        precondition(
            reason >> Self.reasonBits == 0 && UInt64(bitPattern: Int64(index)) >> Self.indexBits == 0
                && UInt64(bitPattern: offset.value) >> Self.offsetBits == 0,
            "a packed position has no room for this")
        rawValue = UInt64(bitPattern: offset.value) << Self.lowBits | UInt64(index) << Self.reasonBits | reason
    }

    /// Creates it from the two numbers that stores keep; nil when they do not fit.
    ///
    /// - Parameter low: index and reason, see ``low``.
    @inlinable
    public init?(offset: Int64, low: Int64) {
        guard UInt64(bitPattern: offset) >> Self.offsetBits == 0, UInt64(bitPattern: low) >> Self.lowBits == 0 else {
            return nil
        }
        rawValue = UInt64(bitPattern: offset) << Self.lowBits | UInt64(bitPattern: low)
    }

    /// Offset of the record.
    @inlinable
    public var offset: LogOffset { LogOffset(Int64(rawValue >> Self.lowBits)) }

    /// Index and reason, as stores keep them: below 1 << ``lowBits``.
    @inlinable
    public var low: Int64 { Int64(rawValue & (1 << Self.lowBits - 1)) }

    /// Index inside the record.
    @inlinable
    public var index: Int { Int((rawValue >> Self.reasonBits) & (1 << Self.indexBits - 1)) }

    /// Why the event was quarantined; nil in the other classes.
    public var quarantineReason: Mark? {
        let reason = rawValue & (1 << Self.reasonBits - 1)
        return Mark.allCases.first { reason != 0 && Self.reason(of: $0) == reason }
    }

    /// 0 outside quarantine. A new reason needs a number here, and another bit once there are more than three.
    @inlinable
    static func reason(of mark: Mark) -> UInt64 {
        switch mark {
        case .accepted, .lowConfidence: 0
        case .unknownWorker: 1
        case .unknownWorkstation: 2
        case .timestampInFuture: 3
        }
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The fields of an event other than its state: 64 bits.
///
/// ```
/// origin << 40 | count << 20 | confidence ppm
/// ```
@frozen
public struct PackedDetail: Hashable, Sendable {
    public var rawValue: UInt64

    @inlinable
    public static var confidenceBits: UInt64 { 20 }
    @inlinable
    public static var countBits: UInt64 { 20 }
    @inlinable
    public static var originBits: UInt64 { 24 }
    /// Maximum number of origins in a site.
    @inlinable
    public static var originsMaximum: Int { 1 << Int(originBits) }

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameter confidence: in parts per million.
    /// - Precondition: every part fits into its bits.
    @inlinable
    public init(origin: UInt32, count: UInt32, confidence: UInt32) {
        precondition(
            UInt64(origin) >> Self.originBits == 0 && UInt64(count) >> Self.countBits == 0
                && UInt64(confidence) >> Self.confidenceBits == 0,
            "a packed detail has no room for this")
        rawValue =
            UInt64(origin) << (Self.countBits + Self.confidenceBits) | UInt64(count) << Self.confidenceBits
            | UInt64(confidence)
    }

    /// See ``SiteFold/origin(_:)``.
    @inlinable
    public var origin: UInt32 { UInt32(rawValue >> (Self.countBits + Self.confidenceBits)) }

    @inlinable
    public var count: UInt32 { UInt32((rawValue >> Self.confidenceBits) & (1 << Self.countBits - 1)) }

    /// Parts per million.
    @inlinable
    public var confidence: UInt32 { UInt32(rawValue & (1 << Self.confidenceBits - 1)) }
}

/// The time line of one worker in one class, numbered within a site: worker · 2 + class. Quarantined events have none.
@frozen
public struct LineIndex: Hashable, Comparable, Sendable {
    public var value: Int

    /// Number of lines per worker.
    @inlinable
    public static var perWorker: Int { 2 }

    @inlinable
    public init(_ value: Int) { self.value = value }

    /// - Precondition: the class has a line.
    @inlinable
    public init(_ worker: UInt32, _ eventClass: EventClass) {
        precondition(eventClass.rawValue < Self.perWorker, "a worker has no line for this class")
        value = Int(worker) * Self.perWorker + Int(eventClass.rawValue)
    }

    @inlinable
    public var worker: UInt32 { UInt32(value / Self.perWorker) }

    @inlinable
    public var eventClass: EventClass {
        value % Self.perWorker == 0 ? .accepted : .lowConfidence
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Identifies a line across sites, for stores: site << 34 | worker << 2 | class.
@frozen
public struct LineID: Hashable, Comparable, Sendable {
    public let value: Int64

    static var classBits: Int64 { 2 }
    static var workerBits: Int64 { 32 }

    /// - Precondition: every part fits into its bits, and the result is not negative.
    package init(site: UInt32, _ line: LineIndex) {
        let eventClass = Int64(line.eventClass.rawValue)
        let shift = Self.workerBits + Self.classBits
        precondition(
            Int64(site) >> (63 - shift) == 0 && eventClass >> Self.classBits == 0, "a line id has no room for this")
        value = Int64(site) << shift | Int64(line.worker) << Self.classBits | eventClass
    }

    /// From a store.
    public init(value: Int64) { self.value = value }

    /// The ids of all lines of a site.
    public static func all(ofSite site: UInt32) -> ClosedRange<Int64> {
        let first = Int64(site) << (workerBits + classBits)
        return first...(first | (1 << (workerBits + classBits) - 1))
    }

    /// The line in its site; nil for a number that is none.
    public var line: LineIndex? {
        let eventClass = EventClass(rawValue: UInt8(value & (1 << Self.classBits - 1)))
        guard let eventClass, eventClass.rawValue < LineIndex.perWorker else { return nil }
        return LineIndex(UInt32(truncatingIfNeeded: value >> Self.classBits), eventClass)
    }

    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
