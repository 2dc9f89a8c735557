// Layer: oracle. The figures of SPEC 5.2–5.4 and 5.9, by clipping every interval to the window.
public import EventModel

/// SPEC 5.2; times in microseconds.
public struct OracleWorkerFigures: Equatable, Sendable {
    public var worker: WorkerID
    public var working: Int64 = 0
    public var idle: Int64 = 0
    public var absent: Int64 = 0
    public var elapsed: Int64
    public var units: Int64 = 0
    public var lastSeen: Int64?
    /// nil is `unknown`.
    public var currentState: EventType?
    public var currentWorkstation: WorkstationID?

    /// Nothing but time that passed.
    public init(worker: WorkerID, elapsed: Int64) {
        self.worker = worker
        self.elapsed = elapsed
    }

    public var unknown: Int64 { elapsed - working - idle - absent }
    /// Nobody knows what somebody did whom nothing observed (SPEC 5.1).
    private var isUnseen: Bool { working + idle + absent == 0 }
    public var utilization: ExactDecimal? { isUnseen ? nil : .percentage(Int128(working), of: Int128(elapsed)) }
    public var availability: ExactDecimal? {
        isUnseen ? nil : .percentage(Int128(elapsed - absent), of: Int128(elapsed))
    }
    public var presenceUtilization: ExactDecimal? { .percentage(Int128(working), of: Int128(working + idle)) }
    public var coverage: ExactDecimal? { .percentage(Int128(elapsed - unknown), of: Int128(elapsed)) }
    public var throughput: ExactDecimal? { .hourlyRate(units, in: working) }
}

/// SPEC 5.3; times in microseconds.
public struct OracleWorkstationFigures: Equatable, Sendable {
    public var workstation: WorkstationID
    public var present: Int64 = 0
    public var working: Int64 = 0
    public var elapsed: Int64
    public var units: Int64 = 0
    public var currentWorkers = 0
    public var lastActivity: Int64?

    /// Nothing but time that passed.
    public init(workstation: WorkstationID, elapsed: Int64) {
        self.workstation = workstation
        self.elapsed = elapsed
    }

    public var occupancy: ExactDecimal? { .percentage(Int128(present), of: Int128(elapsed)) }
    public var utilization: ExactDecimal? { .percentage(Int128(working), of: Int128(present)) }
    public var efficiency: ExactDecimal? { .hourlyRate(units, in: present) }
    public var capacity: Int64 = 1
    public var capacityOccupancy: ExactDecimal? {
        .percentage(Int128(present), of: Int128(capacity) * Int128(elapsed))
    }
}

/// SPEC 5.4; times in microseconds.
public struct OracleFactoryFigures: Equatable, Sendable {
    public var working: Int64
    public var idle: Int64
    public var absent: Int64
    public var elapsed: Int64
    public var units: Int64
    public var activeWorkers: Int
    public var activeWorkstations: Int
    /// Time of [from, E) inside the union of the shifts; all of it without shifts.
    public var shiftTime: Int64
    public var targetMicrounitsPerHour: Int64?

    /// Workers times time: the denominator of the averages.
    private var workerTime: Int128 { Int128(activeWorkers) * Int128(elapsed) }
    public var averageUtilization: ExactDecimal? { .percentage(Int128(working), of: workerTime) }
    public var coverage: ExactDecimal? { .percentage(Int128(working + idle + absent), of: workerTime) }
    public var averageProductionRate: ExactDecimal? { .hourlyRate(units, in: elapsed) }

    /// Millionths of a unit times microseconds in an hour: target × `targetScale` as an integer.
    private static let targetScale: Int128 = 1_000_000 * 3_600_000_000
    private var scaledTarget: Int128? { targetMicrounitsPerHour.map { Int128($0) * Int128(shiftTime) } }
    public var targetUnits: ExactDecimal? {
        scaledTarget.flatMap { ExactDecimal($0, over: Self.targetScale, places: 2) }
    }
    public var targetVariance: ExactDecimal? {
        scaledTarget.flatMap { .percentage(Int128(units) * Self.targetScale - $0, of: $0) }
    }
}

