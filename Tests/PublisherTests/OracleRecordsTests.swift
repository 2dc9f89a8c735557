// Layer: oracle. Random logs with late events, ties, duplicates, dropped workers, other rules; a broker that fails now
// and then, workers that die and rebuild. In the end the newest record of each key has to say what a computation from
// scratch says of that hour, which shares no code with the fold. What it cannot catch: what HTTP names differently.
import EventLog
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing
import Timeline

@testable import Publisher

@Suite("The newest records against figures computed from scratch (DESIGN 3, SPEC 5–6)", .timeLimit(.minutes(10)))
struct OracleRecordsTests {
    static let seeds: ClosedRange<UInt64> = 1...60

    @Test("after any history each hour's newest record is what a question about that hour answers", arguments: seeds)
    func newest(_ seed: UInt64) throws {
        let scenario = RandomScenario(seed: seed, size: .init(events: 40))
        let history = try History(scenario, seed: seed)
        try history.run()
        try history.check()
    }
}

/// A scenario being folded and published, with faults.
private final class History {
    let stage: Stage
    let scenario: RandomScenario
    var generator: SeededGenerator
    var fold: StageFold
    var core: PublishingCore
    var life = 0

    init(_ scenario: RandomScenario, seed: UInt64) throws {
        self.scenario = scenario
        generator = SeededGenerator(seed: seed ^ 0x9b1)
        stage = try Stage(now: scenario.records.map(\.createdAt).min() ?? 0)
        fold = try stage.fold("0")
        core = try stage.core(fold, "0")
    }

    func run() throws {
        for record in scenario.records {
            try fold.apply(record.content)
            stage.clock.now = max(stage.clock.now, record.createdAt)
            stage.clock.now += generator.pick([0, 0, 1, 30, 3700]) * Microseconds.second
            if generator.chance(40) { try fold.rederive(pages: 1) }
            if generator.chance(60) { try fold.commit() }
            if generator.chance(50) { try publish() }
            if generator.chance(10) { try restart() }
        }
        // What is published last is published with everything known, a day later.
        while fold.fold.isRederiving { try fold.rederive(pages: 100) }
        try fold.commit()
        stage.clock.now += 26 * Microseconds.hour
        for _ in 0..<3 { stage.round(core) }
    }

    private func publish() throws {
        let fault = generator.pick(0..<10)
        if fault == 0 { stage.topics.fail(with: LogError(.uncertain, "the test wants it")) }
        if fault == 1 { stage.topics.hold() }
        stage.round(core)
        stage.topics.fail(with: nil)
        if fault == 1 { stage.topics.release() }
    }

    /// Another life of the worker, or another worker without any file.
    private func restart() throws {
        if generator.chance(50) { life += 1 }
        let next = fold.fold.nextOffset.value
        fold = try stage.fold("\(life)")
        for record in scenario.records[Int(fold.fold.nextOffset.value)..<Int(next)] { try fold.apply(record.content) }
        core = try stage.core(fold, "\(life)")
    }

    // MARK: From scratch

    var log: OracleLog {
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() { log.append(record.content, offset: Int64(offset)) }
        return log
    }

    func check() throws {
        let view = log.view(of: RandomScenario.siteID)
        let parameters = try #require(fold.fold.site(RandomScenario.siteID)?.parameters)
        let workers = stage.newest(.worker)
        let stations = stage.newest(.workstation)
        let factories = stage.newest(.factory)
        var hours: Set<Int64> = []
        for key in [workers.keys.map(\.hourStart), stations.keys.map(\.hourStart), factories.keys.map(\.hourStart)] {
            hours.formUnion(key)
        }
        hours.formUnion(touchedHours(view, parameters))
        // A ttl of a year makes ten thousand of them.
        let sample = hours.sorted().shuffled(using: &generator).prefix(150)
        for start in sample {
            let window = OracleWindow(from: start, to: start + Microseconds.hour, now: stage.clock.now)
            guard window.elapsed == Microseconds.hour else { continue }
            #expect(parameters.isHourStart(start), "\(scenario)")
            try check(start, view.allWorkers(window), workers)
            try check(start, view.allWorkstations(window), stations)
            try check(start, view.factory(window), factories)
        }
        try checkHealth(view)
    }

    private func touchedHours(_ view: OracleView, _ parameters: FoldParameters) -> Set<Int64> {
        var hours: Set<Int64> = []
        let last = parameters.hour(of: stage.clock.now).advanced(by: -1)
        func add(_ from: Int64, _ to: Int64) {
            let first = parameters.hour(of: max(0, from))
            guard from < to, first <= last else { return }
            for hour in first...min(last, parameters.hour(of: to - 1)) where parameters.start(of: hour) >= 0 {
                hours.insert(parameters.start(of: hour))
            }
        }
        for interval in view.intervals.values.joined() { add(interval.start, interval.end) }
        for event in view.winners where event.mark == .accepted { add(event.time, event.time + 1) }
        return hours
    }

