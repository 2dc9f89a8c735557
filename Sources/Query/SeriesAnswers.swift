internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// The figures of one worker, station or the factory, bucket by bucket (SPEC 5.7).
enum Trend: Equatable, Sendable {
    case factory([Bucketed<FactoryFigures>])
    case worker(ArraySlice<UInt8>, [Bucketed<WorkerFigures>])
    case workstation(ArraySlice<UInt8>, [Bucketed<WorkstationFigures>])
}

/// The figures of many rows, bucket by bucket (SPEC 5.10).
struct HeatMap: Equatable, Sendable {
    var buckets: [Range<Int64>]
    var rows: Rows

    enum Rows: Equatable, Sendable {
        case workers([Row<WorkerFigures>])
        case workstations([Row<WorkstationFigures>])
        /// Without an id: samples that name no camera.
        case cameras([Row<HealthAverage>])
    }

    /// One value for each bucket.
    struct Row<Values: Equatable & Sendable>: Equatable, Sendable {
        var id: ArraySlice<UInt8>?
        /// nil: it has none.
        var name: String?
        var values: [Values]
    }

    /// Rows times buckets.
    static let cellsMaximum = 1_000_000
}

extension Question {
    /// Most buckets of a trend or a heat map (SPEC 5.7, 5.10).
    static let bucketsMaximum = 1000

    /// Whether the answer shows names that only the registry has.
    var showsWorkerNames: Bool { kind == .workers || parameters.subject == .rows(.workers) }

    private func buckets(_ zone: SiteZone) throws -> [Range<Int64>] {
        guard let buckets = parameters.bucket.buckets(of: window.range, zone, maximum: Question.bucketsMaximum) else {
            throw Problem.query(
                "bucket",
                "the time range holds more than \(Question.bucketsMaximum) of them: ask for less, or for longer ones")
        }
        return buckets
    }

    // MARK: Shifts

    func shifts() throws -> [ShiftFigures] {
        guard let shifts = try site.shifts(window, at: now, view, settings, zone, reader) else {
            throw Problem.tooManyShifts
        }
        return shifts
    }

    func handovers() throws -> [HandoverFigures] {
        guard let handovers = try site.handovers(window, view, settings, zone, reader) else {
            throw Problem.tooManyShifts
        }
        return handovers
    }

    // MARK: Trend

    func trend() throws -> Trend {
        let ranges = try buckets(zone)
        let windows = window.cut(into: ranges)
        switch parameters.subject ?? .factory {
        case .worker(let id):
            guard let number = site.workers.number(of: id.bytes), try site.isKnown(number, view, reader) else {
                throw Problem.unknown("of", "the site knows no worker \(id)")
            }
            let found = try site.figures(windows: windows, view, .workers, of: .worker(number), reader)
            return .worker(
                id.bytes[...],
                bucketed(ranges, windows) { WorkerFigures(found[$0].workers[0], elapsed: $1.elapsed) })
        case .workstation(let id):
            let settings = settings?.workstations.first { $0.workstationID == id }
            guard let number = site.stations.number(of: id.bytes), try settings != nil || isSeen(number) else {
                throw Problem.unknown("of", "the site knows no workstation \(id)")
            }
            let found = try site.figures(windows: windows, view, .stations, of: .workstation(number), reader)
            return .workstation(
                id.bytes[...],
                bucketed(ranges, windows) {
                    WorkstationFigures(
                        found[$0].stations[0], elapsed: $1.elapsed, capacity: settings?.capacity)
                })
        case .factory, .rows:
            let found = try site.figures(windows: windows, view, .factory, reader)
            return .factory(
                bucketed(ranges, windows) { FactoryFigures(found[$0].factory, over: $1, settings, zone) })
        }
    }

    /// Whether the question sees an event at a station.
    private func isSeen(_ station: UInt32) throws -> Bool {
        try site.lastActivities(before: Timestamp.latest.microseconds + 1, view, reader)[Int(station)] != nil
    }

    private func bucketed<Values>(
        _ ranges: [Range<Int64>], _ windows: [Window], _ values: (Int, Window) -> Values
    ) -> [Bucketed<Values>] {
        ranges.indices.map { Bucketed(range: ranges[$0], values: values($0, windows[$0])) }
    }

