internal import EventModel
internal import Timeline

/// Parts of hours whose sums a ``PartMemory`` can keep: settled, and known to the question.
struct HourParts {
    /// Inside one hour, and inside or outside of each window.
    struct Part {
        var range: Range<Int64>
        var windows: [Int]
        /// The newest change of its hour; none where no closed interval or count is in it.
        var changedAt: NewestTime
    }

    private(set) var parts: [Part] = []
    /// The hours that they are parts of.
    private(set) var hours = WindowRuns<Hour>()
    /// The parts with their windows.
    private(set) var runs = WindowRuns<Int64>()

    init() {}

    /// Takes them out of `edges`, which are to be derived from events.
    ///
    /// - Precondition: hour rows can serve the question (``SiteFold/hasHours(_:)``).
    init(
        from edges: inout WindowRuns<Int64>, _ site: SiteFold, _ view: KnowledgeView, settledBefore: Int64,
        _ reader: any ProjectionReader
    ) throws {
        let pieces = Self.split(edges, site.parameters)
        let changes = try site.newestChanges(in: Set(pieces.map(\.hour)), reader)
        var others: [(range: Range<Int64>, window: Int)] = []
        var settled: Set<Hour> = []
        for (hour, range, windows) in pieces {
            let changedAt = changes[hour] ?? .none
            if view.knownAt.covers(changedAt), !changedAt.reaches(settledBefore) {
                parts.append(Part(range: range, windows: windows, changedAt: changedAt))
                settled.insert(hour)
            } else {
                others += windows.map { (range, $0) }
            }
        }
        edges = WindowRuns(others)
        hours = WindowRuns(settled.map { (range: $0..<$0.next, window: 0) })
        runs = WindowRuns(parts.flatMap { part in part.windows.map { (part.range, $0) } })
    }

    private static func split(
        _ runs: WindowRuns<Int64>, _ parameters: FoldParameters
    ) -> [(hour: Hour, range: Range<Int64>, windows: [Int])] {
        runs.runs.flatMap { run in
            let windows = Array(runs.members[run.windows])
            let hours = parameters.hour(of: run.range.lowerBound)...parameters.hour(of: run.range.upperBound - 1)
            return hours.map { hour in
                let whole = parameters.start(of: hour)..<parameters.start(of: hour.next)
                return (hour, run.range.clamped(to: whole), windows)
            }
        }
    }
}

extension SiteFold {
    /// When closed intervals and counts in each of `hours` have changed last; nothing for an hour without any.
    fileprivate func newestChanges(
        in hours: Set<Hour>, _ reader: any ProjectionReader
    ) throws -> [Hour: NewestTime] {
        var changes: [Hour: NewestTime] = [:]
        for read in WindowRuns(hours.map { (range: $0..<$0.next, window: 0) }).reads {
            try forEachHour(.factory, read, reader) { _, row in
                changes[row.hour, default: bucketFloor].note(row.changedAt)
            }
            try forEachStay(in: read, reader) { stay in
                for hour in hours where stay.hours.contains(hour) {
                    changes[hour, default: bucketFloor].note(stay.changedAt)
                }
            }
        }
        return changes
    }
}
