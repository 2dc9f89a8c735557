internal import EventModel
package import Timeline

/// The figures of one site over one window, indexed by worker and station number; where the question is about some of
/// them, in its order (``FigureScope``).
package struct SiteFigures: Equatable, Sendable {
    package var window: Window
    package var workers: [StateSums] = []
    package var stations: [StateSums] = []
    package var statuses: [WorkerStatus] = []
    package var factory = FactoryTotals()
}

/// Which figures a question needs. Others are not computed, and their part of ``SiteFigures`` stays empty.
package struct FigureSet: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    /// ``SiteFigures/workers``: 32 bytes per worker and window.
    package static let workers = FigureSet(rawValue: 1)
    /// ``SiteFigures/stations``: 32 bytes per station and window.
    package static let stations = FigureSet(rawValue: 2)
    /// ``SiteFigures/statuses``, for lists: looked up worker by worker at the end of each window.
    package static let statuses = FigureSet(rawValue: 4)
    /// Working, idle, absent and units of ``SiteFigures/factory``: computed from the factory's hours, without reading
    /// those of workers.
    package static let totals = FigureSet(rawValue: 8)
    /// The two counts of ``SiteFigures/factory``: one bit per worker, station and window.
    package static let activity = FigureSet(rawValue: 16)

    /// All of SPEC 5.4.
    package static let factory: FigureSet = [.totals, .activity]

    /// Figures that combine workers: for these, hours that are not fully known must be derived for all workers.
    static let ofAllWorkers: FigureSet = [.stations, .totals, .activity]
    static let sums: FigureSet = [.workers, .stations, .totals, .activity]
}

/// Whose sums a question needs.
package enum FigureScope: Equatable, Sendable {
    case site
    /// Those of these workers, in this order; each once.
    case workers([UInt32])
    /// Those of these stations, in this order; each once.
    case workstations([UInt32])

    /// Those whose time lines matter; nil: everybody's, also for a station.
    var workers: [UInt32]? { if case .workers(let some) = self { some } else { nil } }

    /// Those whose hours of one kind are needed; nil: all.
    func entities(_ kind: HourKind) -> [UInt32]? {
        switch (kind, self) {
        case (.worker, .workers(let some)), (.workstation, .workstations(let some)): some
        default: nil
        }
    }
}

/// Sums over a window for a worker or a station, in µs and units.
package struct StateSums: Sendable, Equatable {
    package var working: Int64 = 0
    package var idle: Int64 = 0
    package var absent: Int64 = 0
    package var units: Int64 = 0

    package init() {}

    /// Working plus idle: worker-time at a station (SPEC 5.3).
    package var present: Int64 { working + idle }
    /// Time covered by any state.
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
    /// Figures over many windows in one pass. Whole hours come from hour rows, edges and hours that are not fully known
    /// from pages; states that are still open are added (SPEC 5, DESIGN 1.7–1.8).
    ///
    /// Reads each hour row once and each worker's pages once, regardless of the number of windows.
    /// - Parameters:
    ///   - windows: in any order, may overlap. For `.workers` and `.stations` limit their number: the answer has a row per
    ///     entity of the scope and window.
    ///   - scope: some workers with `.workers` alone, some stations with `.stations` alone, or everybody, also whom no
    ///     definition names any more.
    ///   - remembered: for the factory's figures; nil: all edges of windows are derived from events.
    /// - Returns: one element per window, in the same order.
    package func figures(
        windows: [Window], _ view: KnowledgeView, _ wanted: FigureSet, of scope: FigureScope = .site,
        _ reader: any ProjectionReader, _ remembered: RememberedParts? = nil
    ) throws -> [SiteFigures] {
        var tally = FigureTally(windows, wanted, scope, workerCount: workers.count, stationCount: stations.count)
        if !wanted.isDisjoint(with: .sums) {
            var pass = FigurePass(self, view, reader, windows, wanted, scope, remembered)
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
        _ window: Window, _ view: KnowledgeView, _ wanted: FigureSet, _ reader: any ProjectionReader,
        _ remembered: RememberedParts? = nil
    ) throws -> SiteFigures {
        try figures(windows: [window], view, wanted, reader, remembered)[0]
    }
}
