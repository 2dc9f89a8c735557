// Layer: machine. One wrong thing in a store at a time: the comparison finds that and nothing else, and names it.
import EventModel
import Foundation
import JSON
import Replay
import SimulationKit
import Testing
import Timeline

@Suite("Planted differences between generations (DESIGN 7)", .timeLimit(.minutes(10)))
struct PlantedDifferenceTests {
    private let folder: StoreFolder
    /// 2026-01-12T08:00:00Z
    private static let eight: Int64 = 1_768_204_800 * Microseconds.second
    private static func minute(_ minutes: Int64) -> Int64 { eight + minutes * Microseconds.minute }

    /// A morning of two workers; the last record is that of an event that comes late.
    private static func morning(lateStation: WorkstationID = "S1", lateWorker: WorkerID = "W1") -> [RandomScenario
        .Record]
    {
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.workers = ["W1", "W2"].map { .init(workerID: $0) }
        definition.workstations = ["S1", "S2"].map { .init(workstationID: $0) }
        func event(
            _ minutes: Int64, _ worker: WorkerID, _ station: WorkstationID, _ type: EventType, count: UInt32 = 0
        ) -> SimulatedEvent {
            SimulatedEvent(
                time: minute(minutes), worker: worker, workstation: station, type: type, count: count, camera: "C1",
                modelVersion: "m1")
        }
        return [
            .definition(definition, createdAt: eight),
            .events(
                [
                    event(0, "W1", "S1", .working), event(0, "W2", "S2", .working),
                    event(30, "W1", "S1", .productCount, count: 5), event(90, "W1", "S1", .idle),
                    event(100, "W2", "S2", .idle), event(120, "W1", "S1", .working),
                ], createdAt: minute(121)),
            .events([event(95, lateWorker, lateStation, .absent)], createdAt: minute(125)),
            .events(
                [
                    SimulatedEvent(
                        time: minute(126), worker: "W9", workstation: "S1", type: .working, mark: .unknownWorker)
                ], createdAt: minute(127)),
        ]
    }

    init() throws {
        folder = try StoreFolder()
        try folder.fold(Self.morning(), into: "live")
    }

    private func compare(_ statements: String..., limit: Int = 20) throws -> GenerationDifferences {
        let name = "new\(UUID().uuidString)"
        try folder.copy("live", as: name, statements)
        return try folder.compare("live", name, limit: limit)
    }

