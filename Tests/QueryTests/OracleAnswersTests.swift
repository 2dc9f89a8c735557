// Layer: oracle. Random factories, asked over HTTP at random windows and states of knowledge; every number of every
// answer against a recomputation from the whole log that shares no code with the fold or with this module. Catches
// wrong figures, rounding and wiring; cannot catch a SPEC that both read wrongly.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Answers against the oracle") struct OracleAnswersTests {
    @Test("Every figure of every route equals the oracle's, now and as known before", arguments: 1...60)
    func figures(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scenario = RandomScenario(seed: seed, size: .init(events: 60))
        let plant = Plant(now: 0)
        var log = OracleLog()
        for (offset, record) in scenario.records.enumerated() {
            let content = withShifts(record.content, &generator)
            try plant.source.fold(content, commits: Bool.random(using: &generator))
            if Bool.random(using: &generator) { try plant.source.rederive() }
            log.append(content, offset: Int64(offset))
        }
        let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
        let newest = try #require(scenario.knownAts.last)
        for _ in 0..<6 {
            var bounds = [
                instants.randomElement(using: &generator) ?? 0, instants.randomElement(using: &generator) ?? 0,
            ]
            bounds.sort()
            // A year at most: shifts of all ten thousand years take the oracle too long.
            bounds[1] = min(bounds[1], bounds[0] + 366 * Microseconds.day)
            let known = Bool.random(using: &generator) ? scenario.knownAts.randomElement(using: &generator) : nil
            plant.now = max(newest, 0) + Int64.random(in: 0...Microseconds.day, using: &generator)
            let view = log.view(of: Plant.site, knownAt: known)
            let window = OracleWindow(from: bounds[0], to: bounds[1], now: known ?? plant.now)
            let question = Asked(plant: plant, view: view, window: window, from: bounds[0], to: bounds[1], known: known)
            try question.check("\(scenario)\nfrom \(bounds[0]) to \(bounds[1]) known \(known ?? -1)")
        }
    }

    /// Scenarios know no shifts and targets: some definitions get them here.
    private func withShifts(_ content: RecordContent, _ generator: inout SeededGenerator) -> RecordContent {
        guard case .definition(var record) = content else { return content }
        if Bool.random(using: &generator) {
            record.definition.targetMicrounitsPerHour = Int64.random(in: 1...9_999_999, using: &generator)
        }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            record.definition.shifts.append(
                .init(
                    name: "", startMinute: Int.random(in: 0..<1440, using: &generator),
                    endMinute: Int.random(in: 0..<1440, using: &generator),
                    days: UInt8.random(in: 0...127, using: &generator)))
        }
        return .definition(record)
    }
}

/// One window at one state of knowledge, asked everywhere.
private struct Asked {
    let plant: Plant
    let view: OracleView
    let window: OracleWindow
    let from: Int64
    let to: Int64
    let known: Int64?

    func check(_ comment: String) throws {
        try checkWorkers(comment)
        try checkWorkstations(comment)
        try checkFactory(comment)
        try checkHealth(comment)
        try checkExplanations(comment)
    }

    private func ask(_ path: String, _ more: [(name: String, value: String)] = []) throws -> Answer {
        try plant.ask(path, from, to, known: known, more)
    }

    private func checkWorkers(_ comment: String) throws {
        let expected = view.workers(window).map { worker in
            JSONText.object([
                "worker_id": id(worker.worker.bytes), "worker_name": id(worker.worker.bytes),
                "working_us": .integer(worker.working), "idle_us": .integer(worker.idle),
                "absent_us": .integer(worker.absent), "unknown_us": .integer(worker.unknown),
                "elapsed_us": .integer(worker.elapsed), "total_active_time_hours": number(.hours(worker.working)),
                "total_idle_time_hours": number(.hours(worker.idle)),
                "total_absent_time_hours": number(.hours(worker.absent)),
                "utilization_percentage": number(worker.utilization),
                "availability_percentage": number(worker.availability),
                "coverage_percentage": number(worker.coverage), "total_units_produced": .integer(worker.units),
                "units_per_hour": number(worker.throughput), "last_seen": time(worker.lastSeen),
                "current_state": .string(worker.currentState.map { "\($0.name)" } ?? "unknown"),
                "current_workstation_id": worker.currentWorkstation.map { id($0.bytes) } ?? .null,
            ])
        }
        #expect(try ask("/api/metrics/workers").json["items"] == .array(expected), "\(comment)")
    }

