// Layer: machine. That the simulated input is what its documentation says, so that tests and figures built on it mean
// something. Catches a generator that is not repeatable or not valid; cannot say whether a real factory looks like it.
import EventModel
import Foundation
import SimulationKit
import Testing

@Suite("SimulationKit") struct SimulationTests {
    private static let midnight = Timestamp(microseconds: 20_465 * Microseconds.day - Microseconds.hour)

    private func plan(seed: UInt64, hours: Int64 = 17, workers: Int = 8, invalid: Bool = false) -> FactoryDay.Plan {
        FactoryDay.Plan(
            seed: seed, localMidnight: Self.midnight, end: Self.midnight + hours * Microseconds.hour,
            workers: workers, includesInvalid: invalid)
    }

    @Test("a factory's day is the same for the same seed, and another for another")
    func repeatable() {
        let day = FactoryDay(plan(seed: 7))
        #expect(FactoryDay(plan(seed: 7)).lines == day.lines)
        #expect(FactoryDay(plan(seed: 8)).lines != day.lines)
        #expect(FactoryDay(plan(seed: 7)).definition == day.definition)
    }

    @Test("a factory's day has 30 to 60 thousand events of the last 24 hours, of all kinds", arguments: [0, 17])
    func plausible(_ hours: Int64) {
        let day = FactoryDay(plan(seed: 1, hours: hours, workers: 50))
        let end = Self.midnight.microseconds + hours * Microseconds.hour
        #expect((30_000...60_000).contains(day.events.count), "\(day.events.count)")
        #expect(day.events.allSatisfy { $0.time >= end - Microseconds.day && $0.time < end })
        for type in EventType.allCases { #expect(day.events.contains { $0.type == type }) }
        #expect(day.definition.workers.count == 50 && day.definition.workstations.count == 24)
        let workers = Set(day.definition.workers.map(\.workerID))
        let stations = Set(day.definition.workstations.map(\.workstationID))
        #expect(day.events.allSatisfy { workers.contains($0.worker) && stations.contains($0.workstation) })
        #expect(day.events.allSatisfy { (600_000...990_000).contains($0.confidence) })
        #expect(Set(day.events.map(\.workstation)).count == 24)
    }

    @Test("a factory that goes on gives each event once, in order of arrival, over midnight and a day of 23 hours")
    func flow() throws {
        let start = try #require(Timestamp(rfc3339: "2026-03-27T23:00:00Z"))
        // Berlin puts its clocks forward on 29 March.
        let midnights = ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"].compactMap {
            Timestamp(rfc3339: $0)
        }
        func flow() -> FactoryFlow {
            FactoryFlow(seed: 4, workers: 6, from: start) { day in midnights.first { $0 > day } ?? day }
        }
        let end = midnights[1] + Microseconds.hour
        var whole = flow()
        let all = whole.arrived(by: end, atMost: .max)
        var stepwise = flow()
        var lines: [[UInt8]] = []
        for step in 0...48 {
            let time = start + Int64(step) * Microseconds.hour
            var part = stepwise.arrived(by: time, atMost: 7)
            while !part.isEmpty {
                #expect(part.count <= 7)
                lines += part
                part = stepwise.arrived(by: time, atMost: 7)
            }
        }
        #expect(lines == all && all.count > 1_000)
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        let times = texts.compactMap { text in
            text.firstRange(of: "\"timestamp\":\"").flatMap { found in
                Timestamp(rfc3339: String(text[found.upperBound...].prefix(27)))
            }
        }
        #expect(times.count == lines.count)
        #expect(times.allSatisfy { $0 >= start && $0 <= end })
        for midnight in [start, midnights[0], midnights[1]] {
            #expect(times.contains { $0 >= midnight && $0 < midnight + Microseconds.hour })
        }
    }

    @Test("the lines are JSON in the ingest format (SPEC 2.1), the definition that of SPEC 3")
    func json() throws {
        let day = FactoryDay(plan(seed: 3))
        for (line, event) in zip(day.lines, day.events).prefix(500) {
            let object = try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let time = try #require(object["timestamp"] as? String)
            #expect(Timestamp(rfc3339: time)?.microseconds == event.time)
            #expect(object["worker_id"] as? String == event.worker.text)
            #expect(object["event_type"] as? String == "\(event.type.name)")
            #expect((object["count"] as? UInt32 ?? 0) == event.count)
            let confidence = try #require(object["confidence"] as? Double)
            #expect(UInt32((confidence * 1_000_000).rounded()) == event.confidence)
        }
        let body = try #require(JSONSerialization.jsonObject(with: Data(day.definition.putBody)) as? [String: Any])
        #expect((body["workers"] as? [Any])?.count == 8)
        let site = try #require(body["site"] as? [String: Any])
        #expect(site["observation_ttl_seconds"] as? Int == 600)
        #expect((site["shifts"] as? [[String: Any]])?.last?["end"] as? String == "06:00")
        #expect((site["target_units_per_hour"] as? Double ?? 0) > 20)
    }

