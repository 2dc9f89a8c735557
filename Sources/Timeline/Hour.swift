/// One hour: hours since 1970, shifted by the site's hour offset (DESIGN 1.7); of model health the UTC hour.
///
/// ``FoldParameters`` knows the times that it covers, because a site's hours start where its zone's do.
@frozen
public struct Hour: Hashable, Comparable, Strideable, Sendable {
    public var number: Int64

    @inlinable
    public init(_ number: Int64) { self.number = number }

    @inlinable
    public var next: Self { Self(number + 1) }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    @inlinable
    public static func == (left: Self, right: Self) -> Bool { left.number == right.number }

    @inlinable
    public func distance(to other: Self) -> Int64 { other.number - number }

    @inlinable
    public func advanced(by hours: Int64) -> Self { Self(number + hours) }
}
