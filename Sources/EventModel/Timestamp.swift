/// An instant: whole microseconds since 1970-01-01T00:00:00Z (SPEC 1).
///
/// An integer, so that sums are exact and independent of order.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    @inlinable
    public init(microseconds: Int64) { self.microseconds = microseconds }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    @inlinable
    public static func + (left: Self, microseconds: Int64) -> Self {
        Self(microseconds: left.microseconds + microseconds)
    }

    @inlinable
    public static func - (left: Self, microseconds: Int64) -> Self {
        Self(microseconds: left.microseconds - microseconds)
    }

    /// Microseconds from `right` to `left`.
    @inlinable
    public static func - (left: Self, right: Self) -> Int64 { left.microseconds - right.microseconds }

    /// 1970-01-01T00:00:00.000000Z, the earliest admissible event time (SPEC 2.1).
    public static let earliest = Timestamp(microseconds: 0)
    /// 9999-12-31T23:59:59.999999Z, the latest admissible event time (SPEC 2.1).
    public static let latest = Timestamp(microseconds: 253_402_300_799_999_999)
}

/// Common units in microseconds.
public enum Microseconds {
    public static let second: Int64 = 1_000_000
    public static let minute: Int64 = 60 * second
    public static let hour: Int64 = 60 * minute
    public static let day: Int64 = 24 * hour
}
