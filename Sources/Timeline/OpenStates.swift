internal import EventModel

/// A worker's last state event. Hour rows contain closed intervals only, so the time that it asserts is added to them.
package struct OpenState: Sendable {
    package var worker: UInt32
    package var owner: TimelineEntry
    /// The time that it asserts, limited by its ttl and the end of a dropped worker, in microseconds.
    package var range: Range<Int64>
}

extension SiteFold {
    /// The open states in hours whose rows a question uses; at most one per worker.
    ///
    /// - Parameters:
    ///   - some: whose states are needed, each once; nil: everybody's.
    ///   - hours: those hours per worker, ascending and disjoint; everything in them is visible.
    package func openStates(
        of some: [UInt32]? = nil, in hours: (UInt32) -> [Range<Hour>], _ view: KnowledgeView,
        _ reader: any ProjectionReader
    ) throws -> [OpenState] {
        view.knownAt.isEverything
            ? try newestStates(of: some ?? everybody, view, reader) : try knownStates(of: some, in: hours, view, reader)
    }

    private var everybody: [UInt32] { Array(0..<UInt32(workers.count)) }

    /// With full knowledge, the newest state event of the line is the open one.
    private func newestStates(
        of some: [UInt32], _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> [OpenState] {
        var states: [OpenState] = []
        for worker in some where hasEvents(worker) {
            guard let owner = try state(worker, before: .highest, knownAt: .everything, reader) else { continue }
            states.append(OpenState(worker: worker, owner: owner, range: assertion(of: owner, worker, view)))
        }
        return states
    }

    /// With partial knowledge, the hours show whether the last visible state before their end is open.
    ///
    /// Finding the newest visible event of a line would mean reading everything after it. But the rows contain exactly
    /// the closed visible intervals, so time that events cover and rows do not is open.
    private func knownStates(
        of some: [UInt32]?, in hours: (UInt32) -> [Range<Hour>], _ view: KnowledgeView,
        _ reader: any ProjectionReader
    ) throws -> [OpenState] {
        var candidates = [Candidate?](repeating: nil, count: workers.count)
        var bounds: Range<Hour>?
        for worker in some ?? everybody where hasEvents(worker) {
            guard let candidate = try candidate(worker, hours(worker), view, reader),
                let last = candidate.hours.last?.upperBound
            else { continue }
            candidates[Int(worker)] = candidate
            let known = bounds ?? candidate.first..<last
            bounds = min(known.lowerBound, candidate.first)..<max(known.upperBound, last)
        }
        guard let bounds else { return [] }
        try forEachHour(.worker, of: some, bounds, reader) { worker, row in candidates[Int(worker)]?.take(row) }
        try forEachStay(in: bounds, reader) { candidates[Int($0.worker)]?.take($0) }
        return candidates.indices.compactMap { number in
            guard let candidate = candidates[number], candidate.uncovered > 0 else { return nil }
            let worker = UInt32(number)
            return OpenState(
                worker: worker, owner: candidate.owner, range: assertion(of: candidate.owner, worker, view))
        }
    }

    /// A last state that may be open.
    private struct Candidate {
        var owner: TimelineEntry
        var hours: [Range<Hour>]
        /// The first of the hours that the state can extend into.
        var first: Hour
        /// Time from there on that events cover and rows do not, in microseconds.
        var uncovered: Int64

        mutating func take(_ row: HourSums) {
            guard row.hour >= first, hours.contains(where: { $0.contains(row.hour) }) else { return }
            uncovered -= row.working + row.idle + row.absent
        }

        mutating func take(_ stay: Stay) {
            guard stay.state != nil, first < stay.hours.upperBound else { return }
            let covered = max(first, stay.hours.lowerBound)..<stay.hours.upperBound
            for range in hours {
                let both = range.clamped(to: covered)
                uncovered -= both.lowerBound.distance(to: both.upperBound) * Microseconds.hour
            }
        }
    }

    private func candidate(
        _ worker: UInt32, _ hours: [Range<Hour>], _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> Candidate? {
        guard let end = hours.last.map({ parameters.start(of: $0.upperBound) }),
            let owner = try state(worker, before: EventKey(at: end), knownAt: view.knownAt, reader)
        else { return nil }
        let ownHour = parameters.hour(of: owner.time)
        guard let range = hours.first(where: { $0.upperBound > ownHour }) else { return nil }
        var candidate = Candidate(
            owner: owner, hours: hours, first: max(range.lowerBound, ownHour), uncovered: 0)
        if candidate.first == ownHour {
            // Other intervals may end in this hour.
            try derive(
                worker, from: parameters.start(of: ownHour), to: parameters.start(of: ownHour.next), view, reader,
                interval: { _, start, end in candidate.uncovered += end - start }, count: { _ in })
        }
        let assertion = assertion(of: owner, worker, view)
        for range in hours where range.upperBound > ownHour.next {
            let start = parameters.start(of: max(range.lowerBound, ownHour.next))
            candidate.uncovered += max(0, min(assertion.upperBound, parameters.start(of: range.upperBound)) - start)
        }
        return candidate
    }

    private func assertion(of owner: TimelineEntry, _ worker: UInt32, _ view: KnowledgeView) -> Range<Int64> {
        owner.time..<max(owner.time, view.clip(worker).limiting(owner.time + view.ttl))
    }
}
