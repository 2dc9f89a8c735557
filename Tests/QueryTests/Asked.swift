// Layer: oracle. Every number of every route's answer against a recomputation from the whole log.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

/// One window at one state of knowledge, asked everywhere.
struct Asked {
    /// Asks a route of the service under test.
    let put: (_ path: String, _ query: [(name: String, value: String)]) throws -> Answer
    let view: OracleView
    var window: OracleWindow
    let from: Int64
    let to: Int64
    let known: Int64?
    var partition: Int32 = 0
    /// The parameter by which the window was cut to what counts.
    var within: String?

    func check(_ comment: String) throws {
        try checkWorkers(comment)
        try checkWorkstations(comment)
        try checkFactory(comment)
        // `within` is about times; samples have none.
        if within == nil { try checkHealth(comment) }
        try checkExplanations(comment)
    }

    private func ask(_ path: String, _ more: [(name: String, value: String)] = []) throws -> Answer {
        let knownAt = known.map { [(name: "known_at", value: text($0))] } ?? []
        return try put(path, [("from", text(from)), ("to", text(to))] + knownAt + more)
    }

    /// Asks about what counts of the window.
    private func askWithin(_ path: String, _ more: [(name: String, value: String)] = []) throws -> Answer {
        try ask(path, more + (within.map { [(name: "within", value: $0)] } ?? []))
    }

    private func checkWorkers(_ comment: String) throws {
        let expected = view.workers(window).map { worker in
            JSONText.object(
                worker.members.merging([
                    "worker_id": id(worker.worker.bytes), "worker_name": id(worker.worker.bytes),
                    "last_seen": time(worker.lastSeen),
                    "current_state": .string(worker.currentState.map { "\($0.name)" } ?? "unknown"),
                    "current_workstation_id": worker.currentWorkstation.map { id($0.bytes) } ?? .null,
                ]) { $1 })
        }
        let answer = try askWithin("/api/metrics/workers")
        #expect(answer.json["items"] == .array(expected), "\(comment)")
        let newest = view.newest
        #expect(answer.meta?["newest_event_time"] == time(newest.eventTime), "\(comment)")
        #expect(answer.meta?["newest_created_at"] == time(newest.createdAt), "\(comment)")
    }

    private func checkWorkstations(_ comment: String) throws {
        let expected = view.workstations(window).map { station in
            JSONText.object(
                station.members.merging([
                    "workstation_id": id(station.workstation.bytes), "workstation_name": id(station.workstation.bytes),
                    "current_workers": .integer(station.currentWorkers), "last_activity": time(station.lastActivity),
                ]) { $1 })
        }
        #expect(try askWithin("/api/metrics/workstations").json["items"] == .array(expected), "\(comment)")
    }

    /// Seconds east of UTC in the site's zone.
    static func zone(_ view: OracleView) -> (Int64) -> Int {
        let zone = TimeZone(identifier: view.definition?.timeZone ?? "UTC")
        return { zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0))) ?? 0 }
    }

    private func checkFactory(_ comment: String) throws {
        let expected = view.factory(window, zone: Asked.zone(view)).members
            .merging(["time_range_start": time(from), "time_range_end": time(window.end)]) { $1 }
        let answer = try askWithin("/api/metrics/factory").json
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
        let figures = view.allWorkers(window)
        for worker in view.workersSeen {
            for merges in [true, false] {
                let more = [(name: "worker_id", value: worker.text)] + (merges ? [] : [("merge", "false")])
                let answer = try askWithin("/api/explain", more).json
                let rows = merges ? view.mergedExplain(worker, window) : view.explain(worker, window)
                let intervals = rows.map { row in
                    JSONText.object([
                        "state": .string("\(row.state.name)"), "workstation_id": id(row.workstation.bytes),
                        "from": time(row.from), "to": time(row.to), "events": .integer(row.events),
                        "position": position(row.opener), "created_at": time(row.opener.createdAt),
                    ])
                }
                #expect(answer["intervals"] == .array(intervals), "\(comment)")
                #expect(answer["counts"] == .array(view.counts(worker, window).map(count)), "\(comment)")
                #expect(answer["totals"] == figures[worker].map(totals), "\(comment)")
            }
        }
    }

    private func count(_ event: LoggedEvent) -> JSONText {
        .object([
            "timestamp": time(event.time), "workstation_id": id(event.workstation.bytes),
            "count": .integer(event.count), "position": position(event), "created_at": time(event.createdAt),
        ])
    }

    private func totals(_ worker: OracleWorkerFigures) -> JSONText {
        .object([
            "working_us": .integer(worker.working), "idle_us": .integer(worker.idle),
            "absent_us": .integer(worker.absent), "unknown_us": .integer(worker.unknown),
            "elapsed_us": .integer(worker.elapsed), "total_units_produced": .integer(worker.units),
        ])
    }

    private func id(_ bytes: [UInt8]) -> JSONText { .string(String(decoding: bytes, as: UTF8.self)) }

    private func time(_ microseconds: Int64?) -> JSONText { microseconds.map { .string(text($0)) } ?? .null }

    private func position(_ event: LoggedEvent) -> JSONText { .string("\(partition):\(event.offset):\(event.index)") }

    private func number(_ decimal: ExactDecimal?) -> JSONText { .decimal(decimal) }
}

extension JSONText {
    /// Answers drop zeros at the end.
    static func decimal(_ decimal: ExactDecimal?) -> JSONText {
        guard var digits = decimal?.description else { return .null }
        if digits.contains(".") {
            while digits.last == "0" { digits.removeLast() }
            if digits.last == "." { digits.removeLast() }
        }
        return .number(digits)
    }
}
