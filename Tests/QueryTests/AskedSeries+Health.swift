// Layer: oracle. Heat maps, health trends and drift of one window at one state of knowledge, against a recomputation from the whole log.
import EventModel
import Foundation
import Oracle
import Testing

@testable import Query

extension AskedSeries {
    // MARK: Heat maps

    func checkHeatMaps(_ comment: String) throws {
        let days = [(name: "bucket", value: "day")]
        guard window.from < window.end else { return }
        let buckets = OracleBuckets.buckets(.day, of: window.from..<window.end, zone: zone).map(clipped)
        let workers = try ask("/api/metrics/heatmap", days + [("of", "workers")]).json
        #expect(workers["buckets"] == .array(buckets.map { item($0, [:]) }), "\(comment)")
        let all = buckets.map(view.allWorkers)
        let rows = (view.definition?.workers ?? []).map(\.workerID).sorted().map { worker in
            row(
                worker.bytes,
                [
                    "utilization_percentage": all.map { number($0[worker]?.utilization) },
                    "coverage_percentage": all.map { number($0[worker]?.coverage) },
                    "units": all.map { .integer($0[worker]?.units ?? 0) },
                ])
        }
        #expect(workers["rows"] == .array(rows), "\(comment)")
        let stations = buckets.map(view.allWorkstations)
        let stationRows = (view.definition?.workstations ?? []).map(\.workstationID).sorted().map { station in
            row(
                station.bytes,
                [
                    "occupancy_percentage": stations.map { number($0[station]?.occupancy) },
                    "utilization_percentage": stations.map { number($0[station]?.utilization) },
                    "units": stations.map { .integer($0[station]?.units ?? 0) },
                ])
        }
        #expect(
            try ask("/api/metrics/heatmap", days + [("of", "workstations")]).json["rows"] == .array(stationRows),
            "\(comment)")
        try checkCameras(days, comment)
    }

    private func checkCameras(_ days: [(name: String, value: String)], _ comment: String) throws {
        let utc = OracleBuckets.buckets(.day, of: window.from..<window.end) { _ in 0 }.map(clipped)
        let health = utc.map { view.health($0, by: .camera) }
        let cameras = Set(health.flatMap(\.keys)).sorted { ($0 ?? []).lexicographicallyPrecedes($1 ?? []) }
        let rows = cameras.map { camera in
            row(
                camera,
                [
                    "avg_confidence": health.map { number($0[camera]?.average) },
                    "samples": health.map { .integer($0[camera]?.samples ?? 0) },
                ])
        }
        let answer = try ask("/api/metrics/heatmap", days + [("of", "cameras")]).json
        #expect(answer["buckets"] == .array(utc.map { item($0, [:]) }), "\(comment)")
        #expect(answer["rows"] == .array(rows), "\(comment)")
    }

    private func row(_ row: [UInt8]?, _ figures: [String: [JSONText]]) -> JSONText {
        let name = row.map(id) ?? .null
        return .object(figures.mapValues { .array($0) }.merging(["id": name, "name": name]) { $1 })
    }

    // MARK: Model health

    func checkHealthTrend(_ comment: String, days: Int) throws {
        let knownAt = known.map { [(name: "known_at", value: text($0))] } ?? []
        let path = "/api/metrics/model-health/trend"
        let question = [(name: "days", value: "\(days)"), ("to", text(to))] + knownAt
        #expect(try put(path, question).json["hours"] == .array(hours(days) { view.health($0) }), "\(comment)")
        let groups = Set(view.health(OracleWindow(from: 0, to: window.end), by: .camera).keys)
            .sorted { ($0 ?? []).lexicographicallyPrecedes($1 ?? []) }
        let expected = groups.compactMap { camera -> JSONText? in
            let hours = hours(days) { view.health($0, by: .camera)[camera] ?? OracleHealth() }
            return hours.isEmpty ? nil : .object(["camera_id": camera.map(id) ?? .null, "hours": .array(hours)])
        }
        #expect(
            try put(path, question + [("group_by", "camera")]).json["groups"] == .array(expected), "\(comment)")
    }

    /// The hours that begin in the days before E and have samples.
    private func hours(_ days: Int, _ health: (OracleWindow) -> OracleHealth) -> [JSONText] {
        let end = window.end
        let first = max(0, end - Int64(days) * Microseconds.day)
        // Only hours with samples, to look at few.
        let starts = Set(view.healthHours.keys.map { $0.hour * Microseconds.hour }).filter { $0 >= first && $0 < end }
        return starts.sorted().compactMap { start in
            let hour = health(OracleWindow(from: start, to: start + Microseconds.hour, now: end))
            guard hour.samples > 0 else { return nil }
            let last = min(start + Microseconds.hour, end)
            return .object([
                "start": time(start), "samples": .integer(hour.samples), "avg_confidence": number(hour.average),
                "trailing_avg_confidence": number(
                    health(OracleWindow(from: last - 7 * Microseconds.day, to: last)).average),
            ])
        }
    }

    func checkDrift(_ comment: String) throws {
        let before = OracleWindow(from: max(0, window.from - (window.end - window.from)), to: window.from)
        guard window.from < window.end else { return }
        let answer = try ask("/api/metrics/model-health/drift", [("group_by", "workstation")]).json
        check(answer, view.health(window), view.health(before), comment)
        let sides = [window, before].map { view.health($0, by: .workstation) }
        let stations = Set(sides.flatMap(\.keys)).sorted { ($0 ?? []).lexicographicallyPrecedes($1 ?? []) }
        let groups = answer["groups"]?.elements ?? []
        #expect(groups.map { $0["workstation_id"] } == stations.map { $0.map(id) ?? .null }, "\(comment)")
        for (group, station) in zip(groups, stations) {
            check(group, sides[0][station] ?? OracleHealth(), sides[1][station] ?? OracleHealth(), comment)
        }
    }

    private func check(_ drift: JSONText, _ window: OracleHealth, _ baseline: OracleHealth, _ comment: String) {
        #expect(drift["samples"] == .integer(window.samples), "\(comment)")
        #expect(drift["baseline_samples"] == .integer(baseline.samples), "\(comment)")
        #expect(drift["avg_confidence"] == number(window.average), "\(comment)")
        #expect(drift["baseline_avg_confidence"] == number(baseline.average), "\(comment)")
        #expect(drift["drift"] == .string("unknown"), "scenarios have fewer than 100 samples")
        var index = 0.0
        for bin in 0..<20 {
            let p = (Double(window.histogram[bin]) + 0.5) / Double(window.samples + 10)
            let q = (Double(baseline.histogram[bin]) + 0.5) / Double(baseline.samples + 10)
            index += (p - q) * (log(p) - log(q))
        }
        let found = drift["psi"]?.text.flatMap(Double.init) ?? .infinity
        #expect(abs(found - index) <= 0.000_051, "\(comment)")
    }
}
