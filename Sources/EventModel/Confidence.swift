/// A confidence in whole parts per million (SPEC 2.1): 0…1 000 000. All comparisons use ppm.
public struct Confidence: Hashable, Comparable, Sendable {
    public var partsPerMillion: UInt32

    @inlinable
    public init(partsPerMillion: UInt32) { self.partsPerMillion = partsPerMillion }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.partsPerMillion < right.partsPerMillion }

    public static let one = Confidence(partsPerMillion: 1_000_000)
}
