import EventModel
import JSON
import Oracle
import SimulationKit

@testable import EventLog
@testable import Publisher

/// The newest record of each key of the metric topics, as a reader of the compacted topics has it.
struct NewestMetrics {
    private var values: [MetricKind: [MetricKey: JSONValue]] = [:]

    init(_ topics: SimulatedTopics, _ names: TopicNames) throws {
        for kind in MetricKind.allCases {
            for record in topics.records(kind.topic(names)) {
                guard let key = MetricKey(record.key, kind: kind) else { throw Broken(what: "no key: \(record.key)") }
                guard let value = record.value else {
                    values[kind]?[key] = nil
                    continue
                }
                guard let json = JSONValue(value) else { throw Broken(what: "no JSON in the record of \(key)") }
                values[kind, default: [:]][key] = json
            }
        }
    }

    /// Starts of the hours that have records, and of those that should have some; only hours that are over.
    func hours(of site: SiteID, and view: OracleView, until now: Int64) -> [Int64] {
        var starts: Set<Int64> = []
        for kind in [MetricKind.worker, .workstation, .factory] {
            for key in (values[kind] ?? [:]).keys where key.site == site { starts.insert(key.hourStart) }
        }
        let offset =
            view.definition.map {
                RandomScenario.hourOffset(of: DefinitionRecord(definition: $0, createdAt: .earliest))
            } ?? 0
        func add(_ from: Int64, _ to: Int64) {
            var start = (from + offset) / Microseconds.hour * Microseconds.hour - offset
            while start < min(to, now) {
                starts.insert(start)
                start += Microseconds.hour
            }
        }
        for interval in view.intervals.values.joined() { add(interval.start, interval.end) }
        for event in view.winners where event.mark == .accepted { add(event.time, event.time + 1) }
        return starts.sorted().filter { $0 + Microseconds.hour <= now }
    }

    /// Compares one hour of a site.
    func check(_ site: SiteID, _ start: Int64, _ wanted: FigureSheet) throws {
        var found = FigureSheet()
        for (key, value) in values[.worker] ?? [:] where key.site == site && key.hourStart == start {
            let numbers = Self.numbers(value, ["working_us", "idle_us", "absent_us", "total_units_produced"])
            found.add(String(decoding: key.entity[0], as: UTF8.self), numbers, to: &found.workers)
        }
        for (key, value) in values[.workstation] ?? [:] where key.site == site && key.hourStart == start {
            let numbers = Self.numbers(value, ["present_us", "working_us", "total_units_produced"])
            found.add(String(decoding: key.entity[0], as: UTF8.self), numbers, to: &found.workstations)
        }
        if let factory = values[.factory]?[MetricKey(site: site, entity: [], hourStart: start)] {
            let numbers = Self.numbers(factory, ["active_workers", "active_workstations"])
            (found.activeWorkers, found.activeWorkstations) = (Int(numbers[0]), Int(numbers[1]))
        }
        try expect(found, wanted, "metric records of \(site) in the hour from \(start)")
        for kind in [MetricKind.worker, .workstation, .factory] {
            for (key, value) in values[kind] ?? [:] where key.site == site && key.hourStart == start {
                guard value["status"]?.text != "provisional" else {
                    throw Broken(what: "the hour from \(start) is final, its record of \(key) is not")
                }
            }
        }
    }

    private static func numbers(_ value: JSONValue, _ names: [String]) -> [Int64] {
        names.map { value[$0]?.text.flatMap { Int64($0) } ?? -1 }
    }
}
