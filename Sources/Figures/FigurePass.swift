internal import EventModel
internal import Timeline

/// One pass over a site's hours and pages that accumulates the sums of all windows.
///
/// Each part of a window consists of whole hours and the rest. Hour rows and stays serve the whole hours with closed
/// intervals and counts; the state that a worker's last state event asserts there is added. The rest is the window's edges, and the hours that
/// contain more than the question may know ("gaps"). It is derived from events.
struct FigurePass {
    private let site: SiteFold
    private let view: KnowledgeView
    private let reader: any ProjectionReader
    private let wanted: FigureSet
    private let scope: FigureScope
    /// Hours of windows that hour rows can serve.
    private var hours: WindowRuns<Hour>
    /// Ranges to derive from events for every worker.
    private var rest: WindowRuns<Int64>
    /// The division for workers with individual gaps.
    private var own: [UInt32: Parts] = [:]

    /// How the windows are divided for one worker.
    private struct Parts {
        var hours: WindowRuns<Hour>
        var rest: WindowRuns<Int64>
    }

    init(
        _ site: SiteFold, _ view: KnowledgeView, _ reader: any ProjectionReader, _ windows: [Window],
        _ wanted: FigureSet, _ scope: FigureScope
    ) {
        self.scope = scope
        self.site = site
        self.view = view
        self.reader = reader
        self.wanted = wanted
        let parameters = site.parameters
        var whole: [(range: Range<Hour>, window: Int)] = []
        var edges: [(range: Range<Int64>, window: Int)] = []
        for (number, window) in windows.enumerated() {
            for part in window.parts {
                let hours = site.wholeHours(of: part, view)
                guard !hours.isEmpty else {
                    edges.append((part, number))
                    continue
                }
                whole.append((hours, number))
                edges.append((part.lowerBound..<parameters.start(of: hours.lowerBound), number))
                edges.append((parameters.start(of: hours.upperBound)..<part.upperBound, number))
            }
        }
        hours = WindowRuns(whole)
        rest = WindowRuns(edges)
    }

    mutating func run(_ tally: inout FigureTally) throws {
        try findGaps()
        try addHours(&tally)
        try addOpenStates(&tally)
        try addRest(&tally)
    }

    // MARK: Gaps

    /// Moves hours that contain more than the question may know from rows to events.
    private mutating func findGaps() throws {
        guard !view.knownAt.isEverything else { return }
        // Every change to a worker's or a station's hour also changes the factory's hour, or a stay. The factory's hour is
        // the only one that shows when an unknown event moved a worker away from a station.
        let knownAt = view.knownAt
        var unknown: [Range<Hour>] = []
        for read in hours.reads {
            try site.forEachHour(.factory, read, reader) { _, row in
                if !knownAt.covers(row.changedAt) { unknown.append(row.hour..<row.hour.next) }
            }
            try site.forEachStay(in: read, reader) { stay in
                if !knownAt.covers(stay.changedAt) { unknown.append(stay.hours) }
            }
        }
        guard !unknown.isEmpty else { return }
        if wanted.isDisjoint(with: .ofAllWorkers) {
            try findOwnGaps(unknown)
        } else {
            let parts = divided(by: unknown)
            (hours, rest) = (parts.hours, parts.rest)
        }
    }

    /// Finds gaps per worker: if only workers are asked for, unknown changes may not affect most of them.
    private mutating func findOwnGaps(_ unknown: [Range<Hour>]) throws {
        let knownAt = view.knownAt
        var gaps: [UInt32: [Range<Hour>]] = [:]
        for read in WindowRuns(unknown.map { (range: $0, window: 0) }).reads {
            try site.forEachHour(.worker, of: scope.workers, read, reader) { worker, row in
                if !knownAt.covers(row.changedAt) { gaps[worker, default: []].append(row.hour..<row.hour.next) }
            }
            try site.forEachStay(in: read, reader) { stay in
                if !knownAt.covers(stay.changedAt) { gaps[stay.worker, default: []].append(stay.hours) }
            }
        }
        own = gaps.mapValues { divided(by: $0) }
    }

    /// - Parameter gaps: in any order, may overlap.
    private func divided(by gaps: [Range<Hour>]) -> Parts {
        let cut = hours.cut(by: WindowRuns(gaps.map { (range: $0, window: 0) }).stretches)
        return Parts(hours: cut.outside, rest: rest.merged(with: cut.inside.mapped { site.parameters.start(of: $0) }))
    }