    // MARK: Heat map

    func heatMap(_ rosters: RosterCache) throws -> HeatMap {
        guard case .rows(let rows)? = parameters.subject else { return HeatMap(buckets: [], rows: .cameras([])) }
        let ranges = try buckets(rows == .cameras ? SiteZone.utc : zone)
        let windows = window.cut(into: ranges)
        let roster = rosters.roster(self)
        switch rows {
        case .workers:
            try checkCells(ranges, rows: roster.workers.count)
            return HeatMap(
                buckets: ranges, rows: .workers(try workers(windows, roster, rosters.workerNames(registered))))
        case .workstations:
            try checkCells(ranges, rows: roster.workstations.count)
            return HeatMap(buckets: ranges, rows: .workstations(try workstations(windows, roster)))
        case .cameras:
            let cameras = try cameras(windows)
            return HeatMap(buckets: ranges, rows: .cameras(cameras))
        }
    }

    private func checkCells(_ buckets: [Range<Int64>], rows: Int) throws {
        guard buckets.count * rows <= HeatMap.cellsMaximum else {
            throw Problem.query(
                "bucket",
                "\(buckets.count) buckets of \(rows) rows are more than \(HeatMap.cellsMaximum) cells: ask for less")
        }
    }

    private func workers(
        _ windows: [Window], _ roster: Roster, _ names: [WorkerID: String]
    ) throws -> [HeatMap.Row<WorkerFigures>] {
        let found = try site.figures(windows: windows, view, .workers, reader)
        return roster.workers.map { number in
            let id = site.workers[number]
            return HeatMap.Row(
                id: id, name: names[WorkerID(bytes: Array(id))],
                values: windows.indices.map {
                    WorkerFigures(found[$0].workers[Int(number)], elapsed: windows[$0].elapsed)
                })
        }
    }

    private func workstations(
        _ windows: [Window], _ roster: Roster
    ) throws -> [HeatMap.Row<WorkstationFigures>] {
        let found = try site.figures(windows: windows, view, .stations, reader)
        return roster.workstations.compactMap { workstation in
            guard let number = site.stations.number(of: workstation.workstationID.bytes).map(Int.init) else {
                return nil
            }
            return HeatMap.Row(
                id: workstation.workstationID.bytes[...], name: workstation.name,
                values: windows.indices.map {
                    WorkstationFigures(found[$0].stations[number], elapsed: windows[$0].elapsed)
                })
        }
    }

    private func cameras(_ windows: [Window]) throws -> [HeatMap.Row<HealthAverage>] {
        let sums: [[UInt32: HealthAverage]] = try site.health(windows: windows, view, reader)
        var rows: [ArraySlice<UInt8>?: [HealthAverage]] = [:]
        for (place, window) in sums.enumerated() {
            for group in site.groups(window, by: .camera) {
                if rows[group.id] == nil { try checkCells(windows.map(\.range), rows: rows.count + 1) }
                rows[group.id, default: Array(repeating: HealthAverage(), count: windows.count)][place] = group.figures
            }
        }
        return rows.map { HeatMap.Row(id: $0, name: nil, values: $1) }.sorted { left, right in
            guard let right = right.id else { return false }
            guard let left = left.id else { return true }
            return left.lexicographicallyPrecedes(right)
        }
    }

    // MARK: Model health

    func healthTrend() throws -> HealthTrend {
        let trend = try site.healthTrend(
            end: window.end, days: parameters.days, by: parameters.grouping, view, reader)
        guard let trend else {
            throw Problem.query(
                "days", "the groups have more than \(HealthTrend.rowsMaximum) hours with samples: ask for fewer days")
        }
        return trend
    }

    func drift() throws -> AnswerContent {
        let drift = try site.drift(window, from: baseline(), by: parameters.grouping, view, reader)
        return .drift(drift.whole, groups: drift.groups, parameters.grouping)
    }
}

extension Problem {
    fileprivate static var tooManyShifts: Problem {
        query("to", "the time range holds more than \(ShiftCalendar.instancesShownMaximum) shifts: ask for less")
    }
}
