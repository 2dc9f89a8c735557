internal import EventModel

/// Generates the records of a ``RandomScenario``.
struct ScenarioMaker {
    private var generator: SeededGenerator
    private let size: RandomScenario.Size
    /// When the scenario begins; half of the scenarios cross the end of a month.
    private let base: Int64
    /// Distance of the instants at which most events lie, so that ties occur.
    private let grid: Int64
    private let workers: [WorkerID]
    private let stations: [WorkstationID]
    private let ttls: [Int64]
    private let isExtreme: Bool
    /// Half of the scenarios change people only: a new ttl or zone rederives all buckets, which hides what people change.
    private let changesRules: Bool
    private var drawn: [SimulatedEvent] = []
    /// How many steps of the grid the scenario has reached.
    private var progress: Int64 = 0
    private var newest: SiteDefinition

    init(seed: UInt64, size: RandomScenario.Size) {
        generator = SeededGenerator(seed: seed)
        self.size = size
        // 2026-01-12T05:30:00Z and 2026-01-31T22:10:00Z.
        base = generator.pick([1_768_195_800, 1_769_897_400]) * Microseconds.second
        grid = generator.pick([1, 20 * Microseconds.second, 7 * Microseconds.minute, 50 * Microseconds.minute])
        workers = (1...generator.pick(1...size.workers)).map { WorkerID("W\($0)") }
        stations = (1...generator.pick(1...size.stations)).map { WorkstationID("S\($0)") }
        ttls = [1, 60, 900, 3600, 28_800, 0]
        isExtreme = generator.chance(6)
        changesRules = generator.chance(50)
        newest = SiteDefinition(siteID: RandomScenario.siteID)
    }

    mutating func records() -> [RandomScenario.Record] {
        var records: [RandomScenario.Record] = []
        var left = generator.pick(1...size.events)
        if generator.chance(80), size.definitionsPercent > 0 { records.append(definition()) }
        while left > 0 {
            if generator.chance(size.definitionsPercent) {
                records.append(definition())
                continue
            }
            let count = min(left, generator.pick(1...size.eventsPerRecord))
            left -= count
            let events = (0..<count).map { _ in event() }
            records.append(.events(events, createdAt: createdAt()))
        }
        return records
    }

    /// Two gateways whose clocks differ, and many records at one instant.
    private mutating func createdAt() -> Int64 {
        let skew = generator.chance(40) ? generator.pick(-6...6) * grid : 0
        return base + progress * grid + skew
    }

    private mutating func definition() -> RandomScenario.Record {
        if changesRules, generator.chance(50) { newest.observationTTLSeconds = generator.pick(ttls) }
        if changesRules, generator.chance(25) {
            newest.timeZone = generator.pick(["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"])
        }
        newest.workers = workers.filter { _ in generator.chance(70) }.map { .init(workerID: $0) }
        newest.workstations = stations.filter { _ in generator.chance(70) }.map { .init(workstationID: $0) }
        return .definition(newest, createdAt: createdAt())
    }

    private mutating func event() -> SimulatedEvent {
        progress += generator.chance(60) ? 1 : 0
        let event = generator.chance(18) && !drawn.isEmpty ? repeated(generator.pick(drawn)) : fresh()
        drawn.append(event)
        return event
    }

    /// An earlier event's key with other content.
    private mutating func repeated(_ event: SimulatedEvent) -> SimulatedEvent {
        var event = event
        event.workstation = generator.pick(stations)
        event.confidence = confidence()
        event.mark = mark()
        event.camera = generator.chance(50) ? "C1" : nil
        if event.type == .productCount { event.count = generator.pick(1...9) }
        return event
    }

    private mutating func fresh() -> SimulatedEvent {
        let type = generator.pick(EventType.allCases)
        return SimulatedEvent(
            time: time(), worker: generator.pick(workers), workstation: generator.pick(stations), type: type,
            confidence: confidence(), count: type == .productCount ? generator.pick(1...9) : 0,
            camera: generator.pick([nil, "C1", "C2"]), modelVersion: generator.pick([nil, "m1"]), mark: mark())
    }

    private mutating func time() -> Int64 {
        if isExtreme, generator.chance(10) {
            let edges = [Timestamp.earliest.microseconds, 1, Timestamp.latest.microseconds]
            return generator.pick(edges)
        }
        var steps = progress
        switch generator.pick(0..<10) {
        case 0..<6: break
        case 6..<8: steps = generator.pick(0...progress)
        case 8: steps -= generator.pick(0...12)
        default: steps += generator.pick(0...12)
        }
        let apart: Int64 = generator.chance(3) ? generator.pick([-400, -1, 1, 2, 9]) * Microseconds.day : 0
        let jitter: Int64 = generator.chance(15) ? generator.pick(-2...2) : 0
        return base + steps * grid + apart + jitter
    }

    private mutating func confidence() -> UInt32 {
        generator.pick([0, 49_999, 50_000, 650_000, 700_000, 850_000, 999_999, 1_000_000])
    }

    private mutating func mark() -> Mark {
        generator.chance(80) ? .accepted : generator.pick(Mark.allCases)
    }
}
