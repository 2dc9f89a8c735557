internal import Timeline

/// What a question covers in event time: [from, end), or parts of it, in microseconds. `end` is already min(to, now)
/// (SPEC 5.1).
package struct Window: Sendable, Equatable {
    package let from: Int64
    package let end: Int64
    /// What counts: ascending, apart from each other, none empty.
    package let parts: [Range<Int64>]
    /// Length of all parts.
    package let elapsed: Int64

    package init(from: Int64, end: Int64) {
        self.init(from: from, end: end, inside: [from..<max(from, end)])
    }

    /// The part of [from, end) that lies inside `ranges` (SPEC 5.1, `within`).
    /// - Parameter ranges: in any order, may overlap.
    package init(from: Int64, end: Int64, inside ranges: [Range<Int64>]) {
        self.from = from
        self.end = max(from, end)
        parts = Window.union(ranges.map { $0.clamped(to: from..<max(from, end)) })
        elapsed = parts.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    }

    package var range: Range<Int64> { from..<end }

    /// The part of what counts that lies in each of `ranges`, which ascend and are apart from each other.
    package func cut(into ranges: [Range<Int64>]) -> [Window] {
        var next = 0
        return ranges.map { range in
            while next < parts.count, parts[next].upperBound <= range.lowerBound { next += 1 }
            let inside = parts[next...].prefix { $0.lowerBound < range.upperBound }
            return Window(from: range.lowerBound, end: range.upperBound, inside: Array(inside))
        }
    }

    /// Microseconds that count in both.
    func overlap(with other: Window) -> Int64 {
        var sum: Int64 = 0
        var next = 0
        for part in parts {
            while next < other.parts.count, other.parts[next].upperBound <= part.lowerBound { next += 1 }
            var index = next
            while index < other.parts.count, other.parts[index].lowerBound < part.upperBound {
                let both = other.parts[index].clamped(to: part)
                sum += both.upperBound - both.lowerBound
                index += 1
            }
        }
        return sum
    }

    /// The union of ranges: ascending and apart from each other; those that overlap or touch are joined.
    private static func union(_ ranges: [Range<Int64>]) -> [Range<Int64>] {
        var union: [Range<Int64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = union.last, range.lowerBound <= last.upperBound {
                union[union.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                union.append(range)
            }
        }
        return union
    }
}

/// The ranges of many windows, split at each other's edges, so that the windows of an instant or hour are known at
/// once. This lets one pass over events and hours serve all windows.
struct WindowRuns<Bound: Comparable & Sendable>: Sendable {
    /// A range whose windows are the same throughout; never empty.
    struct Run: Sendable {
        var range: Range<Bound>
        /// Range of indexes into ``members``.
        var windows: Range<Int>
    }

    /// Ascending and disjoint.
    private(set) var runs: [Run] = []
    /// Window numbers, run by run.
    private(set) var members: [Int] = []

    var isEmpty: Bool { runs.isEmpty }
    init() {}

    /// - Parameter ranges: in any order, may overlap; empty ones are ignored.
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

    /// Index of the first run that ends after `bound`.
    func firstRun(endingAfter bound: Bound) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) >> 1
            if runs[middle].range.upperBound <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The windows that contain `bound`.
    func windows(at bound: Bound) -> ArraySlice<Int> {
        let run = firstRun(endingAfter: bound)
        guard run < runs.count, runs[run].range.contains(bound) else { return [] }
        return members[runs[run].windows]
    }

    /// Calls `body` with each window that contains `bound`.
    @inline(__always)
    func forEachWindow(at bound: Bound, _ body: (Int) -> Void) {
        let run = firstRun(endingAfter: bound)
        guard run < runs.count, runs[run].range.contains(bound) else { return }
        for member in runs[run].windows { body(members[member]) }
    }

    /// Calls `body` with each window that overlaps `range`, and the overlap.
    @inline(__always)
    func forEachOverlap(_ range: Range<Bound>, _ body: (_ window: Int, _ part: Range<Bound>) -> Void) {
        var run = firstRun(endingAfter: range.lowerBound)
        while run < runs.count, runs[run].range.lowerBound < range.upperBound {
            let part = runs[run].range.clamped(to: range)
            if !part.isEmpty { for member in runs[run].windows { body(members[member], part) } }
            run += 1
        }
    }

    /// The ranges of the runs regardless of windows; adjacent runs are joined.
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

    /// Splits the runs into the parts inside and outside of `ranges` (ascending, disjoint).
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
                // This range may extend into the next run.
                if ranges[next].upperBound > run.range.upperBound { break }
                next += 1
            }
            if start < run.range.upperBound { outside.append(start..<run.range.upperBound, windows) }
        }
        return (inside, outside)
    }

    /// Maps the bounds of all runs, e.g. hours to times. `move` must preserve the order.
    func mapped<Other>(_ move: (Bound) -> Other) -> WindowRuns<Other> {
        var mapped = WindowRuns<Other>()
        for run in runs {
            mapped.append(move(run.range.lowerBound)..<move(run.range.upperBound), Array(members[run.windows]))
        }
        return mapped
    }

    /// The union of both.
    func merged(with other: Self) -> Self {
        guard !other.isEmpty else { return self }
        func ranges(_ runs: Self) -> [(range: Range<Bound>, window: Int)] {
            runs.runs.flatMap { run in runs.members[run.windows].map { (run.range, $0) } }
        }
        return Self(ranges(self) + ranges(other))
    }
}

extension WindowRuns<Hour> {
    /// Ranges of hours to read in one query each; every row is in exactly one of them.
    ///
    /// If two windows are close to each other, the rows between them are read as well: that costs less than another
    /// query.
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