    // MARK: Whole hours

    private func addHours(_ tally: inout FigureTally) throws {
        for read in hours.reads { try addHours(read, &tally) }
    }

    private func addHours(_ read: Range<Hour>, _ tally: inout FigureTally) throws {
        let hours = hours
        let own = own
        if wanted.contains(.activity) { try addActivity(read, &tally) }
        if wanted.contains(.workers) {
            try site.forEachHour(.worker, of: scope.entities(.worker), read, reader) { worker, row in
                if !own.isEmpty, let parts = own[worker] {
                    parts.hours.forEachWindow(at: row.hour) { tally.add(worker: worker, row, to: $0) }
                } else {
                    hours.forEachWindow(at: row.hour) { tally.add(worker: worker, row, to: $0) }
                }
            }
        }
        if wanted.contains(.stations) {
            try site.forEachHour(.workstation, of: scope.entities(.workstation), read, reader) { station, row in
                hours.forEachWindow(at: row.hour) { tally.add(station: station, row, to: $0) }
            }
        }
        if wanted.contains(.totals) {
            try site.forEachHour(.factory, read, reader) { _, row in
                hours.forEachWindow(at: row.hour) { tally.add(factory: row, to: $0) }
            }
        }
        try site.forEachStay(in: read, reader) { stay in
            guard let state = stay.state else { return }
            (own[stay.worker]?.hours ?? hours).forEachOverlap(stay.hours) { window, part in
                let time = part.lowerBound.distance(to: part.upperBound) * Microseconds.hour
                tally.add(state, time, worker: stay.worker, station: stay.station, to: window)
            }
        }
    }

    /// Who worked, was idle or absent: of a thousand workers in a week these are more hours than any other question reads.
    private func addActivity(_ read: Range<Hour>, _ tally: inout FigureTally) throws {
        // Rows of one hour stand together.
        var last: (hour: Hour, windows: ArraySlice<Int>)?
        func windows(_ hour: Hour) -> ArraySlice<Int> {
            if let last, last.hour == hour { return last.windows }
            let windows = hours.windows(at: hour)
            last = (hour, windows)
            return windows
        }
        try site.forEachActiveHour(.worker, read, reader) { worker, hour in
            for window in windows(hour) { tally.noteActive(worker: worker, in: window) }
        }
        try site.forEachActiveHour(.workstation, read, reader) { station, hour in
            for window in windows(hour) { tally.noteActive(station: station, in: window) }
        }
    }

    // MARK: Events

    private func addOpenStates(_ tally: inout FigureTally) throws {
        guard !hours.isEmpty else { return }
        let stretches = hours.stretches
        let ownStretches = own.mapValues(\.hours.stretches)
        let open = try site.openStates(
            of: scope.workers, in: { ownStretches[$0] ?? stretches }, view, reader)
        let covered = hours.mapped { site.parameters.start(of: $0) }
        for state in open {
            let ownCovered = own[state.worker]?.hours.mapped { site.parameters.start(of: $0) }
            add(state.owner, state.range, state.worker, ownCovered ?? covered, &tally)
        }
    }

    private func addRest(_ tally: inout FigureTally) throws {
        let stretches = rest.stretches
        for worker in scope.workers ?? Array(0..<UInt32(site.workers.count)) where site.hasEvents(worker) {
            let ownRest = own.isEmpty ? nil : own[worker]?.rest
            let runs = ownRest ?? rest
            for stretch in ownRest?.stretches ?? stretches {
                try site.derive(
                    worker, from: stretch.lowerBound, to: stretch.upperBound, view, reader,
                    interval: { owner, start, end in add(owner, start..<end, worker, runs, &tally) },
                    count: { entry in
                        let station = site.origin(entry.origin).station
                        runs.forEachWindow(at: entry.time) {
                            tally.add(units: entry.count, worker: worker, station: station, to: $0)
                        }
                    })
            }
        }
    }

    /// Adds a state that holds in `range`, limited to `runs`.
    private func add(
        _ owner: TimelineEntry, _ range: Range<Int64>, _ worker: UInt32, _ runs: WindowRuns<Int64>,
        _ tally: inout FigureTally
    ) {
        let station = site.origin(owner.origin).station
        runs.forEachOverlap(range) { window, part in
            tally.add(
                owner.type, part.upperBound - part.lowerBound, worker: worker, station: station, to: window)
        }
    }
}