/// One row of SPEC 5.9's `intervals`.
public struct OracleExplanation: Equatable, Sendable {
    public var state: EventType
    public var workstation: WorkstationID
    public var from: Int64
    public var to: Int64
    /// The first of the ``events``.
    public var opener: LoggedEvent
    public var events = 1
}

/// SPEC 5.8: the newest of a site's accepted and low-confidence events; nil without any.
public struct OracleNewest: Equatable, Sendable {
    public var eventTime: Int64?
    public var createdAt: Int64?

    public init(eventTime: Int64?, createdAt: Int64?) {
        self.eventTime = eventTime
        self.createdAt = createdAt
    }
}

extension OracleView {
    /// SPEC 5.8.
    public var newest: OracleNewest {
        let events = winners.filter { $0.mark.eventClass != .quarantined }
        return OracleNewest(eventTime: events.map(\.time).max(), createdAt: events.map(\.createdAt).max())
    }

    /// SPEC 2.7: the winners of the quarantined class, newest created_at first, then by position.
    public var quarantined: [LoggedEvent] {
        winners.filter { $0.mark.eventClass == .quarantined }
            .sorted { ($1.createdAt, $0.offset, $0.index) < ($0.createdAt, $1.offset, $1.index) }
    }

    /// Every interval of every worker, clipped to what counts of the window; empty ones left out.
    private func pieces(_ window: OracleWindow) -> [OracleInterval] {
        intervals.values.flatMap { $0 }.flatMap { interval in
            window.counted.compactMap { part in
                var piece = interval
                piece.start = max(interval.start, part.lowerBound)
                piece.end = min(interval.end, part.upperBound)
                return piece.start < piece.end ? piece : nil
            }
        }
    }

    private func holds(_ interval: OracleInterval, justBefore end: Int64) -> Bool {
        interval.start < end && end <= interval.end
    }

    private var accepted: [LoggedEvent] { winners.filter { $0.mark == .accepted } }

    /// SPEC 5.2 for every worker that the definition lists or an accepted event names.
    public func allWorkers(_ window: OracleWindow) -> [WorkerID: OracleWorkerFigures] {
        let listed = definition?.workers.map(\.workerID) ?? []
        var figures: [WorkerID: OracleWorkerFigures] = [:]
        for worker in listed + workersSeen {
            figures[worker] = OracleWorkerFigures(worker: worker, elapsed: window.elapsed)
        }
        for piece in pieces(window) {
            let length = piece.end - piece.start
            switch piece.state {
            case .working: figures[piece.worker]?.working += length
            case .idle: figures[piece.worker]?.idle += length
            case .absent: figures[piece.worker]?.absent += length
            case .productCount: preconditionFailure("SPEC 4.1")
            }
        }
        for event in accepted where event.time < window.end {
            let last = figures[event.worker]?.lastSeen ?? .min
            figures[event.worker]?.lastSeen = max(event.time, last)
            if event.type == .productCount, window.contains(event.time) {
                figures[event.worker]?.units += Int64(event.count)
            }
        }
        for interval in intervals.values.flatMap({ $0 }) where holds(interval, justBefore: window.end) {
            figures[interval.worker]?.currentState = interval.state
            figures[interval.worker]?.currentWorkstation = interval.workstation
        }
        return figures
    }

    /// SPEC 5.2: the workers of the newest visible definition, by id bytes.
    public func workers(_ window: OracleWindow) -> [OracleWorkerFigures] {
        let all = allWorkers(window)
        return (definition?.workers ?? []).map(\.workerID).sorted().compactMap { all[$0] }
    }