    private func checkWorkstations(_ comment: String) throws {
        let expected = view.workstations(window).map { station in
            JSONText.object([
                "workstation_id": id(station.workstation.bytes), "workstation_name": id(station.workstation.bytes),
                "capacity": .number("1"), "present_us": .integer(station.present),
                "working_us": .integer(station.working), "elapsed_us": .integer(station.elapsed),
                "occupancy_time_hours": number(.hours(station.present)),
                "occupancy_percentage": number(station.occupancy),
                "utilization_percentage": number(station.utilization),
                "total_units_produced": .integer(station.units), "throughput_rate": number(station.efficiency),
                "current_workers": .integer(station.currentWorkers), "last_activity": time(station.lastActivity),
            ])
        }
        #expect(try ask("/api/metrics/workstations").json["items"] == .array(expected), "\(comment)")
    }

    private func checkFactory(_ comment: String) throws {
        let zone = TimeZone(identifier: view.definition?.timeZone ?? "UTC")
        let factory = view.factory(window) {
            zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0))) ?? 0
        }
        let expected: [String: JSONText] = [
            "total_productive_time_hours": number(.hours(factory.working)), "working_us": .integer(factory.working),
            "elapsed_us": .integer(factory.elapsed), "total_production_count": .integer(factory.units),
            "average_utilization_percentage": number(factory.averageUtilization),
            "average_production_rate": number(factory.averageProductionRate),
            "active_workers": .integer(factory.activeWorkers),
            "active_workstations": .integer(factory.activeWorkstations), "target_units": number(factory.targetUnits),
            "target_variance_percentage": number(factory.targetVariance),
            "coverage_percentage": number(factory.coverage), "time_range_start": time(from),
            "time_range_end": time(window.end),
        ]
        let answer = try ask("/api/metrics/factory").json
        for (name, value) in expected { #expect(answer[name] == value, "\(name) in \(comment)") }
    }

    private func checkHealth(_ comment: String) throws {
        let path = "/api/metrics/model-health"
        let whole = try ask(path).json
        for (name, value) in members(view.health(window)) { #expect(whole[name] == value, "\(name) in \(comment)") }
        for (grouping, name, member) in [
            (OracleGrouping.camera, "camera", "camera_id"), (.workstation, "workstation", "workstation_id"),
            (.modelVersion, "model_version", "model_version"),
        ] {
            let groups = try #require(try ask(path, [("group_by", name)]).json["groups"]).elements
            let expected = view.health(window, by: grouping)
            #expect(groups.count == expected.count, "\(comment)")
            for (key, health) in expected {
                let group = groups.first { $0[member] == key.map { id($0) } ?? .null }
                for (name, value) in members(health) { #expect(group?[name] == value, "\(name) in \(comment)") }
            }
        }
    }

    private func members(_ health: OracleHealth) -> [String: JSONText] {
        [
            "status": .string(health.status), "avg_confidence": number(health.average),
            "samples": .integer(health.samples), "below_threshold_count": .integer(health.marked),
            "histogram": .array(health.histogram.map { .integer($0) }),
        ]
    }

    private func checkExplanations(_ comment: String) throws {
        for worker in view.workersSeen {
            let answer = try ask("/api/explain", [("worker_id", worker.text)]).json
            let intervals = view.explain(worker, window).map { row in
                JSONText.object([
                    "state": .string("\(row.state.name)"), "workstation_id": id(row.workstation.bytes),
                    "from": time(row.from), "to": time(row.to), "position": position(row.opener),
                    "created_at": time(row.opener.createdAt),
                ])
            }
            #expect(answer["intervals"] == .array(intervals), "\(comment)")
            let counts = view.counts(worker, window).map { event in
                JSONText.object([
                    "timestamp": time(event.time), "workstation_id": id(event.workstation.bytes),
                    "count": .integer(event.count), "position": position(event), "created_at": time(event.createdAt),
                ])
            }
            #expect(answer["counts"] == .array(counts), "\(comment)")
        }
    }

    private func id(_ bytes: [UInt8]) -> JSONText { .string(String(decoding: bytes, as: UTF8.self)) }

    private func time(_ microseconds: Int64?) -> JSONText { microseconds.map { .string(text($0)) } ?? .null }

    private func position(_ event: LoggedEvent) -> JSONText { .string("0:\(event.offset):\(event.index)") }

    /// Answers drop zeros at the end.
    private func number(_ decimal: ExactDecimal?) -> JSONText {
        guard var digits = decimal?.description else { return .null }
        if digits.contains(".") {
            while digits.last == "0" { digits.removeLast() }
            if digits.last == "." { digits.removeLast() }
        }
        return .number(digits)
    }
}
