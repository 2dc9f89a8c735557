internal import EventModel

extension SiteFold {
    /// The latest visible accepted event time before `end` at every station; nil when there is none (SPEC 5.3).
    ///
    /// The overall latest time answers most questions. Otherwise this reads the stations' hours backwards, and derives
    /// an hour from pages if its row may contain too much.
    public func lastActivities(
        before end: Int64, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [Int64?] {
        var search = ActivitySearch(count: stations.count)
        if isRederiving || !view.knownAt.covers(bucketFloor) {
            try scan(from: 0, to: end, view, reader, &search)
            return search.found
        }
        let endHour = parameters.hour(of: end)
        for number in 0..<stations.count {
            let station = hourBuckets.activity(of: UInt32(number))
            let isKnown = view.knownAt.isEverything && !station.isInexact && !station.newest.reaches(end)
            if isKnown || !station.oldest.isBefore(end) {
                search.settle(number, isKnown ? station.newest.time : nil)
            }
        }
        guard search.openCount > 0 else { return search.found }
        try scan(from: max(0, parameters.start(of: endHour)), to: end, view, reader, &search)
        search.settleFound()
        if search.openCount > 0 { try searchHours(before: endHour, view, reader, &search) }
        return search.found
    }

    private func searchHours(
        before endHour: Hour, _ view: KnowledgeView, _ reader: any ProjectionReader, _ search: inout ActivitySearch
    ) throws {
        let uncommitted = Dictionary(grouping: uncommittedHours(.workstation), by: \.sums.hour)
        var pendingHours = uncommitted.keys.filter { $0 < endHour }.sorted()
        var hour: Hour?
        var rows: [(station: UInt32, sums: HourSums)] = []
        var failure: (any Error)?
        // Rows arrive newest hour first; those of one hour are evaluated together with the uncommitted differences.
        func finish() -> Bool {
            guard let hour else { return true }
            for row in uncommitted[hour] ?? [] { rows.append((row.entity, row.sums)) }
            do { try judge(hour, rows, view, reader, &search) } catch { failure = error }
            rows.removeAll(keepingCapacity: true)
            return failure == nil && search.openCount > 0
        }
        /// - Parameter next: nil after the last row.
        func advance(to next: Hour?) -> Bool {
            if let next, next == hour { return true }
            guard finish() else { return false }
            while let last = pendingHours.last, next.map({ last > $0 }) ?? true {
                pendingHours.removeLast()
                if let hour, last >= hour { continue }
                hour = last
                guard finish() else { return false }
            }
            hour = next
            return true
        }
        var continues = true
        if !storedHoursAreVoid {
            try reader.forEachStationHour(site: index, before: endHour) { station, sums in
                guard station < stations.count else {
                    failure = TimelineError.foreignRow(siteID)
                    return false
                }
                continues = advance(to: sums.hour)
                if continues { rows.append((station, sums)) }
                return continues
            }
        }
        if continues, failure == nil { _ = advance(to: nil) }
        if let failure { throw failure }
    }

    /// Determines the result of stations that were active in `hour`.
    private func judge(
        _ hour: Hour, _ rows: [(station: UInt32, sums: HourSums)], _ view: KnowledgeView,
        _ reader: any ProjectionReader, _ search: inout ActivitySearch
    ) throws {
        let open = rows.filter { search.isOpen(Int($0.station)) && $0.sums.newest != .none }
        guard !open.isEmpty else { return }
        if open.contains(where: {
            !view.knownAt.covers($0.sums.changedAt) || hourBuckets.activity(of: $0.station).isInexact
        }) {
            try scan(
                from: max(0, parameters.start(of: hour)), to: parameters.start(of: hour.next), view, reader, &search)
        } else {
            for row in open {
                if let newest = row.sums.newest.time { search.note(Int(row.station), newest) }
            }
        }
        search.settleFound()
    }

    private func scan(
        from: Int64, to: Int64, _ view: KnowledgeView, _ reader: any ProjectionReader, _ search: inout ActivitySearch
    ) throws {
        for worker in 0..<UInt32(workers.count) where hasEvents(worker) {
            try forEachEntry(
                LineIndex(worker, .accepted), from: EventKey(at: from), to: EventKey(at: to),
                knownAt: view.knownAt, reader
            ) { search.note(Int(origins[$0.origin].station), $0.time) }
        }
    }
}

/// Which stations have a result, and which are still searched for.
private struct ActivitySearch {
    private(set) var found: [Int64?]
    private var isSettled: [Bool]
    private(set) var openCount: Int

    init(count: Int) {
        found = Array(repeating: nil, count: count)
        isSettled = Array(repeating: false, count: count)
        openCount = count
    }

    func isOpen(_ station: Int) -> Bool { !isSettled[station] }

    mutating func settle(_ station: Int, _ time: Int64?) {
        found[station] = time
        isSettled[station] = true
        openCount -= 1
    }

    /// An event at a station; ignored once the station has a result.
    mutating func note(_ station: Int, _ time: Int64) {
        if !isSettled[station] { found[station] = max(found[station] ?? time, time) }
    }

    mutating func settleFound() {
        for station in found.indices where !isSettled[station] && found[station] != nil {
            isSettled[station] = true
            openCount -= 1
        }
    }
}
