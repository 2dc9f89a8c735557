/// Samples of one source in one UTC hour (SPEC 6.1), as a difference like ``HourSums``.
public struct HealthSums: Sendable, Equatable {
    public static let binCount = 20
    /// Width of a bin of the histogram in ppm.
    public static let binWidth: Int64 = 50_000

    /// UTC hours since 1970; `Int64.min` when the slot is free.
    public var hour: Int64
    public var samples: Int64 = 0
    /// Parts per million.
    public var confidenceSum: Int64 = 0
    /// Samples of the low-confidence class.
    public var marked: Int64 = 0
    public var bins = InlineArray<20, Int64>(repeating: 0)
    /// See ``HourSums/changed``.
    public var changed: Int64 = Int64.min

    public init(hour: Int64) { self.hour = hour }

    /// Bin of a confidence: min(19, ppm div 50 000).
    public static func bin(of confidence: Int64) -> Int { min(binCount - 1, Int(confidence / binWidth)) }

    /// Adds (or, with -1, withdraws) one sample.
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
        changed = max(changed, other.changed)
    }

    public static func == (left: HealthSums, right: HealthSums) -> Bool {
        guard left.hour == right.hour, left.samples == right.samples, left.confidenceSum == right.confidenceSum,
            left.marked == right.marked, left.changed == right.changed
        else { return false }
        return (0..<binCount).allSatisfy { left.bins[$0] == right.bins[$0] }
    }
}

/// Health sums with the source they belong to.
public struct HealthRow: Sendable, Equatable {
    public var source: UInt32
    public var sums: HealthSums

    public init(source: UInt32, sums: HealthSums) {
        self.source = source
        self.sums = sums
    }
}

/// As ``HourSlots``, for a source.
struct HealthSlots: Sendable {
    private(set) var even = HealthSums(hour: Int64.min)
    private(set) var odd = HealthSums(hour: Int64.min)

    var isEmpty: Bool { even.hour == Int64.min && odd.hour == Int64.min }

    @inline(__always)
    mutating func change(
        _ hour: Int64, _ source: UInt32, _ mark: Int64, spill: inout [HealthRow], _ change: (inout HealthSums) -> Void
    ) {
        if hour & 1 == 0 {
            HealthSlots.claim(&even, hour, source, mark, &spill)
            change(&even)
        } else {
            HealthSlots.claim(&odd, hour, source, mark, &spill)
            change(&odd)
        }
    }

    @inline(__always)
    private static func claim(
        _ slot: inout HealthSums, _ hour: Int64, _ source: UInt32, _ mark: Int64, _ spill: inout [HealthRow]
    ) {
        if slot.hour != hour {
            if slot.hour != Int64.min { spill.append(HealthRow(source: source, sums: slot)) }
            slot = HealthSums(hour: hour)
        }
        if slot.changed < mark { slot.changed = mark }
    }

    func collect(_ source: UInt32, into rows: inout [HealthRow]) {
        if even.hour != Int64.min { rows.append(HealthRow(source: source, sums: even)) }
        if odd.hour != Int64.min { rows.append(HealthRow(source: source, sums: odd)) }
    }

    mutating func clear() { self = HealthSlots() }
}
