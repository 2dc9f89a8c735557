internal import EventModel

/// A window of event time: [from, end), `end` being min(to, now) already (SPEC 5.1), in microseconds.
public struct Window: Sendable, Equatable {
    public var from: Int64
    public var end: Int64

    public init(from: Int64, end: Int64) {
        self.from = from
        self.end = max(from, end)
    }

    public var elapsed: Int64 { end - from }
}

/// Sums over a window, of a worker, of a station or of all, in µs and units.
public struct StateSums: Sendable, Equatable {
    public var working: Int64 = 0
    public var idle: Int64 = 0
    public var absent: Int64 = 0
    public var units: Int64 = 0

    public init() {}

    /// Working and idle together: worker-time at a station (SPEC 5.3).
    public var present: Int64 { working + idle }
    /// Time that some state covers.
    public var observed: Int64 { working + idle + absent }

    mutating func add(_ owner: TimelineEntry, _ amount: Int64) {
        switch owner.type {
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

/// Where a worker stands just before the end of a window (SPEC 5.2).
public struct WorkerStatus: Sendable, Equatable {
    /// The event whose state holds; nil: unknown.
    public var current: TimelineEntry?
    /// Newest accepted event time before the end.
    public var lastSeen: Int64?
}

/// The figures of one site over one window, by the numbers of workers and stations.
public struct SiteFigures: Sendable {
    public var window: Window
    public var workers: [StateSums] = []
    public var stations: [StateSums] = []
    public var statuses: [WorkerStatus] = []

    /// Sum over all workers (SPEC 5.4).
    public var total: StateSums {
        workers.reduce(into: StateSums()) { total, worker in
            total.working += worker.working
            total.idle += worker.idle
            total.absent += worker.absent
            total.units += worker.units
        }
    }

    /// Workers with working + idle + absent > 0 (SPEC 5.4).
    public var activeWorkers: Int { workers.count { $0.observed > 0 } }
    /// Stations with present > 0 (SPEC 5.4).
    public var activeStations: Int { stations.count { $0.present > 0 } }
}

/// Which figures a question needs: what is not asked for is not computed.
public struct FigureSet: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let workers = FigureSet(rawValue: 1)
    public static let stations = FigureSet(rawValue: 2)
    /// ``SiteFigures/statuses``.
    public static let statuses = FigureSet(rawValue: 4)
}

extension SiteFold {
    /// Figures over a window: whole hours from the buckets, edges and hours that are not fully known from pages, and
    /// what is still open on top (SPEC 5, DESIGN 1.7–1.8).
    public func figures(
        _ window: Window, _ view: KnowledgeView, _ wanted: FigureSet, _ reader: any ProjectionReader
    ) throws -> SiteFigures {
        var figures = SiteFigures(window: window)
        let hours = bucketHours(window, view)
        if wanted.contains(.workers) { figures.workers = try workerSums(window, hours, view, reader) }
        if wanted.contains(.stations) { figures.stations = try stationSums(window, hours, view, reader) }
        if wanted.contains(.statuses) {
            figures.statuses = try (0..<UInt32(workerStates.count)).map { try status($0, window.end, view, reader) }
        }
        return figures
    }

    /// Whole hours of the window for which buckets may be used; empty when none may.
    private func bucketHours(_ window: Window, _ view: KnowledgeView) -> Range<Hour> {
        guard !isRederiving, view.knownAt.covers(bucketFloor), window.from < window.end else {
            return Hour(0)..<Hour(0)
        }
        let first = parameters.hour(of: window.from + Microseconds.hour - 1)
        let last = parameters.hour(of: window.end)
        return first < last ? first..<last : Hour(0)..<Hour(0)
    }

    private func workerSums(
        _ window: Window, _ hours: Range<Hour>, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [StateSums] {
        var sums = [StateSums](repeating: StateSums(), count: workerStates.count)
        let unknown = try unknownHours(.worker, hours, view, reader)
        try forEachHour(.worker, hours, reader) { worker, row in
            if unknown.isEmpty || !unknown.contains(HourKey(worker, row.hour)) { sums[Int(worker)].add(row) }
        }
        let gaps = Dictionary(grouping: unknown, by: \.entity).mapValues { $0.map(\.hour).sorted() }
        let open = try openParts(
            hours, view, window, { gaps[$0] ?? [] }, isGap: { unknown.contains(HourKey($0, $1)) }, reader)
        for worker in 0..<UInt32(workerStates.count) where hasEvents(worker) {
            for span in spans(window, hours, without: gaps[worker] ?? []) {
                try derive(
                    worker, from: span.lowerBound, to: span.upperBound, view, reader,
                    interval: { owner, start, end in sums[Int(worker)].add(owner, end - start) },
                    count: { sums[Int(worker)].units += $0.count })
            }
            if let part = open[Int(worker)] { sums[Int(worker)].add(part.owner, part.amount) }
        }
        return sums
    }

    private func stationSums(
        _ window: Window, _ hours: Range<Hour>, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [StateSums] {
        var sums = [StateSums](repeating: StateSums(), count: stationStates.count)
        // A worker that an unknown event moved elsewhere changes no row of the station that was left: the factory's hour
        // decides.
        let unknown = Set(try unknownHours(.factory, hours, view, reader).map(\.hour))
        try forEachHour(.workstation, hours, reader) { station, row in
            if unknown.isEmpty || !unknown.contains(row.hour) { sums[Int(station)].add(row) }
        }
        let gaps = unknown.sorted()
        let open = try openParts(hours, view, window, { _ in gaps }, isGap: { unknown.contains($1) }, reader)
        let spans = spans(window, hours, without: gaps)
        for worker in 0..<UInt32(workerStates.count) where hasEvents(worker) {
            for span in spans {
                try derive(
                    worker, from: span.lowerBound, to: span.upperBound, view, reader,
                    interval: { owner, start, end in
                        sums[Int(origins[owner.origin].station)].addPresence(owner, end - start)
                    },
                    count: { sums[Int(origins[$0.origin].station)].units += $0.count })
            }
            if let part = open[Int(worker)] {
                sums[Int(origins[part.owner.origin].station)].addPresence(part.owner, part.amount)
            }
        }
        return sums
    }

    /// The hours whose buckets hold more than is known.
    private func unknownHours(
        _ kind: HourKind, _ hours: Range<Hour>, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> Set<HourKey> {
        var unknown: Set<HourKey> = []
        guard !view.knownAt.isEverything else { return unknown }
        try forEachHour(kind, hours, reader) { entity, row in
            if !view.knownAt.covers(row.changedAt) { unknown.insert(HourKey(entity, row.hour)) }
        }
        return unknown
    }

    /// The stretches of the window that have to be derived: its edges, and the hours in `gaps` (ascending).
    private func spans(_ window: Window, _ hours: Range<Hour>, without gaps: [Hour]) -> [Range<Int64>] {
        guard !hours.isEmpty else { return window.from < window.end ? [window.from..<window.end] : [] }
        var spans: [Range<Int64>] = []
        func add(_ from: Int64, _ to: Int64) {
            guard from < to else { return }
            if let last = spans.last, last.upperBound == from {
                spans[spans.count - 1] = last.lowerBound..<to
            } else {
                spans.append(from..<to)
            }
        }
        add(window.from, parameters.start(of: hours.lowerBound))
        for hour in gaps { add(parameters.start(of: hour), parameters.start(of: hour.next)) }
        add(parameters.start(of: hours.upperBound), window.end)
        return spans
    }

    /// State and last event just before `end` (SPEC 5.2).
    func status(
        _ worker: UInt32, _ end: Int64, _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> WorkerStatus {
        guard hasEvents(worker) else { return WorkerStatus() }
        let key = EventKey(at: end)
        var status = WorkerStatus()
        status.lastSeen = try lastEvent(worker, before: key, knownAt: view.knownAt, reader)?.time
        if let holding = try state(worker, before: key, knownAt: view.knownAt, reader),
            view.clip(worker).limiting(holding.time + view.ttl) >= end
        {
            status.current = holding
        }
        return status
    }
}

/// An hour of one entity.
struct HourKey: Hashable {
    var entity: UInt32
    var hour: Hour

    init(_ entity: UInt32, _ hour: Hour) {
        self.entity = entity
        self.hour = hour
    }
}

extension StateSums {
    /// Only who works or idles is at a station.
    mutating func addPresence(_ owner: TimelineEntry, _ amount: Int64) {
        if owner.type != .absent { add(owner, amount) }
    }
}
