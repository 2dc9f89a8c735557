internal import EventModel
internal import Timeline

/// The sums of many windows during a pass.
struct FigureTally {
    private let windows: [Window]
    private let wanted: FigureSet
    private let workerRows: TallyRows
    private let stationRows: TallyRows
    /// One window after another.
    private var workers: [StateSums]
    private var stations: [StateSums]
    private var totals: [FactoryTotals]
    private var activeWorkers: BitTable
    private var activeStations: BitTable

    init(_ windows: [Window], _ wanted: FigureSet, _ scope: FigureScope, workerCount: Int, stationCount: Int) {
        var some: (workers: [UInt32]?, stations: [UInt32]?)
        if case .workers(let workers) = scope { some.workers = workers }
        if case .workstations(let stations) = scope { some.stations = stations }
        precondition(some.workers == nil || wanted == .workers, "some workers have no other sums")
        precondition(some.stations == nil || wanted == .stations, "some stations have no other sums")
        workerRows = TallyRows(workerCount, only: some.workers)
        stationRows = TallyRows(stationCount, only: some.stations)
        func sums(_ figure: FigureSet, _ count: Int) -> [StateSums] {
            wanted.contains(figure) ? Array(repeating: StateSums(), count: windows.count * count) : []
        }
        func bits(_ count: Int) -> BitTable {
            wanted.contains(.activity) ? BitTable(rows: windows.count, columns: count) : BitTable(rows: 0, columns: 0)
        }
        self.windows = windows
        self.wanted = wanted
        workers = sums(.workers, workerRows.count)
        stations = sums(.stations, stationRows.count)
        totals = Array(repeating: FactoryTotals(), count: windows.count)
        activeWorkers = bits(workerCount)
        activeStations = bits(stationCount)
    }

    // MARK: Hours

    /// - Parameter sums: of an hour, or differences.
    mutating func add(worker: UInt32, _ sums: HourSums, to window: Int) {
        if let row = workerRows.row(of: worker, in: window) { workers[row].add(sums) }
    }

    /// Like ``add(worker:_:to:)``.
    mutating func add(station: UInt32, _ sums: HourSums, to window: Int) {
        if let row = stationRows.row(of: station, in: window) { stations[row].add(sums) }
    }

    /// Notes that a worker has time in a state. Only for `.activity`.
    mutating func noteActive(worker: UInt32, in window: Int) { activeWorkers.set(window, Int(worker)) }

    /// Notes that somebody worked or was idle at a station, where nobody is absent. Only for `.activity`.
    mutating func noteActive(station: UInt32, in window: Int) { activeStations.set(window, Int(station)) }

    mutating func add(factory sums: HourSums, to window: Int) { totals[window].add(sums) }

    // MARK: Events

    /// Adds a period of a worker in a state, at a station.
    mutating func add(_ type: EventType, _ microseconds: Int64, worker: UInt32, station: UInt32, to window: Int) {
        if wanted.contains(.workers), let row = workerRows.row(of: worker, in: window) {
            workers[row].add(type, microseconds)
        }
        if wanted.contains(.totals) { totals[window].add(type, microseconds) }
        if wanted.contains(.activity) { activeWorkers.set(window, Int(worker)) }
        // Only working and idle workers are at a station.
        guard type != .absent else { return }
        if wanted.contains(.stations), let row = stationRows.row(of: station, in: window) {
            stations[row].add(type, microseconds)
        }
        if wanted.contains(.activity) { activeStations.set(window, Int(station)) }
    }

    mutating func add(units: Int64, worker: UInt32, station: UInt32, to window: Int) {
        if wanted.contains(.workers), let row = workerRows.row(of: worker, in: window) { workers[row].units += units }
        if wanted.contains(.totals) { totals[window].units += Int128(units) }
        if wanted.contains(.stations), let row = stationRows.row(of: station, in: window) {
            stations[row].units += units
        }
    }

    // MARK: Parts of hours

    /// Adds sums of a part of an hour of the window.
    mutating func add(_ sums: PartSums, to window: Int) {
        if wanted.contains(.totals) { totals[window].add(sums.totals) }
        guard wanted.contains(.activity) else { return }
        activeWorkers.formUnion(window, sums.activeWorkers)
        activeStations.formUnion(window, sums.activeStations)
    }

    /// The sums of a window that is a part of an hour. Only for `.factory`.
    func partSums(_ window: Int) -> PartSums {
        PartSums(
            totals: totals[window], activeWorkers: activeWorkers.words(window),
            activeStations: activeStations.words(window))
    }

    // MARK: The end

    func figures() -> [SiteFigures] {
        windows.indices.map { window in
            var figures = SiteFigures(window: windows[window])
            figures.workers = row(workers, window, workerRows.count)
            figures.stations = row(stations, window, stationRows.count)
            figures.factory = totals[window]
            figures.factory.activeWorkers = activeWorkers.count(window)
            figures.factory.activeStations = activeStations.count(window)
            return figures
        }
    }

    private func row(_ sums: [StateSums], _ window: Int, _ count: Int) -> [StateSums] {
        // A single window takes the array unchanged.
        guard !sums.isEmpty, windows.count > 1 else { return sums }
        return Array(sums[window * count..<(window + 1) * count])
    }
}

/// The rows of one window: one for each worker or station, or for some of them.
private struct TallyRows {
    let count: Int
    /// The row of each, -1 where it has none; nil where each has the row of its number.
    private let rows: [Int32]?

    init(_ entityCount: Int, only some: [UInt32]?) {
        count = some?.count ?? entityCount
        rows = some.map { some in
            var rows = [Int32](repeating: -1, count: entityCount)
            for (row, entity) in some.enumerated() { rows[Int(entity)] = Int32(row) }
            return rows
        }
    }

    @inline(__always)
    func row(of entity: UInt32, in window: Int) -> Int? {
        guard let rows else { return window * count + Int(entity) }
        let row = Int(rows[Int(entity)])
        return row < 0 ? nil : window * count + row
    }
}

/// A table of bits.
private struct BitTable {
    private let wordsPerRow: Int
    private var words: [UInt64]

    init(rows: Int, columns: Int) {
        wordsPerRow = (columns + 63) / 64
        words = Array(repeating: 0, count: rows * wordsPerRow)
    }

    mutating func set(_ row: Int, _ column: Int) { words[row * wordsPerRow + column >> 6] |= 1 << UInt64(column & 63) }

    /// A row without the zeros at its end.
    func words(_ row: Int) -> [UInt64] {
        let row = words[row * wordsPerRow..<(row + 1) * wordsPerRow]
        return Array(row[..<((row.lastIndex { $0 != 0 } ?? row.startIndex - 1) + 1)])
    }

    mutating func formUnion(_ row: Int, _ other: [UInt64]) {
        for (index, word) in other.enumerated() { words[row * wordsPerRow + index] |= word }
    }

    /// Number of bits set in a row.
    func count(_ row: Int) -> Int {
        guard !words.isEmpty else { return 0 }
        return words[row * wordsPerRow..<(row + 1) * wordsPerRow].reduce(0) { $0 + $1.nonzeroBitCount }
    }
}
