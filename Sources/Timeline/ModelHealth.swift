/// Samples of one origin in one UTC hour (SPEC 6.1), as a difference like ``HourSums``.
public struct HealthSums: Sendable, Equatable {
    public static let binCount = 20
    /// Width of a histogram bin in ppm.
    public static let binWidth: Int64 = 50_000

    /// UTC hour.
    public var hour: Hour
    public var samples: Int64 = 0
    /// Parts per million.
    public var confidenceSum: Int64 = 0
    /// Samples of the low-confidence class.
    public var marked: Int64 = 0
    public var bins = InlineArray<20, Int64>(repeating: 0)
    /// See ``HourSums/changedAt``.
    public var changedAt = NewestTime.none

    public init(hour: Hour) { self.hour = hour }

    /// Bin of a confidence: min(19, ppm div 50 000).
    public static func bin(of confidence: Int64) -> Int { min(binCount - 1, Int(confidence / binWidth)) }

    /// Adds one sample, or removes it when `sign` is -1.
    public mutating func add(confidence: Int64, isMarked: Bool, sign: Int64) {
        samples += sign
        confidenceSum += sign * confidence
        if isMarked { marked += sign }
        bins[HealthSums.bin(of: confidence)] += sign
    }

    public mutating func add(_ other: HealthSums) {
        samples += other.samples
        confidenceSum += other.confidenceSum
        marked += other.marked
        for bin in 0..<HealthSums.binCount { bins[bin] += other.bins[bin] }
        changedAt.note(other.changedAt)
    }

    public static func == (left: HealthSums, right: HealthSums) -> Bool {
        guard left.hour == right.hour, left.samples == right.samples, left.confidenceSum == right.confidenceSum,
            left.marked == right.marked, left.changedAt == right.changedAt
        else { return false }
        return (0..<binCount).allSatisfy { left.bins[$0] == right.bins[$0] }
    }
}

/// Health sums with their origin.
public struct HealthRow: Sendable, Equatable {
    public var origin: UInt32
    public var sums: HealthSums

    public init(origin: UInt32, sums: HealthSums) {
        self.origin = origin
        self.sums = sums
    }
}
