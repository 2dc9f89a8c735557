import EventModel
import SimulationKit
import Testing

@testable import Query

@Suite("What answers say about themselves (SPEC 5.8, 8.3)") struct FreshnessTests {
    private static let factory = "/api/metrics/factory"

    private func isSettled(_ plant: Plant, _ known: Int64) throws -> Bool {
        try plant.ask(Self.factory, [("known_at", text(known))]).meta?["settled"] == .bool(true)
    }

    @Test("settled: known_at more than 40 s ago, and the fold level with the log since then")
    func settled() throws {
        let plant = try referenceDay()
        #expect(try !isSettled(plant, plant.now - 40 * Microseconds.second))
        #expect(try isSettled(plant, plant.now - 40 * Microseconds.second - 1))
        #expect(try plant.ask(Self.factory, at(8), at(16)).meta?["settled"] == .bool(false), "only known_at settles")
    }

    @Test("a fold that is behind settles nothing until it has passed the end that was seen")
    func behind() throws {
        let plant = try referenceDay()
        let known = plant.now - 41 * Microseconds.second
        plant.source.setLogEnd(3)
        #expect(try !isSettled(plant, known))
        // The log grows as fast as the fold, which has passed the end that was seen first.
        try plant.send([event(at(17), .idle)])
        plant.source.setLogEnd(9)
        plant.now += Microseconds.second
        #expect(try isSettled(plant, known))
        #expect(try !isSettled(plant, known + 2 * Microseconds.second), "that end was seen a second earlier")
    }

    private func newest(_ plant: Plant, known: Int64? = nil) throws -> [JSONText?] {
        let meta = try plant.ask(Self.factory, at(8), at(16), known: known).meta
        return [meta?["newest_event_time"], meta?["newest_created_at"], meta?["freshness_seconds"]]
    }

    @Test("freshness is the clock less the newest created_at of the site's accepted and low-confidence events")
    func freshness() throws {
        let plant = try referenceDay()
        plant.now = at(24) + 500
        #expect(try newest(plant) == [.string(text(at(15.5))), .string(text(at(24))), .number("0.001")])
        // An earlier created_at, a definition and a quarantined event make nothing fresh.
        try plant.send([event(at(17), .idle)], known: at(23))
        plant.now = at(26)
        try plant.send([event(at(25), .idle, mark: .timestampInFuture)], known: at(25))
        try plant.define(.plant(workers: ["W1", "W2"]), known: at(25))
        #expect(try newest(plant) == [.string(text(at(17))), .string(text(at(24))), .number("7200")])
        // A low-confidence event does: the camera is alive.
        try plant.send([event(at(24.5), .idle, confidence: 1, mark: .lowConfidence)], known: at(25))
        #expect(try newest(plant) == [.string(text(at(24.5))), .string(text(at(25))), .number("3600")])
        // What was sent again is no event of its own.
        try plant.send([event(at(17), .idle)], known: at(25.5))
        #expect(try newest(plant)[1] == .string(text(at(25))))
    }

    @Test("without events nothing is fresh or stale: null, also where the question knows none yet")
    func withoutEvents() throws {
        let plant = Plant()
        try plant.define(.plant())
        #expect(try newest(plant) == [.null, .null, .null])
        try plant.send([event(at(8), .working)], known: at(9))
        #expect(try newest(plant, known: at(8.5)) == [.null, .null, .null])
        #expect(try newest(plant, known: at(9))[1] == .string(text(at(9))))
    }

    @Test("with known_at the newest events are those that were known then, committed or not", arguments: [true, false])
    func newestKnown(_ commits: Bool) throws {
        let plant = Plant()
        try plant.define(.plant())
        // The newest event time became known first.
        for (time, known) in [(7.0, 8.0), (6, 8.5), (8.75, 9), (5, 11)] {
            try plant.send([event(at(time), .working)], known: at(known), commits: commits)
        }
        func expect(_ known: Double, _ event: Double, _ created: Double) throws {
            let found = try newest(plant, known: at(known))
            #expect(found[0] == .string(text(at(event))) && found[1] == .string(text(at(created))), "known \(known)")
        }
        try expect(8, 7, 8)
        try expect(8.6, 7, 8.5)
        try expect(10, 8.75, 9)
        try expect(12, 8.75, 11)
    }

    @Test("a winner that loses its place to one known earlier no longer counts", arguments: [true, false])
    func displaced(_ commits: Bool) throws {
        let plant = Plant()
        try plant.define(.plant())
        try plant.send([event(at(7), .working)], known: at(8), commits: commits)
        try plant.send([event(at(9), .idle)], known: at(12), commits: commits)
        #expect(try newest(plant)[1] == .string(text(at(12))))
        // Another gateway has it from an earlier request, which came later into the log.
        try plant.send([event(at(9), .idle)], known: at(10), commits: false)
        #expect(try newest(plant)[0...1] == [.string(text(at(9))), .string(text(at(10)))])
        try plant.send([event(at(6), .idle)], known: at(9), commits: true)
        #expect(try newest(plant)[0...1] == [.string(text(at(9))), .string(text(at(10)))])
    }

    @Test("what other sites of the partition send shows in no answer: positions, freshness and ETag are the site's own")
    func otherSites() throws {
        let plant = try referenceDay()
        let window = [(name: "from", value: text(at(8))), (name: "to", value: text(at(16)))]
        let before = try plant.ask(Self.factory, window)
        var other = event(at(30), .working)
        other.site = "other"
        try plant.source.fold(.events(EventBatch([other], createdAt: at(31))))
        let after = try plant.ask(Self.factory, window)
        #expect(after.response.body == before.response.body && after.header("ETag") == before.header("ETag"))
        #expect(after.meta?["positions"]?["0"] == .number("2"))
        try plant.send([event(at(17), .idle)])
        #expect(try plant.ask(Self.factory, window).meta?["positions"]?["0"] == .number("4"))
    }

    @Test("min_position waits until the fold has passed it (read your own writes)")
    func minPosition() throws {
        let plant = try referenceDay()
        #expect(try plant.ask("/api/ledger", [("min_position", "0:1")]).status == 200)
        let waiting = try plant.start("/api/ledger", [("min_position", "0:2")])
        #expect(!waiting.isAnswered && plant.source.waiterCount == 1)
        try plant.send([event(at(17), .idle)])
        let answer = try JSONText(waiting.wait().body)
        #expect(answer["received"] == .number("8") && answer["meta"]?["positions"]?["0"] == .number("3"))
    }

    @Test("min_position that is not reached in 5 s is a 503 with Retry-After")
    func minPositionTimeout() throws {
        let plant = try referenceDay()
        let waiting = try plant.start("/api/ledger", [("min_position", "0:2")])
        plant.source.timeOut()
        let response = try waiting.wait()
        #expect(response.status == 503 && response.headers.contains { $0.name == "Retry-After" })
    }

    @Test("as many questions wait for the fold as the limit says, and no more")
    func waitingMaximum() throws {
        let plant = try referenceDay()
        var waiting: [Recorder] = []
        for _ in 0..<QueryService.waitingMaximum {
            waiting.append(try plant.start("/api/ledger", [("min_position", "0:2")]))
        }
        #expect(plant.source.waiterCount == QueryService.waitingMaximum)
        #expect(try plant.ask("/api/ledger", [("min_position", "0:2")]).status == 503)
        #expect(try plant.ask("/api/ledger").status == 200, "who does not wait is answered")
        plant.source.timeOut()
        for recorder in waiting { #expect(try recorder.wait().status == 503) }
        let again = try plant.start("/api/ledger", [("min_position", "0:2")])
        #expect(plant.source.waiterCount == 1, "the places are free again")
        plant.source.timeOut()
        _ = try again.wait()
    }

    @Test("a site that the registry knows and the fold does not yet is waited for, then 503; never 404")
    func unseen() throws {
        let plant = Plant()
        plant.register(.plant())
        #expect(try plant.ask(Self.factory).status == 503)
        plant.source.setLogEnd(1)
        let waiting = try plant.start(Self.factory)
        plant.source.awaitWaiter()
        try plant.define(.plant())
        #expect(try waiting.wait().status == 200)
    }

    @Test("a definition appended after the end was seen is waited for as the next record")
    func unseenWithAgedEnd() throws {
        let plant = Plant()
        plant.register(.plant())
        plant.source.setLogEnd(nil, age: Microseconds.minute)
        let waiting = try plant.start(Self.factory)
        plant.source.awaitWaiter()
        try plant.define(.plant())
        #expect(try waiting.wait().status == 200)
        plant.register(SiteDefinition(siteID: "other"))
        let other = try plant.start(Self.factory, [("site_id", "other")])
        plant.source.awaitWaiter()
        plant.source.timeOut()
        #expect(try other.wait().status == 503)
    }

    @Test("while hours are derived again, answers are the same and say so (DESIGN 1.7)")
    func rederiving() throws {
        let plant = try referenceDay()
        let before = try plant.ask("/api/metrics/workers", at(8), at(16))
        try plant.define(.plant(ttl: 31_622_400, zone: "Asia/Kolkata") { $0.workers[0].name = "Ana" }, known: at(25))
        let during = try plant.ask("/api/metrics/workers", at(8), at(16))
        #expect(during.meta?["rederiving"] == .bool(true) && during.items == before.items)
        try plant.source.rederive()
        let after = try plant.ask("/api/metrics/workers", at(8), at(16))
        #expect(after.meta?["rederiving"] == nil && after.items == before.items)
    }

    @Test(
        "ETag only where E does not depend on the clock, and weak: freshness does (SPEC 8.8); If-None-Match answers 304"
    )
    func entityTags() throws {
        let plant = try referenceDay()
        let window = [(name: "from", value: text(at(8))), (name: "to", value: text(at(16)))]
        let answer = try plant.ask(Self.factory, window)
        let tag = try #require(answer.header("ETag"))
        #expect(tag.hasPrefix("W/\"") && tag.hasSuffix("\""))
        for header in [tag, "\"x\", \(tag)", String(tag.dropFirst(2)), "*"] {
            let same = try plant.ask(Self.factory, window, headers: ["If-None-Match": header])
            #expect(same.status == 304 && same.response.body.isEmpty && same.header("ETag") == tag)
        }
        #expect(try plant.ask(Self.factory, window, headers: ["If-None-Match": "\"x\""]).status == 200)
        // An hour later the answer is older, and the same otherwise.
        let fresh = answer.meta?["freshness_seconds"]
        plant.now += Microseconds.hour
        let later = try plant.ask(Self.factory, window)
        #expect(later.header("ETag") == tag && later.meta?["freshness_seconds"] != fresh)
        // Another question, another answer, another route: another tag.
        #expect(try plant.ask(Self.factory, at(8), at(15)).header("ETag") != tag)
        #expect(try plant.ask("/api/metrics/workers", window).header("ETag") != tag)
        try plant.send([event(at(17), .idle)])
        #expect(try plant.ask(Self.factory, window).header("ETag") != tag)
        // Answers that the clock changes.
        #expect(try plant.ask(Self.factory).header("ETag") == nil)
        #expect(try plant.ask(Self.factory, [("to", text(plant.now + 1))]).header("ETag") == nil)
        #expect(try plant.ask("/api/metrics/model-health").header("ETag") == nil)
        #expect(try plant.ask(Self.factory, [("to", text(plant.now))]).header("ETag") != nil)
        #expect(try plant.ask(Self.factory, [("known_at", text(at(24)))]).header("ETag") != nil)
        #expect(try plant.ask("/api/metrics/model-health", [("known_at", text(at(24)))]).header("ETag") != nil)
    }

    @Test("a new name in the registry changes the tag of lists that show it")
    func namesInTags() throws {
        let plant = try referenceDay()
        let tag = try plant.ask("/api/metrics/workers", at(8), at(16)).header("ETag")
        #expect(try plant.ask("/api/metrics/workers", at(8), at(16)).header("ETag") == tag)
        plant.register(.plant { $0.workers[0].name = "Bea" })
        #expect(try plant.ask("/api/metrics/workers", at(8), at(16)).header("ETag") != tag)
    }
}
