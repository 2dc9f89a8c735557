// Layer: oracle. Alerts of random hours of samples, asked over HTTP, against a recomputation from bare events.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing

@testable import Query

@Suite("Alerts about the AI model (SPEC 6.4)") struct AlertTests {
    private static let path = "/api/alerts"

    /// `count` samples of one hour, a second apart.
    private func samples(
        _ count: Int, hour: Double, confidence: UInt32, camera: CameraID? = "C1", station: WorkstationID = "S1",
        worker: WorkerID = "W1", mark: Mark = .accepted
    ) -> [SimulatedEvent] {
        (0..<count).map { second in
            SimulatedEvent(
                time: at(hour) + Int64(second) * Microseconds.second, worker: worker, workstation: station,
                type: .working, confidence: confidence, camera: camera, mark: mark)
        }
    }

    private func plant(_ records: [(events: [SimulatedEvent], known: Int64)], now: Int64 = at(30)) throws -> Plant {
        let plant = Plant(now: now)
        try plant.define(.plant(stations: ["S1", "S2"]))
        for record in records { try send(plant, record.events, record.known) }
        return plant
    }

    private func send(_ plant: Plant, _ events: [SimulatedEvent], _ known: Int64) throws {
        try plant.source.fold(.events(EventBatch(events, siteID: Plant.site, createdAt: known)), commits: true)
    }

    private func names(_ answer: Answer) -> [String] {
        answer.items.map { "\($0["kind"]?.text ?? "") \($0["scope"]?.text ?? "")" }
    }

    @Test("a low average of a camera and of the site says what it is compared with")
    func lowAverage() throws {
        let plant = try plant([(samples(30, hour: 8, confidence: 749_999), at(9))])
        let answer = try plant.ask(Self.path, at(0), at(24))
        #expect(names(answer) == ["low_average site", "low_average camera:C1"])
        let alert = try #require(answer.items.last)
        #expect(alert["hour"] == .string("2026-01-12T08:00:00.000000Z") && alert["samples"] == .number("30"))
        #expect(alert["average"] == .number("0.75") && alert["reference"] == .number("0.75"))
        #expect(alert["severity"] == .string("critical") && alert["current"] == .bool(true))
        #expect(alert["message"] == .string("Average confidence 0.75 is just below 0.75."))
        #expect(answer.meta?["site_id"] == .string("plant"))
    }

    @Test("the average is compared exactly, and 30 samples are needed")
    func exact() throws {
        let even = samples(30, hour: 8, confidence: 750_000)
        let few = samples(29, hour: 9, confidence: 1, camera: "C2", station: "S2", worker: "W2")
        let plant = try plant([(even + few, at(10))])
        // 0.75 itself is not below; of the site's 9 o'clock there are 29.
        #expect(try plant.ask(Self.path, at(0), at(24)).items.isEmpty)
        try send(plant, samples(1, hour: 9.5, confidence: 1, camera: "C2", station: "S2", worker: "W2"), at(11))
        #expect(
            try names(plant.ask(Self.path, at(0), at(24))) == [
                "low_average site", "sudden_drop site", "low_average camera:C2",
            ])
    }

    @Test("a sudden drop is measured from the hour before, which needs samples of its own")
    func suddenDrop() throws {
        let records = [
            samples(30, hour: 8, confidence: 1_000_000), samples(30, hour: 9, confidence: 900_000),
            samples(30, hour: 10, confidence: 809_999), samples(30, hour: 12, confidence: 100_000),
        ]
        let plant = try plant([(records.flatMap { $0 }, at(13))])
        let drops = try plant.ask(Self.path, at(0), at(24)).items.filter { $0["kind"] == .string("sudden_drop") }
        // 0.9 of 1 is no drop; at noon nobody knows the hour before.
        #expect(drops.map { $0["hour"]?.text } == Array(repeating: "2026-01-12T10:00:00.000000Z", count: 2))
        #expect(drops[0]["reference"] == .number("0.9") && drops[0]["average"] == .number("0.81"))
        #expect(drops[0]["severity"] == .string("warning") && drops[0]["current"] == .bool(false))
        #expect(
            drops[0]["message"]
                == .string("Average confidence 0.81 is below 0.9 times that of the hour before, 0.9."))
    }

    @Test("samples that name no camera count for their workstation, marked ones too")
    func scopes() throws {
        let low = samples(30, hour: 8, confidence: 500_000, camera: nil, station: "S2", mark: .lowConfidence)
        let plant = try plant([(low, at(9))])
        #expect(
            try names(plant.ask(Self.path, at(0), at(24))) == ["low_average site", "low_average workstation:S2"])
    }

    @Test("hours are those that begin in the window, and are judged whole; a later hour makes one no more current")
    func window() throws {
        let low = samples(40, hour: 8, confidence: 500_000)
        let plant = try plant([(low, at(9))])
        // The window ends inside the hour, and before most of its samples.
        let part = try plant.ask(Self.path, at(8), at(8) + 10 * Microseconds.second)
        #expect(part.items.count == 2 && part.items[0]["samples"] == .number("40"))
        #expect(try plant.ask(Self.path, at(8) + 1, at(9)).items.isEmpty)
        #expect(try plant.ask(Self.path, at(7), at(8)).items.isEmpty)
        #expect(part.items.allSatisfy { $0["current"] == .bool(true) })
        try send(plant, samples(30, hour: 20, confidence: 990_000, camera: "C2"), at(21))
        let later = try plant.ask(Self.path, at(8), at(9)).items
        // Of the site there is a newer hour, of that camera not.
        #expect(later.map { $0["current"] } == [.bool(false), .bool(true)])
        try send(plant, samples(30, hour: 21, confidence: 990_000), at(22))
        #expect(try plant.ask(Self.path, at(8), at(9)).items.allSatisfy { $0["current"] == .bool(false) })
        #expect(try plant.ask(Self.path, at(8), at(9), known: at(10)).items == part.items)
    }

    @Test("late events close an alert and open another one; what was known then stays (SPEC 7.2)")
    func late() throws {
        let plant = try plant([(samples(30, hour: 8, confidence: 700_000), at(9))])
        let before = try plant.ask(Self.path, at(0), at(24)).items
        try send(plant, samples(30, hour: 8.5, confidence: 990_000), at(12))
        #expect(try plant.ask(Self.path, at(0), at(24)).items.isEmpty)
        #expect(try plant.ask(Self.path, at(0), at(24), known: at(11)).items == before && before.count == 2)
    }

    @Test("without from and to it is the site's day, and a window that ends early is 400 (SPEC 5.1)")
    func defaults() throws {
        let plant = try plant([(samples(30, hour: 8, confidence: 700_000), at(9))], now: at(20))
        #expect(try plant.ask(Self.path).items.count == 2)
        #expect(try plant.ask(Self.path, [("period", "yesterday")]).items.isEmpty)
        #expect(try plant.ask(Self.path, at(9), at(8)).status == 400)
    }

    @Test(
        "every alert equals the oracle's, now and as known before: duplicates, late events, all scopes",
        arguments: 1...24)
    func oracle(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: 64_000 + seed)
        let plant = Plant(now: at(40))
        var log = OracleLog()
        let records = Self.records(&generator)
        for (offset, record) in records.enumerated() {
            let content = RecordContent.events(
                EventBatch(record.events, siteID: Plant.site, createdAt: record.known))
            try plant.source.fold(content, commits: Bool.random(using: &generator))
            log.append(content, offset: Int64(offset))
        }
        var seen = 0
        let knowledge = [nil] + (0..<5).map { _ in records.map(\.known).randomElement(using: &generator) }
        for known in knowledge {
            let expected = log.view(of: Plant.site, knownAt: known).alerts
            let windows =
                [(at(0), at(24))]
                + (0..<3).map { _ in (at(Double(generator.pick(0...10))), at(Double(generator.pick(10...24)))) }
            for (from, to) in windows {
                let shown = expected.filter { $0.hour >= from && $0.hour < to }
                seen += shown.count
                let answer = try plant.ask(Self.path, from, to, known: known)
                #expect(
                    answer.json["items"] == .array(shown.map(Self.item)),
                    "seed \(seed) from \(from) to \(to) known \(known ?? -1)")
            }
        }
        #expect(seen > 5, "seed \(seed): hardly any alerts")
    }

    /// Records of some hours of samples around the limits, of two cameras and of none; in any order, some of them repeated.
    private static func records(_ generator: inout SeededGenerator) -> [(events: [SimulatedEvent], known: Int64)] {
        var events: [SimulatedEvent] = []
        for hour in 4..<12 as Range<Int64> {
            for camera in ["C1", "C2", nil] as [CameraID?] {
                let base = generator.pick([700_000, 749_990, 750_010, 820_000, 990_000] as [UInt32])
                for number in 0..<generator.pick(24...40) {
                    events.append(
                        SimulatedEvent(
                            time: monday + hour * Microseconds.hour + Int64(number) * 80 * Microseconds.second,
                            worker: generator.pick(["W1", "W2", "W3"]), workstation: generator.pick(["S1", "S2"]),
                            type: generator.pick([.working, .idle, .absent]),
                            confidence: base + UInt32(generator.pick(0...9)), camera: camera,
                            mark: base < 749_000 ? .lowConfidence : .accepted))
                }
            }
        }
        events.shuffle(using: &generator)
        // Other samples under the same keys: the earlier created_at wins, wherever it stands in the log.
        events += events.prefix(60).map { event in
            var event = event
            event.confidence = generator.pick([1, 999_999])
            return event
        }
        var records: [(events: [SimulatedEvent], known: Int64)] = []
        while !events.isEmpty {
            let count = min(events.count, generator.pick(1...40))
            records.append((Array(events.prefix(count)), at(12) + Int64(generator.pick(0...24)) * Microseconds.hour))
            events.removeFirst(count)
        }
        return records
    }

    private static func item(_ alert: OracleAlert) -> JSONText {
        let average = alert.average.map { JSONText.decimal($0).text ?? "" } ?? ""
        let reference = alert.reference.map { JSONText.decimal($0).text ?? "" } ?? ""
        let just = average == "0.75" ? "just " : ""
        let than =
            alert.kind == "low_average" ? "\(just)below 0.75" : "below 0.9 times that of the hour before, \(reference)"
        return .object([
            "kind": .string(alert.kind), "scope": .string(alert.scope), "hour": .string(text(alert.hour)),
            "average": .decimal(alert.average), "reference": .decimal(alert.reference),
            "samples": .integer(alert.samples), "severity": .string(alert.isCritical ? "critical" : "warning"),
            "message": .string("Average confidence \(average) is \(than)."), "current": .bool(alert.isCurrent),
        ])
    }
}
