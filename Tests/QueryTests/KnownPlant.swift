// Layer: oracle. A random factory, folded and logged: what was known when, by a recomputation from the whole log.
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Query

/// Figures by the members of an answer; null where the entity is not there.
typealias Members = [String: JSONText]

/// A random factory whose log is known as a whole: shuffled, late, with duplicates and definitions that come and go.
struct KnownPlant {
    enum Subject {
        case worker(WorkerID)
        case workstation(WorkstationID)
        case factory

        var parameter: (name: String, value: String) {
            switch self {
            case .worker(let id): ("worker_id", id.text)
            case .workstation(let id): ("workstation_id", id.text)
            case .factory: ("factory", "true")
            }
        }
    }

    let plant = Plant(now: 0)
    let scenario: RandomScenario
    private(set) var log = OracleLog()
    var generator: SeededGenerator

    init(seed: UInt64, events: Int = 60) throws {
        generator = SeededGenerator(seed: seed)
        scenario = RandomScenario(seed: seed, size: .init(events: events))
        for (offset, record) in scenario.records.enumerated() {
            let content = OracleAnswersTests.withShifts(record.content, &generator)
            try plant.source.fold(content, commits: Bool.random(using: &generator))
            if Bool.random(using: &generator) { try plant.source.rederive() }
            log.append(content, offset: Int64(offset))
        }
        plant.now = max(scenario.knownAts.last ?? 0, 0) + Int64.random(in: 0...Microseconds.day, using: &generator)
    }

    /// A window between two of the scenario's instants, a year at most: shifts of all ten thousand years take the oracle
    /// too long.
    mutating func randomWindow() -> Range<Int64> {
        let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let bounds = (0..<2).map { _ in instants.randomElement(using: &generator) ?? 0 }.sorted()
        return bounds[0]..<min(bounds[1], bounds[0] + 366 * Microseconds.day)
    }

    mutating func randomKnownAt() -> Int64? {
        Bool.random(using: &generator) ? scenario.knownAts.randomElement(using: &generator) : nil
    }

    /// Whoever the log names, and the factory.
    var subjects: [Subject] {
        let view = log.view(of: Plant.site)
        let stations = Set(log.events.filter { $0.mark == .accepted }.map(\.workstation)).sorted()
        return view.workersSeen.map { .worker($0) } + stations.map { .workstation($0) } + [.factory]
    }

    /// The figures with what was known at a time, over a window that ends with `now` at the latest.
    func members(_ subject: Subject, _ range: Range<Int64>, knownAt: Int64, now: Int64) -> Members {
        let view = log.view(of: Plant.site, knownAt: knownAt)
        let window = OracleWindow(from: range.lowerBound, to: range.upperBound, now: now)
        switch subject {
        case .worker(let id):
            return (view.allWorkers(window)[id] ?? OracleWorkerFigures(worker: id, elapsed: window.elapsed)).members
        case .workstation(let id):
            let found = view.allWorkstations(window)[id]
            var members =
                (found ?? OracleWorkstationFigures(workstation: id, elapsed: window.elapsed)).members
            if view.definition?.workstations.contains(where: { $0.workstationID == id }) != true {
                members["capacity"] = .null
                members["capacity_occupancy_percentage"] = .null
            }
            return members
        case .factory: return view.factory(window, zone: Asked.zone(view)).members
        }
    }
}
