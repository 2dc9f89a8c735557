internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Timeline

/// Says of worker hours that differ, in sums or events, what is behind them in both generations.
struct HourExplanations {
    typealias Generation = (fold: PartitionFold, reader: StoreReader)

    let live: Generation
    let new: Generation
    let partition: PartitionIndex

    /// Explains those that have an hour; few enough, because only the largest were kept.
    func explain(_ kept: [DifferenceCollector.Kept]) throws -> [Difference] {
        var explained = kept.map(\.difference)
        let hours = kept.indices.filter { kept[$0].hour != nil }
        for (site, places) in Dictionary(grouping: hours, by: { kept[$0].difference.site }) {
            guard let one = live.fold.site(site), let other = new.fold.site(site) else { continue }
            let pair = SitePair(one, other, (live.reader, new.reader), partition)
            let open = (
                live: try OpenIntervals(one, live.reader), new: try OpenIntervals(other, new.reader)
            )
            for place in places {
                guard let hour = kept[place].hour, let worker = kept[place].difference.worker else { continue }
                explained[place].cause = try cause(worker, hour, pair, open)
            }
        }
        return explained
    }

    private func cause(
        _ worker: [UInt8], _ hour: Hour, _ pair: SitePair,
        _ open: (live: OpenIntervals, new: OpenIntervals)
    ) throws -> HourCause {
        let liveWorker = pair.live.workers.number(of: worker)
        let newWorker = pair.new.workers.number(of: worker)
        let before = try liveWorker.map {
            try side($0, pair.live, pair.readers.live, open.live.of($0), hour)
        }
        let after = try newWorker.map {
            try side($0, pair.new, pair.readers.new, open.new.of($0), hour)
        }
        let changes = try changes(liveWorker, newWorker, hour, pair)
        return HourCause(
            hour: pair.live.parameters.start(of: hour),
            finding: Self.finding(before, after, hasOtherEvents: !changes.isEmpty), live: before, new: after,
            events: Array(changes.prefix(HourCause.itemsMaximum)),
            eventsOmitted: max(0, changes.count - HourCause.itemsMaximum))
    }

    private static func finding(
        _ live: HourCause.Side?, _ new: HourCause.Side?, hasOtherEvents: Bool
    ) -> HourCause.Finding {
        let empty = HourCause.Side(stored: .init(), derived: .init(), items: [], itemsOmitted: 0)
        let (live, new) = (live ?? empty, new ?? empty)
        switch (live.stored == live.derived, new.stored == new.derived) {
        case (false, true): return .liveSums
        case (true, false): return .newSums
        case (false, false): return .bothSums
        case (true, true):
            if hasOtherEvents { return live.derived == new.derived ? .eventsAlone : .events }
            return live.derived == new.derived ? .storedOtherwise : .before
        }
    }

    private func side(
        _ worker: UInt32, _ site: SiteFold, _ reader: StoreReader, _ open: OpenState?, _ hour: Hour
    ) throws -> HourCause.Side {
        let row = try reader.workerHour(site: site.index, hour, worker: worker)
        let start = site.parameters.start(of: hour)
        let end = site.parameters.start(of: hour.next)
        let explanation = try Explanation(
            of: worker, at: site, Window(from: start, end: end), site.view(knownAt: nil), reader,
            partition: partition, merges: true, rowsMaximum: HourCause.itemsMaximum)
        var stored = HourCause.Sums(
            working: row?.working ?? 0, idle: row?.idle ?? 0, absent: row?.absent ?? 0, units: row?.units ?? 0)
        try site.forEachStay(in: hour..<hour.next, reader) { stay in
            if stay.worker == worker, let state = stay.state { stored.add(state, Microseconds.hour) }
        }
        if let open {
            let inside = open.range.clamped(to: start..<end)
            stored.add(open.owner.type, inside.upperBound - inside.lowerBound)
        }
        let totals = explanation.totals
        return HourCause.Side(
            stored: stored,
            derived: HourCause.Sums(
                working: totals.working, idle: totals.idle, absent: totals.absent, units: totals.units),
            items: Self.items(explanation), itemsOmitted: max(0, explanation.rowCount - HourCause.itemsMaximum))
    }

    private static func items(_ explanation: Explanation) -> [HourCause.Item] {
        let intervals = explanation.intervals.map { interval in
            HourCause.Item(
                type: interval.state, workstation: Array(interval.workstation), from: interval.from, to: interval.to,
                count: 0, position: interval.opener.position, createdAt: interval.opener.createdAt)
        }
        let counts = explanation.counts.map { count in
            HourCause.Item(
                type: .productCount, workstation: Array(count.workstation), from: count.time, to: count.time,
                count: count.count, position: count.event.position, createdAt: count.event.createdAt)
        }
        return (intervals + counts).sorted { $0.from < $1.from }
    }

    /// The accepted events of the hour that are not the same in both.
    private func changes(
        _ liveWorker: UInt32?, _ newWorker: UInt32?, _ hour: Hour, _ pair: SitePair
    ) throws -> [HourCause.EventChange] {
        let range = pair.live.parameters.start(of: hour)..<pair.live.parameters.start(of: hour.next)
        func entries(_ worker: UInt32?, _ site: SiteFold, _ reader: StoreReader) throws -> [TimelineEntry] {
            var entries: [TimelineEntry] = []
            guard let worker else { return [] }
            try site.forEachEntry(of: worker, .accepted, in: range, site.view(knownAt: nil), reader) {
                entries.append($0)
            }
            return entries
        }
        let before = try entries(liveWorker, pair.live, pair.readers.live)
        let after = try entries(newWorker, pair.new, pair.readers.new)
        var changes: [HourCause.EventChange] = []
        var (left, right) = (0, 0)
        while left < before.count || right < after.count {
            let one = left < before.count ? before[left] : nil
            let other = right < after.count ? after[right] : nil
            guard let key = [one?.key, other?.key].compactMap({ $0 }).min() else { break }
            let event = one?.key == key ? one : nil
            let otherEvent = other?.key == key ? other : nil
            if !(try pair.isSame(event, otherEvent)) {
                changes.append(.init(time: key.time, type: key.type, members: try pair.members(event, otherEvent)))
            }
            left += event == nil ? 0 : 1
            right += otherEvent == nil ? 0 : 1
        }
        return changes
    }
}

extension Difference {
    /// The id of the worker that it is about.
    fileprivate var worker: [UInt8]? {
        guard case .id(let id)? = ids.first(where: { $0.name == "worker_id" })?.value else { return nil }
        return id
    }
}

extension HourCause.Sums {
    fileprivate mutating func add(_ state: EventType, _ time: Int64) {
        switch state {
        case .working: working += time
        case .idle: idle += time
        case .absent: absent += time
        case .productCount: break
        }
    }
}
