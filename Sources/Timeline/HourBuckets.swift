internal import EventModel

/// The hours of a site's workers, its stations and the factory: differences that the store does not have yet.
///
/// Invariant: the stored rows, the commit in flight and the pending differences add up, with the stays, to the closed
/// intervals and counts of all workers whose hours are built. Every entity with a used slot is in the list of touched
/// ones, exactly once.
struct HourBuckets: Sendable {
    private var workers: [BucketSlots<HourSums>] = []
    private var stations: [BucketSlots<HourSums>] = []
    private var factory = BucketSlots<HourSums>()
    private var activities: [StationActivity] = []
    private var touchedWorkers: [UInt32] = []
    private var touchedStations: [UInt32] = []
    private var pending: [HourRow] = []
    private var stays = StayChanges()
    /// Whether the store must delete its rows before the pending ones are added.
    private var clearsStored = false
    private var inFlight: (rows: [HourRow], clearsStored: Bool) = ([], false)

    /// The times between which a station had activity.
    struct StationActivity: Sendable {
        /// Oldest and newest accepted event time.
        var oldest = OldestTime.none
        var newest = NewestTime.none
        /// Whether a winner at another station ever displaced an event here; then the two times are only bounds.
        var isInexact = false
    }

    init(workerCount: Int = 0, stationCount: Int = 0) {
        for _ in 0..<workerCount { addWorker() }
        for _ in 0..<stationCount { addStation() }
    }

    var pendingRowCount: Int { pending.count + stays.pending.count }
    /// Whether the stored rows are invalid because they are about to be deleted.
    var storedRowsAreVoid: Bool { clearsStored || inFlight.clearsStored }
    var stationCount: Int { stations.count }

    mutating func addWorker() { workers.append(BucketSlots()) }

    mutating func addStation() {
        stations.append(BucketSlots())
        activities.append(StationActivity())
    }

    func activity(of station: UInt32) -> StationActivity { activities[Int(station)] }

    mutating func setActivity(of station: UInt32, _ activity: StationActivity) { activities[Int(station)] = activity }

    /// Like ``WorkerTimelines/readAhead(_:)``, for a worker's hours.
    @inline(__always)
    func readAhead(_ worker: UInt32) -> Int64 { workers[Int(worker)].readAhead }

    /// Adds microseconds in the state of `type`; a negative amount subtracts.
    @inline(__always)
    mutating func addTime(
        _ amount: Int64, _ type: EventType, _ hour: Hour, worker: UInt32, station: UInt32, changedAt: Int64
    ) {
        switch type {
        case .working: change(hour, worker, station, changedAt) { $0.working += amount }
        case .idle: change(hour, worker, station, changedAt) { $0.idle += amount }
        // Absent workers are not at any station.
        case .absent, .productCount: change(hour, worker, nil, changedAt) { $0.absent += amount }
        }
    }

    /// Adds units; a negative amount subtracts.
    mutating func addUnits(_ units: Int64, _ hour: Hour, worker: UInt32, station: UInt32, changedAt: Int64) {
        change(hour, worker, station, changedAt) { $0.units += units }
    }

    mutating func addStay(_ stay: Stay) { stays.add(stay) }

    /// - Parameter stay: as it was added; its changedAt does not matter.
    mutating func removeStay(_ stay: Stay) { stays.remove(stay) }

    /// Records activity at a station (SPEC 5.3, `last_activity`).
    mutating func noteEvent(at time: Int64, _ hour: Hour, station: UInt32, changedAt: Int64) {
        changeStation(hour, station, changedAt) { $0.newest.note(time) }
        activities[Int(station)].newest.note(time)
        activities[Int(station)].oldest.note(time)
    }

    /// Records that a winner at another station displaced an event here.
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

    /// Clears all hours, including the stored ones, so that they can be rebuilt.
    mutating func clear() {
        pending.removeAll()
        stays.clear()
        clearSlots()
        // Activity is rebuilt as well: otherwise an event that is displaced before its worker is rebuilt would go
        // unnoticed.
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

    /// Empties the pending rows of this copy; the original keeps them (``RederiveSlice``).
    mutating func leavePending() {
        pending = []
        stays.leavePending()
    }

    /// Moves the pending rows into `other`, a copy without them, ahead of the rows that were added there. Avoids
    /// copying.
    mutating func movePending(before other: inout HourBuckets) {
        var rows: [HourRow] = []
        swap(&rows, &pending)
        rows += other.pending
        swap(&rows, &other.pending)
        stays.movePending(before: &other.stays)
    }

    /// Moves the slots of up to `left` workers and stations to the pending rows, and those of the factory when all of
    /// them are there; counts them off.
    mutating func gather(_ left: inout Int) {
        while left > 0, let worker = touchedWorkers.popLast() {
            workers[Int(worker)].collect { pending.append(HourRow(kind: .worker, entity: worker, sums: $0)) }
            workers[Int(worker)].clear()
            left -= 1
        }
        while left > 0, let station = touchedStations.popLast() {
            stations[Int(station)].collect { pending.append(HourRow(kind: .workstation, entity: station, sums: $0)) }
            stations[Int(station)].clear()
            left -= 1
        }
        guard left > 0 else { return }
        factory.collect { pending.append(HourRow(kind: .factory, entity: 0, sums: $0)) }
        factory.clear()
    }

    private var isGathered: Bool { touchedWorkers.isEmpty && touchedStations.isEmpty && factory.isEmpty }

    /// The changes of the next commit.
    ///
    /// - Precondition: everything is gathered.
    var gathered: (rows: [HourRow], clearsStored: Bool) {
        precondition(isGathered, "hours would be lost")
        return (pending, clearsStored)
    }

    /// The changes of stays for the next commit.
    var gatheredStays: [StayChange] { stays.pending }

    /// Puts the gathered rows in flight; questions include them until ``finishCommit()``.
    mutating func beginCommit() {
        inFlight = gathered
        pending = []
        stays.beginCommit()
        clearsStored = false
    }

    /// The store has the rows of the commit.
    mutating func finishCommit() {
        inFlight = ([], false)
        stays.finishCommit()
    }

    /// Changes of stays with any of `hours` that the store does not have yet.
    func uncommittedStays(in hours: Range<Hour>) -> [StayChanges.Key: StayChange] {
        stays.uncommitted(in: hours, isCleared: clearsStored)
    }

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
