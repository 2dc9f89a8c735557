internal import EventModel

/// What a worker's last state event asserts inside hours that are taken from buckets: these hold closed intervals alone.
struct OpenPart {
    var owner: TimelineEntry
    /// Microseconds.
    var amount: Int64
}

extension SiteFold {
    /// The open parts of all workers; nil where there is none.
    ///
    /// - Parameters:
    ///   - hours: those that buckets are used for, but for the `gaps` of a worker (ascending).
    ///   - isGap: the same as a question about one hour.
    func openParts(
        _ hours: Range<Hour>, _ view: KnowledgeView, _ window: Window, _ gaps: (UInt32) -> [Hour],
        isGap: (UInt32, Hour) -> Bool, _ reader: any ProjectionReader
    ) throws -> [OpenPart?] {
        guard !hours.isEmpty else { return Array(repeating: nil, count: workerStates.count) }
        if view.knownAt.isEverything {
            return try (0..<UInt32(workerStates.count)).map { try newestPart($0, hours, view, reader) }
        }
        return try knownParts(hours, view, window, gaps, isGap: isGap, reader)
    }

    /// Where everything is known, the newest state event of the line is the open one.
    private func newestPart(
        _ worker: UInt32, _ hours: Range<Hour>, _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> OpenPart? {
        guard hasEvents(worker), let owner = try state(worker, before: .highest, knownAt: .everything, reader) else {
            return nil
        }
        let start = max(owner.time, parameters.start(of: hours.lowerBound))
        let end = min(view.clip(worker).limiting(owner.time + view.ttl), parameters.start(of: hours.upperBound))
        return start < end ? OpenPart(owner: owner, amount: end - start) : nil
    }

    /// Where less is known, whether the last visible state before the window's end is open the buckets tell.
    ///
    /// To find the newest visible event of a line, all that came later would have to be read. But the hours hold every
    /// closed visible interval and nothing else: what the events cover and the hours do not is what is open.
    private func knownParts(
        _ hours: Range<Hour>, _ view: KnowledgeView, _ window: Window, _ gaps: (UInt32) -> [Hour],
        isGap: (UInt32, Hour) -> Bool, _ reader: any ProjectionReader
    ) throws -> [OpenPart?] {
        var parts = [OpenPart?](repeating: nil, count: workerStates.count)
        var firstHours = [Hour?](repeating: nil, count: workerStates.count)
        for worker in 0..<UInt32(workerStates.count) where hasEvents(worker) {
            let key = EventKey(at: window.end)
            guard let owner = try state(worker, before: key, knownAt: view.knownAt, reader) else { continue }
            let first = max(hours.lowerBound, parameters.hour(of: owner.time))
            guard first < hours.upperBound else { continue }
            firstHours[Int(worker)] = first
            let covered = try covered(worker, owner, first..<hours.upperBound, gaps(worker), view, reader)
            parts[Int(worker)] = OpenPart(owner: owner, amount: covered)
        }
        try forEachHour(.worker, hours, reader) { worker, row in
            guard let first = firstHours[Int(worker)], row.hour >= first, !isGap(worker, row.hour) else { return }
            parts[Int(worker)]?.amount -= row.working + row.idle + row.absent
        }
        return parts
    }

    /// Time that states cover in `hours` without `gaps`; `owner` is the last state event, in the first hour or before.
    private func covered(
        _ worker: UInt32, _ owner: TimelineEntry, _ hours: Range<Hour>, _ gaps: [Hour], _ view: KnowledgeView,
        _ reader: any PageReader
    ) throws -> Int64 {
        var covered: Int64 = 0
        let second = parameters.start(of: hours.lowerBound.next)
        if !gaps.contains(hours.lowerBound) {
            // Other intervals may end in this hour.
            try derive(
                worker, from: parameters.start(of: hours.lowerBound), to: second, view, reader,
                interval: { _, start, end in covered += end - start }, count: { _ in })
        }
        let end = min(view.clip(worker).limiting(owner.time + view.ttl), parameters.start(of: hours.upperBound))
        guard second < end else { return covered }
        covered += end - second
        for hour in gaps {
            covered -= max(0, min(end, parameters.start(of: hour.next)) - max(second, parameters.start(of: hour)))
        }
        return covered
    }
}