    /// SPEC 5.3 for every station that the definition lists or an accepted event names.
    public func allWorkstations(_ window: OracleWindow) -> [WorkstationID: OracleWorkstationFigures] {
        let listed = definition?.workstations.map(\.workstationID) ?? []
        var figures: [WorkstationID: OracleWorkstationFigures] = [:]
        for station in listed + accepted.map(\.workstation) {
            figures[station] = OracleWorkstationFigures(workstation: station, elapsed: window.elapsed)
            let named = definition?.workstations.first { $0.workstationID == station }
            figures[station]?.capacity = named?.capacity ?? 1
        }
        for piece in pieces(window) where piece.state != .absent {
            figures[piece.workstation]?.present += piece.end - piece.start
            if piece.state == .working { figures[piece.workstation]?.working += piece.end - piece.start }
        }
        for event in accepted where event.time < window.end {
            let last = figures[event.workstation]?.lastActivity ?? .min
            figures[event.workstation]?.lastActivity = max(event.time, last)
            if event.type == .productCount, window.contains(event.time) {
                figures[event.workstation]?.units += Int64(event.count)
            }
        }
        for interval in intervals.values.flatMap({ $0 })
        where interval.state != .absent && holds(interval, justBefore: window.end) {
            figures[interval.workstation]?.currentWorkers += 1
        }
        return figures
    }

    /// SPEC 5.3: the stations of the newest visible definition, by id bytes.
    public func workstations(_ window: OracleWindow) -> [OracleWorkstationFigures] {
        let all = allWorkstations(window)
        return (definition?.workstations ?? []).map(\.workstationID).sorted().compactMap { all[$0] }
    }

    /// SPEC 5.4.
    /// - Parameter zone: seconds east of UTC that hold in the site's time zone at an instant given in UTC seconds.
    public func factory(_ window: OracleWindow, zone: (Int64) -> Int = { _ in 0 }) -> OracleFactoryFigures {
        let workers = allWorkers(window).values
        let stations = allWorkstations(window).values
        let shifts = definition?.shifts ?? []
        return OracleFactoryFigures(
            working: workers.reduce(0) { $0 + $1.working }, idle: workers.reduce(0) { $0 + $1.idle },
            absent: workers.reduce(0) { $0 + $1.absent }, elapsed: window.elapsed,
            units: workers.reduce(0) { $0 + $1.units },
            activeWorkers: workers.count { $0.working + $0.idle + $0.absent > 0 },
            activeWorkstations: stations.count { $0.present > 0 },
            shiftTime: shifts.isEmpty
                ? window.elapsed
                : OracleShifts.time(of: shifts, in: window, zone: zone),
            targetMicrounitsPerHour: definition?.targetMicrounitsPerHour)
    }

    /// SPEC 5.9: what a worker did in the window, by start.
    public func explain(_ worker: WorkerID, _ window: OracleWindow) -> [OracleExplanation] {
        pieces(window).filter { $0.worker == worker }.sorted { $0.start < $1.start }.map {
            OracleExplanation(
                state: $0.state, workstation: $0.workstation, from: $0.start, to: $0.end, opener: $0.opener)
        }
    }

    /// SPEC 5.9: the same, with neighbours of one state and station that touch as one row.
    public func mergedExplain(_ worker: WorkerID, _ window: OracleWindow) -> [OracleExplanation] {
        var rows = explain(worker, window)
        for index in rows.indices.dropFirst().reversed() {
            let (first, second) = (rows[index - 1], rows[index])
            guard first.to == second.from, first.state == second.state, first.workstation == second.workstation
            else { continue }
            rows[index - 1].to = second.to
            rows[index - 1].events += second.events
            rows.remove(at: index)
        }
        return rows
    }

    /// SPEC 5.9: the counts of a worker in the window, by event_time.
    public func counts(_ worker: WorkerID, _ window: OracleWindow) -> [LoggedEvent] {
        accepted.filter { $0.worker == worker && $0.type == .productCount && window.contains($0.time) }
    }
}
