internal import EventModel

/// Simulates a working day in the demo's factory, as its cameras report it.
struct FactorySimulation {
    /// An event and when it reached the gateway.
    struct Report {
        var arrival: Int64
        var event: SimulatedEvent
    }

    static let shifts = [
        SiteDefinition.Shift(name: "Early", startMinute: 360, endMinute: 840),
        SiteDefinition.Shift(name: "Late", startMinute: 840, endMinute: 1320),
        SiteDefinition.Shift(name: "Night", startMinute: 1320, endMinute: 360),
    ]

    private static let model: ModelVersion = "pose-4.2"
    /// Its confidence falls through the afternoon.
    private static let degradingStation = 9

    private let plan: FactoryDay.Plan
    private var generator: SeededGenerator
    private var collected: [Report] = []
    /// Stretches in which a station's camera sees nothing.
    private var outages: [Int: Range<Int64>] = [:]

    init(_ plan: FactoryDay.Plan) {
        self.plan = plan
        generator = SeededGenerator(seed: plan.seed)
    }

    /// All reports of the day by arrival.
    mutating func reports() -> [Report] {
        drawOutages()
        for worker in 0..<plan.workers {
            // Of ten people, four work the early shift, four the late shift and two the night shift.
            let shift = [0, 1, 0, 1, 2, 0, 1, 0, 1, 2][worker % 10]
            // The people of a shift work side by side, and each shift starts at another station, so that all are staffed.
            let place = worker / 10 * [4, 4, 2][shift] + [0, 0, 1, 1, 0, 2, 2, 3, 3, 1][worker % 10]
            let station = (place + shift * 4) % FactoryPlant.stations.count
            for day in -2...0 { work(worker, shift: Self.shifts[shift], day: day, home: station) }
        }
        return collected.enumerated().sorted { left, right in
            (left.element.arrival, left.offset) < (right.element.arrival, right.offset)
        }.map(\.element)
    }

    private mutating func drawOutages() {
        let start = plan.end.microseconds - Microseconds.day
        for _ in 0..<4 {
            let begin = start + generator.pick(0..<1380) * Microseconds.minute
            let length = generator.pick(10...40) * Microseconds.minute
            outages[generator.pick(0..<FactoryPlant.stations.count)] = begin..<begin + length
        }
    }

    /// What a person does, and until when.
    private struct Stretch {
        var state: EventType
        var until: Int64
        var station: Int
    }

    private mutating func work(_ worker: Int, shift: SiteDefinition.Shift, day: Int, home: Int) {
        let midnight = plan.localMidnight.microseconds + Int64(day) * Microseconds.day
        let opening = midnight + Int64(shift.startMinute) * Microseconds.minute
        let closing = opening + 8 * Microseconds.hour
        guard closing > plan.end.microseconds - Microseconds.day, opening < plan.end.microseconds else { return }
        // One in thirty is away.
        if generator.chance(3) { return }
        var clock = opening + seconds(-180...300)
        for stretch in stretches(from: clock, opening: opening, closing: closing, home: home) {
            watch(worker, from: clock, stretch)
            clock = stretch.until
        }
        report(worker, clock, .absent, home)
    }

    /// The shift as a sequence: set-up, work with short idle times, three breaks.
    private mutating func stretches(from start: Int64, opening: Int64, closing: Int64, home: Int) -> [Stretch] {
        var result = [Stretch(state: .idle, until: start + seconds(120...480), station: home)]
        var station = home
        let pauses: [(after: Int64, minutes: Int64)] = [(120, 15), (240, 30), (375, 10)]
        var pause = 0
        let leaving = closing + seconds(-420...120)
        while let clock = result.last?.until, clock < leaving {
            if pause < pauses.count, clock >= opening + pauses[pause].after * Microseconds.minute {
                let length = pauses[pause].minutes * Microseconds.minute + seconds(-90...240)
                result.append(Stretch(state: .absent, until: clock + length, station: station))
                pause += 1
                // Some people help out elsewhere after a break.
                station = generator.chance(20) ? neighbour(of: home) : home
                continue
            }
            let next = pause < pauses.count ? opening + pauses[pause].after * Microseconds.minute : leaving
            let working = min(clock + seconds(480...2100), max(next, clock + Microseconds.minute))
            result.append(Stretch(state: .working, until: working, station: station))
            result.append(Stretch(state: .idle, until: working + seconds(30...330), station: station))
        }
        return result
    }

    private mutating func neighbour(of station: Int) -> Int {
        // Within the same line of eight.
        station / 8 * 8 + generator.pick(0..<8)
    }

    /// The camera reports the state as it begins and about every 40 s; absence every two minutes.
    private mutating func watch(_ worker: Int, from start: Int64, _ stretch: Stretch) {
        var clock = start
        while clock < stretch.until {
            report(worker, clock, stretch.state, stretch.station)
            clock += stretch.state == .absent ? seconds(100...140) : seconds(32...48)
        }
        if stretch.state == .working { count(worker, from: start, stretch) }
    }

    private mutating func count(_ worker: Int, from start: Int64, _ stretch: Stretch) {
        let station = FactoryPlant.stations[stretch.station]
        var clock = start
        while true {
            let interval = seconds(120...240)
            clock += interval
            guard clock < stretch.until else { return }
            let expected = station.rate * Double(interval) / Double(Microseconds.hour)
            let units = (expected + generator.normal() * expected.squareRoot() * 0.5).rounded()
            if units >= 1 { report(worker, clock, .productCount, stretch.station, count: UInt32(units)) }
        }
    }

    private mutating func report(_ worker: Int, _ time: Int64, _ type: EventType, _ place: Int, count: UInt32 = 0) {
        let start = plan.end.microseconds - Microseconds.day
        // Cameras stamp whole milliseconds.
        let time = time / 1000 * 1000
        let confidence = confidence(at: place, time)
        guard time >= start, time < plan.end.microseconds, outages[place]?.contains(time) != true else { return }
        let station = FactoryPlant.stations[place]
        let event = SimulatedEvent(
            time: time, worker: FactoryPlant.worker(worker), workstation: station.id, type: type,
            confidence: confidence, count: count, camera: station.camera, modelVersion: Self.model,
            mark: confidence < 700_000 ? .lowConfidence : .accepted)
        let isLate = generator.chance(1.5)
        let arrival = time + (isLate ? seconds(60...3600) : seconds(1...4))
        collected.append(Report(arrival: arrival, event: event))
        if generator.chance(0.3) { collected.append(Report(arrival: arrival + seconds(1...30), event: event)) }
    }

    /// Parts per million, 0.6 to 0.99 in thousandths.
    private mutating func confidence(at place: Int, _ time: Int64) -> UInt32 {
        var mean = 0.93 - 0.02 * Double(place % 4)
        if place == Self.degradingStation {
            let sinceMidnight = (time - plan.localMidnight.microseconds) % Microseconds.day
            let hours = Double((sinceMidnight + Microseconds.day) % Microseconds.day) / Double(Microseconds.hour)
            mean -= 0.05 * min(5, max(0, hours - 13))
        }
        let drawn = (mean + 0.035 * generator.normal()) * 1000
        return UInt32(min(990, max(600, drawn))) * 1000
    }

    /// A random length in microseconds, to the millisecond.
    private mutating func seconds(_ range: ClosedRange<Int64>) -> Int64 {
        generator.pick(range.lowerBound * 1000...range.upperBound * 1000) * 1000
    }
}
