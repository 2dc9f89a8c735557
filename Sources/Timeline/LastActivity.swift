internal import EventModel

extension SiteFold {
    /// For every station the newest visible accepted event time before `end`; nil without one (SPEC 5.3).
    ///
    /// The newest of all answers most questions; else the stations' hours are read backwards, and an hour whose row
    /// may say too much is looked up in the pages.
    public func lastActivities(
        before end: Int64, _ view: KnowledgeView, _ source: any ProjectionSource
    ) throws -> [Int64?] {
        var search = ActivitySearch(count: stationStates.count)
        if isRederiving || view.knownAt < bucketFloor {
            try scan(from: 0, to: end, view, source, &search)
            return search.found
        }
        let endHour = parameters.hour(of: end)
        for (number, station) in stationStates.enumerated() {
            let isKnown = view.knownAt == Int64.max && !station.isInexact && station.newest < end
            if isKnown || station.oldest >= end {
                search.settle(number, isKnown && station.newest >= 0 ? station.newest : nil)
            }
        }
        guard search.openCount > 0 else { return search.found }
        try scan(from: max(0, parameters.start(of: endHour)), to: end, view, source, &search)
        search.settleFound()
        if search.openCount > 0 { try searchHours(before: endHour, view, source, &search) }
        return search.found
    }

    private func searchHours(
        before endHour: Int64, _ view: KnowledgeView, _ source: any ProjectionSource, _ search: inout ActivitySearch
    ) throws {
        let uncommitted = Dictionary(grouping: uncommittedHours(.workstation), by: \.sums.hour)
        var pendingHours = uncommitted.keys.filter { $0 < endHour }.sorted()
        var hour = Int64.max
        var rows: [(station: UInt32, sums: HourSums)] = []
        var failure: (any Error)?
        // Rows come newest hour first; those of one hour are judged together, with what is not committed yet.
        func finish() -> Bool {
            guard hour != Int64.max else { return true }
            for row in uncommitted[hour] ?? [] { rows.append((row.entity, row.sums)) }
            do { try judge(hour, rows, view, source, &search) } catch { failure = error }
            rows.removeAll(keepingCapacity: true)
            return failure == nil && search.openCount > 0
        }
        func begin(_ next: Int64) -> Bool {
            guard next != hour else { return true }
            guard finish() else { return false }
            while let last = pendingHours.last, last > next {
                pendingHours.removeLast()
                guard last < hour else { continue }
                hour = last
                guard finish() else { return false }
            }
            hour = next
            return true
        }
        var goesOn = true
        if !storedHoursAreVoid {
            try source.forEachStationHour(site: index, before: endHour) { station, sums in
                goesOn = begin(sums.hour)
                if goesOn { rows.append((station, sums)) }
                return goesOn
            }
        }
        if goesOn, begin(Int64.min) { hour = Int64.max }
        if let failure { throw failure }
    }

    /// Settles the stations that were active in `hour`.
    private func judge(
        _ hour: Int64, _ rows: [(station: UInt32, sums: HourSums)], _ view: KnowledgeView,
        _ source: any ProjectionSource, _ search: inout ActivitySearch
    ) throws {
        guard hour != Int64.min else { return }
        let open = rows.filter { search.isOpen(Int($0.station)) && $0.sums.newest != Int64.min }
        guard !open.isEmpty else { return }
        if open.contains(where: { $0.sums.changed > view.knownAt || stationStates[Int($0.station)].isInexact }) {
            try scan(
                from: max(0, parameters.start(of: hour)), to: parameters.start(of: hour + 1), view, source, &search)
        } else {
            for row in open { search.note(Int(row.station), row.sums.newest) }
        }
        search.settleFound()
    }

    private func scan(
        from: Int64, to: Int64, _ view: KnowledgeView, _ source: any ProjectionSource, _ search: inout ActivitySearch
    ) throws {
        for worker in 0..<UInt32(workerStates.count) where hasEvents(worker) {
            try forEachEntry(
                Int(worker) * 3, from: TimelineEntry.key(at: from), to: TimelineEntry.key(at: to),
                knownAt: view.knownAt, source
            ) { search.note(Int(sources[$0.source].station), $0.time) }
        }
    }
}

/// Which stations were found, and which are still looked for.
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

    /// An event at a station; counts only while the station is looked for.
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
