internal import EventModel
internal import Timeline

/// One pass over a site's hours and pages that accumulates the sums of all windows.
///
/// Each part of a window consists of whole hours and the rest. Hour rows and stays serve the whole hours with closed
/// intervals and counts; the state that a worker's last state event asserts there is added. The rest is the window's edges, and the hours that
/// contain more than the question may know ("gaps"). It is derived from events, apart from parts of hours whose sums are
/// remembered (``PartMemory``): these are treated like whole hours.
struct FigurePass {
    private let site: SiteFold
    private let view: KnowledgeView
    private let reader: any ProjectionReader
    private let wanted: FigureSet
    private let scope: FigureScope
    private let remembered: RememberedParts?
    /// Hours of windows that hour rows can serve.
    private var hours: WindowRuns<Hour>
    /// Ranges to derive from events for every worker.
    private var rest: WindowRuns<Int64>
    /// Parts of hours that the memory has, or gets from this pass.
    private var parts = HourParts()
    /// The division for workers with individual gaps.
    private var own: [UInt32: Parts] = [:]

    /// How the windows are divided for one worker.
    private struct Parts {
        var hours: WindowRuns<Hour>
        var rest: WindowRuns<Int64>
    }

    init(
        _ site: SiteFold, _ view: KnowledgeView, _ reader: any ProjectionReader, _ windows: [Window],
        _ wanted: FigureSet, _ scope: FigureScope, _ remembered: RememberedParts?
    ) {
        self.scope = scope
        self.remembered = remembered
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
        try takeParts()
        try findGaps()
        try addHours(&tally)
        let open = try addOpenStates(&tally)
        try addParts(leavingOut: open, &tally)
        try addRest(&tally)
    }

    // MARK: Parts of hours

    /// Sums of some workers or stations are not remembered: there are too many of them.
    private mutating func takeParts() throws {
        guard let remembered, wanted.isSubset(of: .factory), site.hasHours(view) else { return }
        parts = try HourParts(from: &rest, site, view, settledBefore: remembered.settledBefore, reader)
    }

    private func addParts(leavingOut open: [OpenState], _ tally: inout FigureTally) throws {
        guard let memory = remembered?.memory else { return }
        var missing: [HourParts.Part] = []
        for part in parts.parts where part.changedAt != .none {
            guard let sums = memory.sums(of: part.range, changedAt: part.changedAt) else {
                missing.append(part)
                continue
            }
            for window in part.windows { tally.add(sums, to: window) }
        }
        guard !missing.isEmpty else { return }
        for (part, sums) in zip(missing, try closedSums(of: missing, leavingOut: open)) {
            memory.keep(sums, of: part.range, changedAt: part.changedAt)
            for window in part.windows { tally.add(sums, to: window) }
        }
    }

    /// - Parameter open: the states that are open in the parts.
    private func closedSums(of parts: [HourParts.Part], leavingOut open: [OpenState]) throws -> [PartSums] {
        let runs = WindowRuns(parts.enumerated().map { (range: $1.range, window: $0) })
        let stretches = runs.stretches
        var tally = FigureTally(
            parts.map { Window(from: $0.range.lowerBound, end: $0.range.upperBound) }, .factory, .site,
            workerCount: site.workers.count, stationCount: site.stations.count)
        let open = Dictionary(open.map { ($0.worker, $0.owner.key) }) { first, _ in first }
        for worker in everybody where site.hasEvents(worker) {
            try derive(worker, stretches, runs, leavingOut: open[worker], &tally)
        }
        return parts.indices.map { tally.partSums($0) }
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

    /// Adds the states that hours, and parts of hours, do not have.
    private func addOpenStates(_ tally: inout FigureTally) throws -> [OpenState] {
        let visible = hours.merged(with: parts.hours)
        guard !visible.isEmpty else { return [] }
        let stretches = visible.stretches
        let ownStretches = own.mapValues(\.hours.stretches)
        let open = try site.openStates(
            of: scope.workers, in: { ownStretches[$0] ?? stretches }, view, reader)
        let covered = hours.mapped { site.parameters.start(of: $0) }.merged(with: parts.runs)
        for state in open {
            let ownCovered = own[state.worker]?.hours.mapped { site.parameters.start(of: $0) }
            add(state.owner, state.range, state.worker, ownCovered ?? covered, &tally)
        }
        return open
    }

    private var everybody: Range<UInt32> { 0..<UInt32(site.workers.count) }

    private func addRest(_ tally: inout FigureTally) throws {
        let stretches = rest.stretches
        for worker in scope.workers ?? Array(everybody) where site.hasEvents(worker) {
            let ownRest = own.isEmpty ? nil : own[worker]?.rest
            try derive(worker, ownRest?.stretches ?? stretches, ownRest ?? rest, &tally)
        }
    }

    /// Adds what a worker did in `stretches`, which are those of `runs`.
    /// - Parameter open: the event of a state that is added otherwise.
    private func derive(
        _ worker: UInt32, _ stretches: [Range<Int64>], _ runs: WindowRuns<Int64>, leavingOut open: EventKey? = nil,
        _ tally: inout FigureTally
    ) throws {
        for stretch in stretches {
            try site.derive(
                worker, from: stretch.lowerBound, to: stretch.upperBound, view, reader,
                interval: { owner, start, end in
                    if owner.key != open { add(owner, start..<end, worker, runs, &tally) }
                },
                count: { entry in
                    let station = site.origin(entry.origin).station
                    runs.forEachWindow(at: entry.time) {
                        tally.add(units: entry.count, worker: worker, station: station, to: $0)
                    }
                })
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
