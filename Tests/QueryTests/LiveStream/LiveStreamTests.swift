// Layer: machine. Streams over a fold in memory, on a clock that the test moves.
import EventModel
import HTTPServer
import Testing

@testable import Query

@Suite("Live streams (SPEC 7.5)", .timeLimit(.minutes(10))) struct LiveStreamTests {
    private static let shifts: @Sendable (inout SiteDefinition) -> Void = { definition in
        definition.shifts = [.init(name: "day", startMinute: 6 * 60, endMinute: 14 * 60)]
    }

    /// The members of data that an answer has, too.
    private func members(_ event: LiveReader.Event) -> [String: JSONText] {
        guard case .object(var members) = event.data else { return [:] }
        members["kind"] = nil
        return members
    }

    @Test("first comes one snapshot per topic, each the whole answer to its question")
    func snapshots() throws {
        let scene = try LiveScene.plant(then: Self.shifts)
        try scene.send([event(at(8), .working), event(at(9), .productCount, count: 3), event(at(9), .idle, "W2")])
        let reader = try scene.open("shifts,alerts,events,workstations,workers,factory")
        #expect(reader.response.headers.contains { $0.name == "Content-Type" && $0.value == "text/event-stream" })
        #expect(reader.response.headers.contains { $0.name == "X-Accel-Buffering" && $0.value == "no" })
        #expect(try reader.next()?.retry == "retry: 2000")
        let paths = [
            "factory": "/api/metrics/factory", "workers": "/api/metrics/workers", "events": "/api/events",
            "workstations": "/api/metrics/workstations", "alerts": "/api/alerts", "shifts": "/api/metrics/shifts",
        ]
        for name in ["factory", "workers", "workstations", "events", "alerts", "shifts"] {
            let snapshot = try reader.nextEvent()
            #expect(snapshot.name == name && snapshot.kind == "snapshot" && snapshot.id == "0:2")
            let path = try #require(paths[name])
            #expect(try JSONText.object(members(snapshot)) == scene.answer(path), "\(name)")
        }
    }

    @Test("then comes at most one change per interval and topic, of what changed")
    func changes() throws {
        let scene = try LiveScene.plant()
        try scene.send([event(at(8), .working)])
        let reader = try scene.open("factory,workers,events")
        for _ in 0..<3 { _ = try reader.nextEvent() }
        try scene.send([event(at(10), .idle, "W2")])
        try scene.send([event(at(11), .productCount, "W2", count: 4), event(at(9), .absent, "W2")])
        scene.clock.advance(milliseconds: 1000)
        let factory = try reader.nextEvent()
        #expect(factory.name == "factory" && factory.kind == "change" && factory.id == "0:4")
        #expect(factory.data["total_production_count"] == .number("4"))
        #expect(try JSONText.object(members(factory)) == scene.answer("/api/metrics/factory"))
        let workers = try reader.nextEvent()
        #expect(workers.name == "workers" && workers.kind == "change" && workers.data["removed"] == .array([]))
        #expect(try workers.data["items"] == scene.answer("/api/metrics/workers")["items"])
        let events = try reader.nextEvent()
        #expect(events.name == "events" && events.data["skipped"] == .number("0"))
        #expect(events.ids("position") == ["0:3:0", "0:2:0", "0:3:1"])
        let listed = try scene.answer("/api/events")["items"]?.elements ?? []
        #expect(events.data["items"]?.elements == Array(listed.prefix(3)))
        // The next interval begins the next one, and nothing was sent between.
        try scene.send([event(at(12), .working, "W2")])
        scene.clock.advance(milliseconds: 1000)
        let next = try reader.nextEvent()
        #expect(next.name == "factory" && next.id == "0:5")
    }

    @Test("a station that nobody works at any more is told, and a dropped worker is removed")
    func removed() throws {
        let scene = try LiveScene.plant(workers: ["W1", "W\u{e9}"])
        try scene.send([event(at(8), .working), event(at(8), .working, "W\u{e9}")])
        let reader = try scene.open("workers,workstations")
        for _ in 0..<2 { _ = try reader.nextEvent() }
        try scene.define(.plant(workers: ["W1"], stations: ["S1"]))
        scene.clock.advance(milliseconds: 1000)
        let workers = try reader.nextEvent()
        #expect(workers.data["removed"] == .array([.string("W\u{e9}")]))
        #expect(try reader.nextEvent().data["items"]?[0]?["current_workers"] == .number("1"))
    }

    @Test("of more new events than 200 the newest are told and the others counted")
    func manyEvents() throws {
        let scene = try LiveScene.plant()
        let reader = try scene.open("events")
        #expect(try reader.nextEvent().kind == "snapshot")
        for record in 0..<5 {
            try scene.send((0..<60).map { event(at(8) + Int64(record * 60 + $0) * 1_000_000, .working) })
        }
        try scene.send([event(at(8), .working)])
        scene.clock.advance(milliseconds: 1000)
        let change = try reader.nextEvent()
        #expect(change.ids("position").count == 200 && change.data["skipped"] == .number("100"))
        #expect(change.ids("position").first == "0:5:59")
    }

    @Test("readers of one question share what is computed, whatever their topics and intervals")
    func shared() throws {
        let scene = try LiveScene.plant()
        let readers = try (0..<8).map { try scene.open("factory", interval: $0 % 2 == 0 ? 250 : 500) }
        for reader in readers { _ = try reader.nextEvent() }
        let before = scene.shared.answers.withLock { $0 }
        #expect(before == 1)
        for round in 1...3 as ClosedRange<Int64> {
            try scene.send([event(at(8) + round, .working)])
            scene.clock.advance(milliseconds: 500)
            let frames = try readers.map { try $0.nextEvent().bytes }
            #expect(Set(frames).count == 1)
            #expect(scene.shared.answers.withLock { $0 } == before + Int(round))
        }
    }

    @Test("without records figures move with the clock, every ten seconds; a comment comes every fifteen")
    func clock() throws {
        let scene = try LiveScene.plant()
        try scene.send([event(at(8), .working)])
        let reader = try scene.open("factory,events")
        for _ in 0..<2 { _ = try reader.nextEvent() }
        scene.clock.advance(milliseconds: 10_000)
        let factory = try reader.nextEvent()
        #expect(factory.name == "factory" && factory.kind == "change" && factory.id == "0:2")
        scene.clock.advance(milliseconds: 5000)
        #expect(try reader.next()?.comment == ": alive")
    }

    @Test("a window of the question is that of the stream; a new one begins with a snapshot")
    func windows() throws {
        let scene = try LiveScene.plant(then: Self.shifts)
        try scene.send([event(at(5), .working), event(at(8), .idle)])
        let within = [(name: "within", value: "shifts")]
        let reader = try scene.open("factory", within)
        #expect(
            try JSONText.object(members(reader.nextEvent())) == scene.answer("/api/metrics/factory", within))
        let early = [(name: "from", value: text(at(4))), (name: "to", value: text(at(6)))]
        let events = try scene.open("events", early)
        #expect(try events.nextEvent().ids("position") == ["0:1:0"])
        try scene.send([event(at(7), .absent)])
        try scene.send([event(at(5.5), .absent)])
        scene.clock.advance(milliseconds: 1000)
        #expect(try events.nextEvent().ids("position") == ["0:3:0"])
        // Past midnight the day is another one.
        let workers = try scene.open("workers")
        #expect(try workers.nextEvent().kind == "snapshot")
        scene.clock.advance(milliseconds: 8 * 3600 * 1000)
        #expect(try workers.nextEvent().kind == "snapshot")
    }

    @Test("Last-Event-ID of yesterday, of another log or of nowhere begins with a snapshot again")
    func lastEventID() throws {
        let scene = try LiveScene.plant()
        try scene.send([event(at(8), .working)])
        for id in ["0:1", "0:999999", "7:1", "-1", "x", "", "0:1,1:2", String(repeating: "9", count: 400)] {
            let reader = try scene.open("factory", headers: ["Last-Event-ID": id])
            let first = try reader.nextEvent()
            #expect(first.kind == "snapshot" && first.id == "0:2")
            reader.close()
        }
    }

    @Test("min_position begins the stream once the fold has passed it (SPEC 8.3)")
    func minPosition() throws {
        let scene = try LiveScene.plant()
        let recorder = scene.ask("/api/stream", [("topics", "events"), ("min_position", "0:1")])
        scene.source.awaitWaiter()
        try scene.send([event(at(8), .working)])
        let reader = try LiveReader(try recorder.wait())
        #expect(try reader.nextEvent().ids("position") == ["0:1:0"])
        let late = scene.ask("/api/stream", [("topics", "events"), ("min_position", "0:9")])
        scene.source.awaitWaiter()
        scene.source.timeOut()
        #expect(try late.wait().status == 503)
    }

    @Test("a site whose definition is on its way begins when it is there")
    func onItsWay() throws {
        let scene = LiveScene()
        scene.shared.registered.withLock {
            $0 = PlacedDefinition(
                definition: .plant(), version: 1, createdAt: .earliest,
                position: RecordPosition(partition: PartitionIndex(0), offset: .zero))
        }
        let reader = try scene.open("workers")
        #expect(try reader.next()?.retry != nil)
        try scene.define(.plant())
        scene.clock.advance(milliseconds: 1000)
        #expect(try reader.nextEvent().ids("worker_id") == ["W1"])
    }
}
