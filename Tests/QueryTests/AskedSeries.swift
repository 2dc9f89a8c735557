// Layer: oracle. Shifts, handovers and trends of one window at one state of knowledge, against a recomputation from the whole log.
import EventModel
import Foundation
import Oracle
import Testing

@testable import Query

/// One window at one state of knowledge.
struct AskedSeries {
    let put: (_ path: String, _ query: [(name: String, value: String)]) throws -> Answer
    let view: OracleView
    let window: OracleWindow
    let from: Int64
    let to: Int64
    let known: Int64?
    let now: Int64

    var zone: (Int64) -> Int { Asked.zone(view) }
    private var shifts: [SiteDefinition.Shift] { view.definition?.shifts ?? [] }

    func ask(_ path: String, _ more: [(name: String, value: String)] = []) throws -> Answer {
        let knownAt = known.map { [(name: "known_at", value: text($0))] } ?? []
        return try put(path, [("from", text(from)), ("to", text(to))] + knownAt + more)
    }

    func clipped(_ range: Range<Int64>) -> OracleWindow {
        OracleWindow(from: max(range.lowerBound, window.from), to: min(range.upperBound, window.end))
    }

    // MARK: Shifts

    func checkShifts(_ comment: String) throws {
        let expected = OracleShifts.named(shifts, in: window, zone: zone).map { instance in
            let part = clipped(instance.range)
            var members = factory(part)
            members["shift"] = .string(instance.name)
            members["date"] = .string(instance.date)
            members["start"] = time(instance.range.lowerBound)
            members["end"] = time(instance.range.upperBound)
            members["from"] = time(part.from)
            members["to"] = time(part.end)
            members["status"] = .string(instance.range.upperBound > now ? "running" : "over")
            members["handover"] = handover(instance.range.lowerBound)
            return JSONText.object(members)
        }
        #expect(try ask("/api/metrics/shifts").json["items"] == .array(expected), "\(comment)")
    }

    func checkHandovers(_ comment: String) throws {
        let starts = Set(OracleShifts.instances(of: shifts, in: window, zone: zone).map(\.lowerBound))
            .filter { $0 >= window.from && $0 < window.end }.sorted()
        #expect(try ask("/api/metrics/handover").json["items"] == .array(starts.map(handover)), "\(comment)")
    }

    private func handover(_ start: Int64) -> JSONText {
        let hour = Microseconds.hour
        let after = start + (view.definition?.handoverMinutes ?? 0) * Microseconds.minute
        let near = OracleShifts.named(
            shifts, in: OracleWindow(from: start - 1, to: start + 1), zone: zone)
        let during = OracleWindow(from: start, to: after, now: window.end)
        let baseline = OracleWindow(from: start - hour, to: after + hour, now: window.end)
            .cut(to: [start - hour..<start, after..<after + hour])
        let (mine, usual) = (view.factory(during, zone: zone), view.factory(baseline, zone: zone))
        let rates = (
            ExactDecimal.hourlyRate(mine.units, in: mine.elapsed),
            ExactDecimal.hourlyRate(usual.units, in: usual.elapsed)
        )
        let whole = Int128(usual.units) * Int128(mine.elapsed)
        return .object([
            "at": time(start), "started": names(near.filter { $0.range.lowerBound == start }),
            "ended": names(near.filter { $0.range.upperBound == start }), "units": .integer(mine.units),
            "baseline_units": .integer(usual.units), "units_rate": number(rates.0), "baseline_rate": number(rates.1),
            "dip_percentage": number(
                mine.elapsed == 0 ? nil : .percentage(whole - Int128(mine.units) * Int128(usual.elapsed), of: whole)),
            "utilization_percentage": number(mine.averageUtilization),
            "baseline_utilization_percentage": number(usual.averageUtilization),
        ])
    }

    private func names(_ instances: [OracleShiftInstance]) -> JSONText {
        .array(
            instances.map(\.name).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map {
                .string($0)
            })
    }

    private func factory(_ window: OracleWindow) -> [String: JSONText] { view.factory(window, zone: zone).members }

    // MARK: Trends

    private static let bucketsMaximum = 1000

    func checkTrends(_ comment: String) throws {
        for length in OracleBucketLength.allCases {
            let buckets =
                window.from < window.end
                ? OracleBuckets.buckets(length, of: window.from..<window.end, zone: zone) : []
            for within in [nil, shifts.isEmpty ? nil : "shifts"] as Set {
                let more = [(name: "bucket", value: length.rawValue)] + (within.map { [("within", $0)] } ?? [])
                let answer = try ask("/api/metrics/trend", more)
                guard buckets.count <= Self.bucketsMaximum else {
                    #expect(answer.status == 400, "\(comment)")
                    continue
                }
                let instances = OracleShifts.instances(of: shifts, in: window, zone: zone)
                let windows = buckets.map { bucket in
                    within == nil ? clipped(bucket) : clipped(bucket).cut(to: instances)
                }
                // Hours of a month are too many for an oracle that recomputes each.
                guard buckets.count <= 100 else { continue }
                #expect(answer.json["items"] == .array(windows.map { item($0, factory($0)) }), "\(comment) \(more)")
                try checkEntities(windows, more, comment)
            }
        }
    }

    private func checkEntities(
        _ windows: [OracleWindow], _ more: [(name: String, value: String)], _ comment: String
    ) throws {
        for worker in view.workersSeen.prefix(1) {
            let items = windows.map { window in
                item(
                    window,
                    ["worker_id": id(worker.bytes)].merging(view.allWorkers(window)[worker]?.members ?? [:]) { $1 }
                )
            }
            let answer = try ask("/api/metrics/trend", more + [("of", "worker:\(worker.text)")])
            #expect(answer.json["items"] == .array(items), "\(comment) \(more) \(worker)")
        }
        for station in view.definition?.workstations.prefix(1).map(\.workstationID) ?? [] {
            let items = windows.map { window in
                item(
                    window,
                    ["workstation_id": id(station.bytes)].merging(view.allWorkstations(window)[station]?.members ?? [:])
                    {
                        $1
                    })
            }
            let answer = try ask("/api/metrics/trend", more + [("of", "workstation:\(station.text)")])
            #expect(answer.json["items"] == .array(items), "\(comment) \(more) \(station)")
        }
    }

    func item(_ window: OracleWindow, _ members: [String: JSONText]) -> JSONText {
        .object(["from": time(window.from), "to": time(window.end)].merging(members) { $1 })
    }

    // MARK: Values

    func id(_ bytes: [UInt8]) -> JSONText { .string(String(decoding: bytes, as: UTF8.self)) }
    func time(_ microseconds: Int64) -> JSONText { .string(text(microseconds)) }

    func number(_ decimal: ExactDecimal?) -> JSONText { .decimal(decimal) }
}
