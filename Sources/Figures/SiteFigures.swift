internal import EventModel
package import Timeline

/// The figures of one site over one window, by the numbers of workers and stations.
package struct SiteFigures: Equatable, Sendable {
    package var window: Window
    package var workers: [StateSums] = []
    package var stations: [StateSums] = []
    package var statuses: [WorkerStatus] = []
    package var factory = FactoryTotals()
}

/// Which figures a question needs: what is not asked for is not computed, and its part of ``SiteFigures`` stays empty.
package struct FigureSet: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    /// ``SiteFigures/workers``: 32 bytes for each worker and window.
    package static let workers = FigureSet(rawValue: 1)
    /// ``SiteFigures/stations``: 32 bytes for each station and window.
    package static let stations = FigureSet(rawValue: 2)
    /// ``SiteFigures/statuses``, for lists: looked up worker by worker at the end of each window.
    package static let statuses = FigureSet(rawValue: 4)
    /// Working, idle, absent and units of ``SiteFigures/factory``: from the hours of the whole factory, so that no
    /// worker's hours are read.
    package static let totals = FigureSet(rawValue: 8)
    /// The two counts of ``SiteFigures/factory``: a bit for each worker, station and window.
    package static let activity = FigureSet(rawValue: 16)

    /// All of SPEC 5.4.
    package static let factory: FigureSet = [.totals, .activity]

    /// Figures that mix workers: hours that are not fully known have to be derived for all workers.
    static let ofAllWorkers: FigureSet = [.stations, .totals, .activity]
    static let sums: FigureSet = [.workers, .stations, .totals, .activity]
}

/// Sums over a window, of a worker or of a station, in µs and units.
package struct StateSums: Sendable, Equatable {
    package var working: Int64 = 0
    package var idle: Int64 = 0
    package var absent: Int64 = 0
    package var units: Int64 = 0

    package init() {}

    /// Working and idle together: worker-time at a station (SPEC 5.3).
    package var present: Int64 { working + idle }
    /// Time that some state covers.
    package var observed: Int64 { working + idle + absent }

    mutating func add(_ type: EventType, _ amount: Int64) {
        switch type {
        case .working: working += amount
        case .idle: idle += amount
        case .absent: absent += amount
        case .productCount: break
        }
    }

    mutating func add(_ sums: HourSums) {
        working += sums.working
        idle += sums.idle
        absent += sums.absent
        units += sums.units
    }
}

extension SiteFold {
    /// Figures over many windows in one pass: whole hours from the hour rows, edges and hours that are not fully known
    /// from pages, and what is still open on top (SPEC 5, DESIGN 1.7–1.8).
    ///
    /// Each hour row is read once and each worker's pages are walked once, however many windows there are.
    /// - Parameter windows: in any order, overlapping or not. For `.workers` and `.stations` keep their number within
    ///   bounds: the answer has a row for each entity and window.
    /// - Returns: one for each window, in their order.
    package func figures(
        windows: [Window], _ view: KnowledgeView, _ wanted: FigureSet, _ reader: any ProjectionReader
    ) throws -> [SiteFigures] {
        var tally = FigureTally(windows, wanted, workerCount: workers.count, stationCount: stations.count)
        if !wanted.isDisjoint(with: .sums) {
            var pass = FigurePass(self, view, reader, windows, wanted)
            try pass.run(&tally)
        }
        var figures = tally.figures()
        guard wanted.contains(.statuses) else { return figures }
        for index in figures.indices {
            figures[index].statuses = try (0..<UInt32(workers.count)).map {
                try status($0, windows[index].end, view, reader)
            }
        }
        return figures
    }

    /// Figures over one window.
    package func figures(
        _ window: Window, _ view: KnowledgeView, _ wanted: FigureSet, _ reader: any ProjectionReader
    ) throws -> SiteFigures {
        try figures(windows: [window], view, wanted, reader)[0]
    }
}
