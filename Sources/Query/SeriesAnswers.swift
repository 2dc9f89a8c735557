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
    var showsWorkerNames: Bool { kind == .workers || kind == .compare || parameters.subject == .rows(.workers) }

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
        guard let shifts = try site.shifts(window, at: now, view, settings, zone, reader, remembered) else {
            throw Problem.tooManyShifts
        }
        return shifts
    }

    func handovers() throws -> [HandoverFigures] {
        guard let handovers = try site.handovers(window, view, settings, zone, reader, remembered) else {
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
            let found = try site.figures(windows: windows, view, .workers, of: .workers([number]), reader)
            return .worker(
                id.bytes[...],
                bucketed(ranges, windows) { WorkerFigures(found[$0].workers[0], elapsed: $1.elapsed) })
        case .workstation(let id):
            let settings = settings?.workstations.first { $0.workstationID == id }
            guard let number = site.stations.number(of: id.bytes), try settings != nil || isSeen(number) else {
                throw Problem.unknown("of", "the site knows no workstation \(id)")
            }
            let found = try site.figures(windows: windows, view, .stations, of: .workstations([number]), reader)
            return .workstation(
                id.bytes[...],
                bucketed(ranges, windows) {
                    WorkstationFigures(
                        found[$0].stations[0], elapsed: $1.elapsed, capacity: settings?.capacity)
                })
        case .factory, .rows:
            let found = try site.figures(windows: windows, view, .factory, reader, remembered)
            return .factory(
                bucketed(ranges, windows) { FactoryFigures(found[$0].factory, over: $1, settings, zone) })
        }
    }

    /// Whether the question sees an event at a station.
    func isSeen(_ station: UInt32) throws -> Bool {
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
        let map: HeatMap.Rows?
        switch rows {
        case .workers where fits(roster.workers.count, ranges):
            map = .workers(try workers(windows, roster, rosters.workerNames(registered)))
        case .workstations where fits(roster.workstations.count, ranges):
            map = .workstations(try workstations(windows, roster))
        case .cameras:
            let cameras = try site.cameras(
                windows: windows, cellsMaximum: HeatMap.cellsMaximum, view, reader)
            map = cameras.map { .cameras($0.map { HeatMap.Row(id: $0.id, name: nil, values: $0.figures) }) }
        case .workers, .workstations: map = nil
        }
        guard let map else {
            throw Problem.query(
                "bucket",
                "\(ranges.count) buckets of so many rows are more than \(HeatMap.cellsMaximum) cells: ask for less")
        }
        return HeatMap(buckets: ranges, rows: map)
    }

    private func fits(_ rows: Int, _ buckets: [Range<Int64>]) -> Bool {
        rows * buckets.count <= HeatMap.cellsMaximum
    }

    private func workers(
        _ windows: [Window], _ roster: Roster, _ names: [WorkerID: String]
    ) throws -> [HeatMap.Row<WorkerFigures>] {
        let found = try site.figures(windows: windows, view, .workers, of: .workers(roster.workers), reader)
        return roster.workers.enumerated().map { row, number in
            let id = site.workers[number]
            return HeatMap.Row(
                id: id, name: names[WorkerID(bytes: Array(id))],
                values: windows.indices.map {
                    WorkerFigures(found[$0].workers[row], elapsed: windows[$0].elapsed)
                })
        }
    }

    private func workstations(
        _ windows: [Window], _ roster: Roster
    ) throws -> [HeatMap.Row<WorkstationFigures>] {
        let shown = roster.workstations.compactMap { workstation in
            site.stations.number(of: workstation.workstationID.bytes).map { (workstation, number: $0) }
        }
        let found = try site.figures(
            windows: windows, view, .stations, of: .workstations(shown.map(\.number)), reader)
        return shown.enumerated().map { row, station in
            HeatMap.Row(
                id: station.0.workstationID.bytes[...], name: station.0.name,
                values: windows.indices.map {
                    WorkstationFigures(found[$0].stations[row], elapsed: windows[$0].elapsed)
                })
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

    /// Hours that begin in the window, which may end later than now.
    func alerts() throws -> [HealthAlert] {
        let end = to?.microseconds ?? window.end
        guard let alerts = try site.alerts(from: from?.microseconds ?? 0, to: end, view, reader) else {
            throw Problem.query(
                "to", "the time range holds more than \(HealthAlert.rowsMaximum) alerts: ask for less")
        }
        return alerts
    }

    func healthReport() throws -> HealthReport {
        let week = parameters.week ?? .before(zone.localDay(of: now))
        guard let report = try site.healthReport(week, zone, end: now.microseconds, view, reader) else {
            throw Problem.query("week", "it has more than \(HealthAlert.rowsMaximum) alerts, or rows")
        }
        return report
    }

    func drift() throws -> AnswerContent {
        let baseline = try baseline()
        let drift = try site.drift(window, from: baseline, by: parameters.grouping, view, reader)
        return .drift(drift.whole, since: baseline, groups: drift.groups, parameters.grouping)
    }
}

extension Problem {
    fileprivate static var tooManyShifts: Problem {
        query("to", "the time range holds more than \(ShiftCalendar.instancesShownMaximum) shifts: ask for less")
    }
}
