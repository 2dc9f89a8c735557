internal import EventModel

/// The hours of a site's workers, stations and of the factory: differences that the store has not got yet.
///
/// Invariant: the store's rows, what a commit under way has taken and what is pending add up to the closed intervals and
/// counts of all workers whose hours are made. Whoever has a slot in use stands in the list of the touched, once.
struct HourBuckets: Sendable {
    private var workers: [BucketSlots<HourSums>] = []
    private var stations: [BucketSlots<HourSums>] = []
    private var factory = BucketSlots<HourSums>()
    private var activities: [StationActivity] = []
    private var touchedWorkers: [UInt32] = []
    private var touchedStations: [UInt32] = []
    private var pending: [HourRow] = []
    /// Whether the store has to forget its rows before the pending ones are added.
    private var clearsStored = false
    private var inFlight: (rows: [HourRow], clearsStored: Bool) = ([], false)

    /// Between which times something happened at a station.
    struct StationActivity: Sendable {
        /// Oldest and newest accepted event time.
        var oldest = OldestTime.none
        var newest = NewestTime.none
        /// Whether an event ever left for another winner: then the two above are only bounds.
        var isInexact = false
    }

    init(workerCount: Int = 0, stationCount: Int = 0) {
        for _ in 0..<workerCount { addWorker() }
        for _ in 0..<stationCount { addStation() }
    }

    var pendingRowCount: Int { pending.count }
    /// Whether the stored rows hold nothing valid, because they are to be deleted.
    var storedRowsAreVoid: Bool { clearsStored || inFlight.clearsStored }
    var stationCount: Int { stations.count }

    mutating func addWorker() { workers.append(BucketSlots()) }

    mutating func addStation() {
        stations.append(BucketSlots())
        activities.append(StationActivity())
    }

    func activity(of station: UInt32) -> StationActivity { activities[Int(station)] }

    mutating func setActivity(of station: UInt32, _ activity: StationActivity) { activities[Int(station)] = activity }

    /// As ``WorkerTimelines/readAhead(_:)``, of a worker's hours.
    @inline(__always)
    func readAhead(_ worker: UInt32) -> Int64 { workers[Int(worker)].readAhead }

    /// Adds microseconds (or, below 0, withdraws them) in the state of `type`.
    @inline(__always)
    mutating func addTime(
        _ amount: Int64, _ type: EventType, _ hour: Hour, worker: UInt32, station: UInt32, changedAt: Int64
    ) {
        switch type {
        case .working: change(hour, worker, station, changedAt) { $0.working += amount }
        case .idle: change(hour, worker, station, changedAt) { $0.idle += amount }
        // Who is absent is at no station.
        case .absent, .productCount: change(hour, worker, nil, changedAt) { $0.absent += amount }
        }
    }

    /// Adds units (or, below 0, withdraws them).
    mutating func addUnits(_ units: Int64, _ hour: Hour, worker: UInt32, station: UInt32, changedAt: Int64) {
        change(hour, worker, station, changedAt) { $0.units += units }
    }

    /// Notes that something happened at a station (SPEC 5.3, `last_activity`).
    mutating func noteEvent(at time: Int64, _ hour: Hour, station: UInt32, changedAt: Int64) {
        changeStation(hour, station, changedAt) { $0.newest.note(time) }
        activities[Int(station)].newest.note(time)
        activities[Int(station)].oldest.note(time)
    }

    /// Notes that an event left a station for another winner.
    mutating func noteDeparture(_ hour: Hour, station: UInt32, changedAt: Int64) {
        changeStation(hour, station, changedAt) { $0.withdrawn += 1 }
        activities[Int(station)].isInexact = true
    }

    @inline(__always)
    private mutating func change(
        _ hour: Hour, _ worker: UInt32, _ station: UInt32?, _ changedAt: Int64, _ apply: (inout HourSums) -> Void
    ) {
        if workers[Int(worker)].isEmpty { touchedWorkers.append(worker) }
        workers[Int(worker)].change(
            hour, changedAt, spill: { pending.append(HourRow(kind: .worker, entity: worker, sums: $0)) }, apply)
        factory.change(
            hour, changedAt, spill: { pending.append(HourRow(kind: .factory, entity: 0, sums: $0)) }, apply)
        if let station { changeStation(hour, station, changedAt, apply) }
    }

    @inline(__always)
    private mutating func changeStation(
        _ hour: Hour, _ station: UInt32, _ changedAt: Int64, _ apply: (inout HourSums) -> Void
    ) {
        if stations[Int(station)].isEmpty { touchedStations.append(station) }
        stations[Int(station)].change(
            hour, changedAt, spill: { pending.append(HourRow(kind: .workstation, entity: station, sums: $0)) }, apply)
    }

    /// Forgets all hours, the store's too: they are made again.
    mutating func clear() {
        pending.removeAll()
        clearSlots()
        // Found again too: an event that leaves its station while its worker waits would not be noticed.
        for station in activities.indices { activities[station] = StationActivity() }
        clearsStored = true
    }

    private mutating func clearSlots() {
        for worker in touchedWorkers { workers[Int(worker)].clear() }
        for station in touchedStations { stations[Int(station)].clear() }
        factory.clear()
        touchedWorkers.removeAll(keepingCapacity: true)
        touchedStations.removeAll(keepingCapacity: true)
    }

    /// Leaves the pending rows to the one that this is a copy of (``RederiveSlice``).
    mutating func leavePending() { pending = [] }

    /// Moves the pending rows to where others were added to a copy that left them; they are not copied.
    mutating func movePending(before other: inout HourBuckets) {
        var rows: [HourRow] = []
        swap(&rows, &pending)
        rows += other.pending
        swap(&rows, &other.pending)
    }

    /// Hands over what is pending to a commit; until ``finishCommit()`` questions still add it.
    mutating func takeChanges() -> (rows: [HourRow], clearsStored: Bool) {
        var rows = pending
        pending = []
        for kind in HourKind.allCases { appendSlots(kind, to: &rows) }
        clearSlots()
        inFlight = (rows, clearsStored)
        clearsStored = false
        return inFlight
    }

    /// The store has what was taken.
    mutating func finishCommit() { inFlight = ([], false) }

    /// Differences that the store does not have yet.
    func uncommitted(_ kind: HourKind) -> [HourRow] {
        var rows = clearsStored ? [] : inFlight.rows.filter { $0.kind == kind }
        rows.append(contentsOf: pending.lazy.filter { $0.kind == kind })
        appendSlots(kind, to: &rows)
        return rows
    }

    private func appendSlots(_ kind: HourKind, to rows: inout [HourRow]) {
        func append(_ slots: BucketSlots<HourSums>, _ entity: UInt32) {
            slots.collect { rows.append(HourRow(kind: kind, entity: entity, sums: $0)) }
        }
        switch kind {
        case .worker: for worker in touchedWorkers { append(workers[Int(worker)], worker) }
        case .workstation: for station in touchedStations { append(stations[Int(station)], station) }
        case .factory: append(factory, 0)
        }
    }
}