    @Test("invalid lines come only when they are asked for")
    func invalid() {
        let broken = FactoryDay(plan(seed: 3, invalid: true))
        #expect(broken.lines.count == broken.events.count + 5)
        #expect(FactoryDay(plan(seed: 3)).lines.count == broken.events.count)
    }

    private func shapes(events: Int) -> [LoadShape] {
        let start = Self.midnight
        return [
            LoadShape(workers: 10, eventsPerRequest: events, start: start),
            LoadShape(workers: 103, eventsPerRequest: events, grouping: .byRequest(workers: 3), start: start),
            LoadShape(workers: 50, eventsPerRequest: events, grouping: .random, start: start),
        ]
    }

    @Test("load has no key twice, and created_at rises and is after its events", arguments: [1, 10, 100])
    func loadKeys(_ perRequest: Int) {
        for shape in shapes(events: perRequest) {
            var batches = LoadBatches(shape)
            var batch = EventBatch(siteID: "bench")
            var keys = Set<String>()
            var last = Timestamp.earliest
            for request in 0..<100 {
                batches.fill(&batch, request: request)
                #expect(batch.count == perRequest && batch.createdAt > last)
                last = batch.createdAt
                for event in 0..<batch.count {
                    #expect(batch.times[event] < last.microseconds)
                    keys.insert("\(batch.times[event]) \(batch.ids[Int(batch.workers[event])]) \(batch.types[event])")
                }
            }
            #expect(keys.count == 100 * perRequest)
        }
    }

    @Test("a patched body is JSON with the times, workers and stations of its request", arguments: [1, 10])
    func bodies(_ perRequest: Int) throws {
        for shape in shapes(events: perRequest) {
            var body = LoadBody(shape)
            var batches = LoadBatches(shape)
            var batch = EventBatch(siteID: "bench")
            for request in [0, 1, 5, 90_000] {
                body.fill(request: request)
                batches.fill(&batch, request: request)
                let json = try #require(JSONSerialization.jsonObject(with: Data(body.bytes)) as? [String: Any])
                let events = json["events"] as? [[String: Any]] ?? [json]
                #expect(events.count == perRequest)
                for (place, event) in events.enumerated() {
                    let time = try #require(event["timestamp"] as? String)
                    #expect(Timestamp(rfc3339: time)?.microseconds == batch.times[place])
                    let worker = try #require(event["worker_id"] as? String)
                    #expect(Array(worker.utf8) == batch.ids[Int(batch.workers[place])])
                    let station = try #require(event["workstation_id"] as? String)
                    #expect(Array(station.utf8) == batch.ids[Int(batch.workstations[place])])
                }
            }
        }
    }

    @Test("late load lies up to an hour before its neighbours, as often as asked")
    func late() {
        let onTime = LoadShape(workers: 10, start: Self.midnight)
        var shape = onTime
        shape.latePercent = 10
        var (early, late) = (LoadBatches(onTime), LoadBatches(shape))
        var (first, second) = (EventBatch(siteID: "bench"), EventBatch(siteID: "bench"))
        var moved = 0
        for request in 0..<100 {
            early.fill(&first, request: request)
            late.fill(&second, request: request)
            for (left, right) in zip(first.times, second.times) where left != right {
                moved += 1
                #expect(right < left && left - right <= Microseconds.hour)
            }
        }
        #expect((800...1200).contains(moved))
    }

    @Test("a random scenario is the same for the same seed, and has what makes sets hard")
    func scenarios() {
        let size = RandomScenario.Size(events: 60)
        #expect(RandomScenario(seed: 5, size: size).description == RandomScenario(seed: 5, size: size).description)
        let scenarios = (0..<100).map { RandomScenario(seed: $0, size: size) }
        let created = scenarios.map { $0.records.map(\.createdAt) }
        #expect(created.contains { $0 != $0.sorted() })
        #expect(created.contains { Set($0).count < $0.count })
        let events = scenarios.flatMap(\.records).flatMap { record -> [SimulatedEvent] in
            if case .events(let events, _) = record { events } else { [] }
        }
        for mark in Mark.allCases { #expect(events.contains { $0.mark == mark }) }
    }
}
