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

    @Test("freshness is the clock less the newest created_at folded, whatever the question knows")
    func freshness() throws {
        let plant = try referenceDay()
        plant.now = at(24) + 500
        #expect(try plant.ask("/api/ledger").meta?["freshness_seconds"] == .number("0.001"))
        try plant.send([event(at(17), .idle)], known: at(23))
        #expect(try plant.ask("/api/ledger").meta?["freshness_seconds"] == .number("0.001"))
        #expect(try plant.ask("/api/ledger").meta?["positions"]?["0"] == .number("3"))
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

    @Test("ETag only where E does not depend on the clock; If-None-Match answers 304 without a body")
    func entityTags() throws {
        let plant = try referenceDay()
        let window = [(name: "from", value: text(at(8))), (name: "to", value: text(at(16)))]
        let answer = try plant.ask(Self.factory, window)
        let tag = try #require(answer.header("ETag"))
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
        for header in [tag, "\"x\", W/\(tag)", "*"] {
            let same = try plant.ask(Self.factory, window, headers: ["If-None-Match": header])
            #expect(same.status == 304 && same.response.body.isEmpty && same.header("ETag") == tag)
        }
        #expect(try plant.ask(Self.factory, window, headers: ["If-None-Match": "\"x\""]).status == 200)
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
