internal import Timeline

/// A window of event time: [from, end), `end` being min(to, now) already (SPEC 5.1), in microseconds.
package struct Window: Sendable, Equatable {
    package var from: Int64
    package var end: Int64

    package init(from: Int64, end: Int64) {
        self.from = from
        self.end = max(from, end)
    }

    package var elapsed: Int64 { end - from }
    package var range: Range<Int64> { from..<end }
}

/// Ranges of many windows, cut at each other's edges, so that every instant or hour says at once to which windows it
/// belongs: what lets one pass over events and hours serve all of them.
struct WindowRuns<Bound: Comparable & Sendable>: Sendable {
    /// A stretch that belongs to the same windows throughout; never empty.
    struct Run: Sendable {
        var range: Range<Bound>
        /// In ``members``.
        var windows: Range<Int>
    }

    /// Ascending and disjoint.
    private(set) var runs: [Run] = []
    /// Numbers of windows, run after run.
    private(set) var members: [Int] = []

    var isEmpty: Bool { runs.isEmpty }
    init() {}

    /// - Parameter ranges: in any order, overlapping or not; empty ones do not count.
    init(_ ranges: [(range: Range<Bound>, window: Int)]) {
        let ranges = ranges.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        var edges = ranges.flatMap { [$0.range.lowerBound, $0.range.upperBound] }
        edges.sort()
        var next = 0
        var active: [(end: Bound, window: Int)] = []
        for (start, end) in zip(edges, edges.dropFirst()) where start < end {
            active.removeAll { $0.end <= start }
            while next < ranges.count, ranges[next].range.lowerBound <= start {
                active.append((ranges[next].range.upperBound, ranges[next].window))
                next += 1
            }
            if !active.isEmpty { append(start..<end, active.map(\.window)) }
        }
    }

    private mutating func append(_ range: Range<Bound>, _ windows: [Int]) {
        let first = members.count
        members += windows
        runs.append(Run(range: range, windows: first..<members.count))
    }

    /// Number of the first run that ends after `bound`.
    func firstRun(endingAfter bound: Bound) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) >> 1
            if runs[middle].range.upperBound <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Hands on the windows that `bound` lies in.
    @inline(__always)
    func forEachWindow(at bound: Bound, _ body: (Int) -> Void) {
        let run = firstRun(endingAfter: bound)
        guard run < runs.count, runs[run].range.contains(bound) else { return }
        for member in runs[run].windows { body(members[member]) }
    }

    /// Hands on the parts of `range` that windows have, with each window.
    @inline(__always)
    func forEachOverlap(_ range: Range<Bound>, _ body: (_ window: Int, _ part: Range<Bound>) -> Void) {
        var run = firstRun(endingAfter: range.lowerBound)
        while run < runs.count, runs[run].range.lowerBound < range.upperBound {
            let part = runs[run].range.clamped(to: range)
            if !part.isEmpty { for member in runs[run].windows { body(members[member], part) } }
            run += 1
        }
    }

    /// The runs without regard to windows: touching ones are one.
    var stretches: [Range<Bound>] {
        var stretches: [Range<Bound>] = []
        for run in runs {
            if let last = stretches.last, last.upperBound == run.range.lowerBound {
                stretches[stretches.count - 1] = last.lowerBound..<run.range.upperBound
            } else {
                stretches.append(run.range)
            }
        }
        return stretches
    }

    /// What lies in `ranges` (ascending, disjoint), and what is left.
    func cut(by ranges: [Range<Bound>]) -> (inside: Self, outside: Self) {
        var inside = Self()
        var outside = Self()
        var next = 0
        for run in runs {
            let windows = Array(members[run.windows])
            var start = run.range.lowerBound
            while next < ranges.count, ranges[next].lowerBound < run.range.upperBound {
                let part = ranges[next].clamped(to: run.range)
                if !part.isEmpty {
                    if start < part.lowerBound { outside.append(start..<part.lowerBound, windows) }
                    inside.append(part, windows)
                    start = part.upperBound
                }
                // It may reach into the next run.
                if ranges[next].upperBound > run.range.upperBound { break }
                next += 1
            }
            if start < run.range.upperBound { outside.append(start..<run.range.upperBound, windows) }
        }
        return (inside, outside)
    }

    /// The same runs elsewhere, e.g. hours as the time that they cover. `move` must keep the order.
    func mapped<Other>(_ move: (Bound) -> Other) -> WindowRuns<Other> {
        var mapped = WindowRuns<Other>()
        for run in runs {
            mapped.append(move(run.range.lowerBound)..<move(run.range.upperBound), Array(members[run.windows]))
        }
        return mapped
    }

    /// Both together.
    func merged(with other: Self) -> Self {
        func ranges(_ runs: Self) -> [(range: Range<Bound>, window: Int)] {
            runs.runs.flatMap { run in runs.members[run.windows].map { (run.range, $0) } }
        }
        return Self(ranges(self) + ranges(other))
    }
}

extension WindowRuns<Hour> {
    /// The stretches of hours whose rows are read at once; each row is in one of them.
    ///
    /// Rows between two windows are read along as long as these are not far apart: that costs less than another query.
    var reads: [Range<Hour>] {
        var reads: [Range<Hour>] = []
        for stretch in stretches {
            if let last = reads.last, last.upperBound.distance(to: stretch.lowerBound) <= Self.hoursReadAlong {
                reads[reads.count - 1] = last.lowerBound..<stretch.upperBound
            } else {
                reads.append(stretch)
            }
        }
        return reads
    }

    private static var hoursReadAlong: Int64 { 48 }
}