    private func key(_ entity: [[UInt8]], _ start: Int64) -> MetricKey {
        MetricKey(site: RandomScenario.siteID, entity: entity, hourStart: start)
    }

    private func check(
        _ start: Int64, _ figures: [WorkerID: OracleWorkerFigures], _ records: [MetricKey: StageRecord]
    ) throws {
        for (worker, wanted) in figures {
            let record = records[key([worker.bytes], start)]
            guard let record else {
                let isSilent = wanted.working + wanted.idle + wanted.absent == 0 && wanted.units == 0
                #expect(isSilent, "no record of \(worker) at \(start)\n\(scenario)")
                continue
            }
            let found = [
                record.integer("working_us"), record.integer("idle_us"), record.integer("absent_us"),
                record.integer("unknown_us"), record.integer("elapsed_us"), record.integer("total_units_produced"),
            ]
            let expected = [
                wanted.working, wanted.idle, wanted.absent, wanted.unknown, wanted.elapsed, wanted.units,
            ]
            #expect(found == expected, "\(worker) at \(start)\n\(scenario)")
            #expect(record.number("utilization_percentage") == wanted.utilization?.double)
            #expect(record.number("presence_utilization_percentage") == wanted.presenceUtilization?.double)
            #expect(record.number("availability_percentage") == wanted.availability?.double)
            #expect(record.number("units_per_hour") == wanted.throughput?.double)
            #expect(record.text("current_state") == (wanted.currentState?.name).map { "\($0)" } ?? "unknown")
            #expect(record.text("current_workstation_id") == wanted.currentWorkstation?.text)
            #expect(record.status != "provisional", "\(scenario)")
        }
    }

    private func check(
        _ start: Int64, _ figures: [WorkstationID: OracleWorkstationFigures], _ records: [MetricKey: StageRecord]
    ) throws {
        for (station, wanted) in figures {
            let record = records[key([station.bytes], start)]
            guard let record else {
                #expect(wanted.present == 0 && wanted.units == 0, "no record of \(station) at \(start)\n\(scenario)")
                continue
            }
            let found = [
                record.integer("present_us"), record.integer("working_us"), record.integer("total_units_produced"),
                record.integer("current_workers"),
            ]
            let expected = [wanted.present, wanted.working, wanted.units, Int64(wanted.currentWorkers)]
            #expect(found == expected, "\(station) at \(start)\n\(scenario)")
            #expect(record.number("throughput_rate") == wanted.efficiency?.double)
        }
    }

    private func check(
        _ start: Int64, _ wanted: OracleFactoryFigures, _ records: [MetricKey: StageRecord]
    ) throws {
        guard let record = records[key([], start)] else {
            #expect(wanted.activeWorkers == 0 && wanted.units == 0, "no factory at \(start)\n\(scenario)")
            return
        }
        let found = [
            record.integer("working_us"), record.integer("total_production_count"), record.integer("active_workers"),
            record.integer("active_workstations"),
        ]
        let expected = [
            wanted.working, wanted.units, Int64(wanted.activeWorkers), Int64(wanted.activeWorkstations),
        ]
        #expect(found == expected, "factory at \(start)\n\(scenario)")
        #expect(record.number("average_utilization_percentage") == wanted.averageUtilization?.double)
        #expect(record.number("coverage_percentage") == wanted.coverage?.double)
    }

    private func checkHealth(_ view: OracleView) throws {
        let records = stage.newest(.modelHealth)
        let last = stage.clock.now / Microseconds.hour
        let wanted = view.healthHours.filter { $0.key.hour < last }
        var keys: Set<MetricKey> = []
        for (group, health) in wanted {
            let parts = [group.workstation.bytes, group.camera?.bytes ?? [], group.modelVersion?.bytes ?? []]
            let key = key(parts, group.hour * Microseconds.hour)
            keys.insert(key)
            let record = try #require(records[key], "no samples of \(group)\n\(scenario)")
            #expect(record.integer("samples") == health.samples)
            #expect(record.integer("confidence_sum_ppm") == health.sum)
            #expect(record.integer("below_threshold_count") == health.marked)
            #expect(record.members["histogram"] as? [Int] == health.histogram.map(Int.init))
            #expect(record.text("health") == health.status)
        }
        for (key, record) in records where !keys.contains(key) && key.hourStart / Microseconds.hour < last {
            #expect(record.integer("samples") == 0, "\(scenario)")
        }
    }
}