    @Test("a wrong sum is found, with worker, hour and both explanations, and the odd generation named")
    func wrongSum() throws {
        let found = try compare(
            """
            UPDATE hour SET working = working + 60000000 WHERE kind = 0 AND entity = 0
            AND hour = \(Self.eight / Microseconds.hour)
            """)
        #expect(found.kinds == [.workerHour] && found.differentCount == 1 && !found.isEqual)
        let difference = try #require(found.differences.first)
        #expect(difference.id("worker_id") == "W1" && difference.time == Self.eight)
        #expect(difference.site == RandomScenario.siteID && difference.size == 60_000_000)
        #expect(
            difference.members == [
                .init("working_us", .integer(Microseconds.hour), .integer(Microseconds.hour + 60_000_000))
            ])
        let cause = try #require(difference.cause)
        #expect(cause.finding == .newSums && cause.events.isEmpty)
        #expect(cause.live?.stored == cause.live?.derived && cause.new?.derived == cause.live?.derived)
        let items = try #require(cause.live?.items)
        #expect(items.map(\.type) == [.working, .productCount] && items[1].count == 5)
        #expect(items[0].position.description == "0:1:0" && items[1].position.description == "0:1:2")
        #expect(items[0].createdAt == Self.minute(121) && cause.new?.items == items)
    }

    @Test("where events differ and sums are what they were, it says that they do not follow from the events")
    func staleSums() throws {
        try folder.fold(Self.morning(lateWorker: "W2"), into: "late")
        // The new fold has the events of one log, and hours that somebody forgot to move.
        let row = "kind = 0 AND entity = 1 AND hour = \(Self.eight / Microseconds.hour + 1)"
        let working = try #require(try folder.integer("live", "SELECT working FROM hour WHERE \(row)"))
        let absent = try #require(try folder.integer("live", "SELECT absent FROM hour WHERE \(row)"))
        let changed = try #require(try folder.integer("live", "SELECT changed FROM hour WHERE \(row)"))
        try folder.copy(
            "late", as: "stale",
            ["UPDATE hour SET working = \(working), absent = \(absent), changed = \(changed) WHERE \(row)"])
        let found = try folder.compare("live", "stale")
        #expect(found.of(.workerHour).map { $0.id("worker_id") } == ["W1"])
        let event = try #require(found.of(.event).first { $0.id("worker_id") == "W2" })
        #expect(event.cause?.finding == .newSums && event.cause?.new?.stored == event.cause?.live?.stored)
        #expect(event.cause?.new?.derived != event.cause?.new?.stored)
    }

    @Test("a wrong winner is found as an event, and the hours that it changed name it (SPEC 2.6)")
    func wrongWinner() throws {
        try folder.fold(Self.morning(lateStation: "S2"), into: "new")
        let found = try folder.compare("live", "new")
        let event = try #require(found.of(.event).first)
        #expect(found.count(.event)?.different == 1 && found.count(.event)?.equal == 6)
        #expect(event.id("worker_id") == "W1" && event.time == Self.minute(95))
        #expect(event.members == [.init("workstation_id", .id(Array("S1".utf8)), .id(Array("S2".utf8)))])
        #expect(event.cause?.finding == .eventsAlone && event.cause?.hour == Self.minute(60))
        #expect(event.cause?.events.map(\.time) == [Self.minute(95)])
        // Absence is nobody's station: the hour of the worker is the same, and so is every sum.
        #expect(found.count(.workerHour)?.different == 0 && found.count(.workstationHour)?.different != 0)
    }

    @Test("the hour of a wrong winner explains both sides and lists the event that is folded differently")
    func wrongHour() throws {
        try folder.fold(Self.morning(lateWorker: "W2"), into: "new")
        let found = try folder.compare("live", "new")
        let hours = found.of(.workerHour)
        #expect(found.count(.workerHour)?.different == 2)
        for hour in hours {
            let cause = try #require(hour.cause)
            #expect(cause.finding == .events && hour.time == Self.minute(60))
            #expect(cause.events.map(\.time) == [Self.minute(95)] && cause.events.map(\.type) == [.absent])
            let isFirst = hour.id("worker_id") == "W1"
            let side = isFirst ? cause.live : cause.new
            let other = isFirst ? cause.new : cause.live
            #expect(side?.items.contains { $0.position.description == "0:2:0" } == true)
            #expect(other?.items.contains { $0.position.description == "0:2:0" } == false)
            #expect(side?.stored == side?.derived && other?.stored == other?.derived)
        }
        #expect(found.of(.event).count == 2 && found.of(.event).allSatisfy { $0.cause?.finding == .events })
    }

    @Test("a worker and a site that only one generation has are named, whichever it is")
    func missing() throws {
        try folder.fold(Self.morning(lateWorker: "W3"), into: "more")
        for (found, before) in [
            (try folder.compare("live", "more"), "no"), (try folder.compare("more", "live"), "yes"),
        ] {
            let worker = try #require(found.of(.worker).first)
            #expect(worker.id("worker_id") == "W3" && worker.member("known")?.before == .text(before))
            #expect(found.count(.worker)?.different == 1 && found.count(.worker)?.equal == 2)
        }
        let other = Self.morning()[1]
        let morning = Self.morning().map { StoreFolder.Step.record($0, RandomScenario.siteID) }
        try folder.fold([morning[0], .record(other, "plant-2")] + morning[1...], into: "two")
        try folder.fold([morning[0], .skip] + morning[1...], into: "one")
        let found = try folder.compare("two", "one")
        let site = try #require(found.differences.first)
        #expect(site.kind == .site && site.site == "plant-2" && found.differentCount == 1)
        #expect(site.member("received") == .init("received", .integer(6), nil))
        #expect(try folder.compare("one", "two").differences.first?.member("received")?.after == .integer(6))
    }

    @Test("samples of model health, with station, camera, model version and hour (SPEC 6.1)")
    func health() throws {
        let found = try compare(
            "UPDATE health SET samples = samples + 2, confidence_sum = confidence_sum + 1400000 WHERE hour = "
                + "(SELECT min(hour) FROM health) AND source = 0")
        let difference = try #require(found.differences.first)
        #expect(found.kinds == [.modelHealth] && difference.time == Self.eight && difference.size == 3_400_000)
        #expect(difference.id("workstation_id") == "S1" && difference.id("camera_id") == "C1")
        #expect(difference.id("model_version") == "m1" && difference.members.map(\.name).contains("samples"))
    }

    @Test("ledger, newest times, arrivals and quarantined events (SPEC 7.4, 5.8, 2.7)")
    func others() throws {
        let ledger = try compare("UPDATE site SET duplicates = duplicates + 2")
        #expect(ledger.kinds == [.ledger])
        #expect(ledger.differences.first?.member("duplicates") == .init("duplicates", .integer(0), .integer(2)))
        let newest = try compare("UPDATE site SET newest_event = newest_event + 1, ttl = 60000000")
        #expect(newest.kinds == [.site])
        #expect(newest.of(.site).first?.members.map(\.name) == ["observation_ttl_us", "newest_event_time"])
        #expect(try compare("UPDATE arrival SET winners = winners + 1").kinds == [.arrival])
        let quarantined = try compare("UPDATE quarantined SET camera = x'4343'")
        #expect(quarantined.kinds == [.quarantinedEvent])
        #expect(quarantined.differences.first?.id("worker_id") == "W9")
        #expect(
            quarantined.differences.first?.members == [.init("camera_id", nil, .id(Array("CC".utf8)))])
    }

    @Test("the last interval of a worker: state, station and what opened it (SPEC 4.4)")
    func openIntervals() throws {
        var records = Self.morning()
        guard case .events(var events, let createdAt) = records[1] else { return }
        events[5].workstation = "S2"
        records[1] = .events(events, createdAt: createdAt)
        try folder.fold(records, into: "new")
        let found = try folder.compare("live", "new")
        // Nothing is closed by it: only the event itself, where it counts as a sample, and what is open differ.
        #expect(found.kinds == [.event, .openInterval, .modelHealth, .workstationHour])
        let difference = try #require(found.of(.openInterval).first)
        #expect(difference.id("worker_id") == "W1" && difference.time == Self.minute(120))
        #expect(difference.members == [.init("workstation_id", .id(Array("S1".utf8)), .id(Array("S2".utf8)))])
        // The default ttl.
        #expect(difference.size == 8 * Microseconds.hour && found.differences.first == difference)
    }

    @Test("definitions, by version and by what they say (SPEC 3)")
    func definitions() throws {
        var records = Self.morning()
        guard case .definition(var definition, let createdAt) = records[0] else { return }
        definition.handoverMinutes = 20
        definition.workers.append(.init(workerID: "W5"))
        records[0] = .definition(definition, createdAt: createdAt)
        try folder.fold(records, into: "new")
        let found = try folder.compare("live", "new")
        let difference = try #require(found.of(.definition).first)
        #expect(difference.ids == [NamedValue("version", .integer(1))])
        #expect(difference.member("handover_minutes") == .init("handover_minutes", .integer(15), .integer(20)))
        #expect(difference.member("workers") == .init("workers", .text(""), .text("W5")))
        #expect(found.of(.worker).first?.id("worker_id") == "W5" && found.differences.first?.kind == .definition)
    }

    @Test("stays: whole hours of one long interval (DESIGN 1.7)")
    func stays() throws {
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.observationTTLSeconds = 0
        func event(_ minutes: Int64, _ type: EventType) -> SimulatedEvent {
            SimulatedEvent(time: Self.minute(minutes), worker: "W1", workstation: "S1", type: type)
        }
        try folder.fold(
            [
                .definition(definition, createdAt: Self.eight),
                .events([event(10, .working), event(30 * 60, .idle)], createdAt: Self.minute(40 * 60)),
            ], into: "long")
        try folder.copy("long", as: "shorter", ["UPDATE stay SET ending = ending - 2"])
        let found = try folder.compare("long", "shorter")
        let difference = try #require(found.differences.first)
        #expect(found.kinds == [.stay] && difference.id("worker_id") == "W1" && difference.time == Self.minute(60))
        #expect(difference.size == 2 * Microseconds.hour && difference.members.map(\.name) == ["to"])
        try folder.copy("long", as: "none", ["DELETE FROM stay"])
        #expect(try folder.compare("long", "none").differences.first?.size == 29 * Microseconds.hour)
    }

    @Test("the largest comes first, at most as many of a kind as are asked for, and every one is counted")
    func order() throws {
        let hour = Self.eight / Microseconds.hour
        let statements = [
            "UPDATE hour SET idle = idle + 1000000 WHERE kind = 0 AND entity = 0 AND hour = \(hour)",
            "UPDATE hour SET idle = idle + 3000000 WHERE kind = 0 AND entity = 1 AND hour = \(hour)",
            "UPDATE hour SET units = units + 1 WHERE kind = 0 AND entity = 0 AND hour = \(hour + 1)",
            "UPDATE hour SET idle = idle + 2000000 WHERE kind = 2 AND hour = \(hour)",
        ]
        try folder.copy("live", as: "wrong", statements)
        let found = try folder.compare("live", "wrong")
        #expect(found.differences.map(\.size) == [60_000_000, 3_000_000, 2_000_000, 1_000_000])
        let few = try folder.compare("live", "wrong", limit: 2)
        #expect(few.differences.map(\.size) == [60_000_000, 3_000_000, 2_000_000] && few.counts == found.counts)
        let none = try folder.compare("live", "wrong", limit: 0)
        #expect(none.differences.isEmpty && none.differentCount == 4 && !none.isEqual)
    }

    @Test("where an hour changed last counts too, and is smaller than anything that moves a figure")
    func notes() throws {
        let found = try compare("UPDATE hour SET changed = changed - 1 WHERE kind = 2")
        #expect(found.kinds == [.factoryHour] && found.differences.allSatisfy { $0.size == 1 })
        #expect(found.differences.first?.members.map(\.name) == ["changed_at"])
    }

    @Test("as JSON it names kinds, members, both values and the cause")
    func json() throws {
        try folder.fold(Self.morning(lateWorker: "W2"), into: "new")
        var writer = JSONWriter()
        try folder.compare("live", "new").write(to: &writer)
        let json = try #require(JSONValue(writer.bytes))
        #expect(json["is_equal"] == .bool(false) && json["position"] == .string("0:4"))
        #expect(json["counts"]?.items.count == DifferenceKind.allCases.count)
        let hour = json["differences"]?.items.first { $0["kind"] == .string("worker_hour") }
        #expect(hour?["time"] == .string("2026-01-12T09:00:00.000000Z") && hour?["site_id"] == .string("plant"))
        #expect(hour?["cause"]?["finding"] == .string("events"))
        let item = hour?["cause"]?["live"]?["items"]?.items.first
        #expect(item?["position"] != nil && item?["created_at"] != nil && item?["event_type"] != nil)
        #expect(hour?["members"]?.items.first?["before"] != nil)
    }
}
