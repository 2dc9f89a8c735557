/// The position of an event on its worker's time line: the order of SPEC 4.2 and, with worker and class, the identity
/// of SPEC 2.6.
///
/// The upper 62 bits hold the event time in microseconds, the lower two the rank of the event type.
@frozen
public struct EventKey: Hashable, Comparable, Sendable {
    public var rawValue: Int64

    /// Bits of the rank.
    @inlinable
    public static var rankBits: Int64 { 2 }
    /// The raw value with all rank bits set.
    @inlinable
    static var rankMask: Int64 { 1 << rankBits - 1 }

    /// Below the key of any event: the start of a time line.
    @inlinable
    public static var lowest: Self { Self(rawValue: Int64.min) }
    /// Above the key of any event: the end of a time line.
    @inlinable
    public static var highest: Self { Self(rawValue: Int64.max) }

    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// - Parameter time: in microseconds since 1970.
    /// - Precondition: time and rank fit.
    @inlinable
    public init(time: Int64, type: EventType) {
        let rank = Int64(type.rawValue)
        let shifted = time << Self.rankBits
        precondition(shifted >> Self.rankBits == time && rank <= Self.rankMask, "an event key has no room for this")
        rawValue = shifted | rank
    }

    /// The smallest key at or after `time`: all earlier events have smaller keys.
    @inlinable
    public init(at time: Int64) { rawValue = time << Self.rankBits }

    /// Event time in microseconds since 1970.
    @inlinable
    public var time: Int64 { rawValue >> Self.rankBits }

    @inlinable
    public var type: EventType {
        switch rawValue & Self.rankMask {
        case 0: .absent
        case 1: .idle
        case 2: .working
        default: .productCount
        }
    }

    /// Whether the event sets a state (SPEC 4.1).
    @inlinable
    public var isState: Bool { rawValue & Self.rankMask != Int64(EventType.productCount.rawValue) }

    /// The key immediately before this one.
    @inlinable
    public var predecessor: Self { Self(rawValue: rawValue - 1) }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
