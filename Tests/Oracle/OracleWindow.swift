// Layer: oracle. Windows of questions (SPEC 5.1), and what of them counts.

/// The stretch of a question: [from, E) with E = min(to, now) (SPEC 5.1). Microseconds since 1970.
public struct OracleWindow: Equatable, Sendable {
    public var from: Int64
    /// E of SPEC 5.1.
    public var end: Int64
    /// What of it counts (`within` of SPEC 5.1): ascending and disjoint.
    public private(set) var counted: [Range<Int64>]

    /// - Parameter now: known_at if the question has one, else the clock.
    public init(from: Int64, to: Int64, now: Int64 = .max) {
        self.from = from
        self.end = min(to, now)
        counted = from < end ? [from..<end] : []
    }

    /// The same window, cut to the union of ranges: counted from edge to edge.
    public func cut(to ranges: [Range<Int64>]) -> OracleWindow {
        func reach(_ ranges: [Range<Int64>]) -> (Int64) -> Int64 {
            let ranges = ranges.sorted { $0.lowerBound < $1.lowerBound }
            var next = 0
            var end = Int64.min
            // Asked with rising starts: how far the ranges that began by then reach.
            return { start in
                while next < ranges.count, ranges[next].lowerBound <= start {
                    end = max(end, ranges[next].upperBound)
                    next += 1
                }
                return end
            }
        }
        let edges = Set((counted + ranges).flatMap { [$0.lowerBound, $0.upperBound] }).sorted()
        let (mine, others) = (reach(counted), reach(ranges))
        var cut = self
        cut.counted = []
        for (start, end) in zip(edges, edges.dropFirst()) {
            guard min(mine(start), others(start)) >= end else { continue }
            if let last = cut.counted.last, last.upperBound == start {
                cut.counted[cut.counted.count - 1] = last.lowerBound..<end
            } else {
                cut.counted.append(start..<end)
            }
        }
        return cut
    }

    public var elapsed: Int64 { counted.reduce(0) { $0 + Int64($1.count) } }

    public func contains(_ time: Int64) -> Bool { counted.contains { $0.contains(time) } }
}
