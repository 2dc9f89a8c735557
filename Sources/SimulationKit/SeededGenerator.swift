/// Random numbers that a seed repeats exactly: SplitMix64.
///
/// For simulation, tests and load only, never for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    /// Mixes the bits of a number: equal numbers give equal results, neighbours very different ones.
    @inlinable
    public static func mix(_ number: UInt64) -> UInt64 {
        var value = number
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// True with a probability of `percent`.
    public mutating func chance(_ percent: Double) -> Bool { Double.random(in: 0..<100, using: &self) < percent }

    /// One of `range`.
    public mutating func pick<Number: FixedWidthInteger>(_ range: Range<Number>) -> Number {
        Number.random(in: range, using: &self)
    }

    /// One of `range`, both ends included.
    public mutating func pick<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) -> Number {
        Number.random(in: range, using: &self)
    }

    /// One of `choices`, which must not be empty.
    public mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[pick(0..<choices.count)] }

    /// About normally distributed around 0 with deviation 1: the sum of twelve uniform numbers, so within ±6.
    public mutating func normal() -> Double {
        (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
    }
}
