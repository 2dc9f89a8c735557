// Layer: machine. What answers say where time was set back, or the clock is in doubt (SPEC 2.9, 5.8).
import Clocks
import EventModel
import SimulationKit
import Testing

@testable import Query

@Suite("Answers about disputed times") struct ClockDisputeTests {
    private static let factory = "/api/metrics/factory"

    /// A worker's day, and one batch that a clock 900 hours ahead stamped before it was set back to hour 24.
    private func disputed() throws -> Plant {
        let plant = try referenceDay(now: at(25))
        try plant.send([event(at(17), .productCount, count: 7)], known: at(924))
        try plant.source.fold(
            .clockSetBack(
                ClockSetBack(
                    createdAt: Timestamp(microseconds: at(24)), newestCreatedAt: Timestamp(microseconds: at(924)),
                    reason: .synchronised)))
        return plant
    }

    private func span(_ answer: Answer) -> [JSONText?]? {
        answer.meta?["clock_disputed"].map { [$0["from"], $0["to"]] }
    }

    @Test("an answer names the disputed time that its known_at, or the clock, lies in, and no other (SPEC 2.9, 5.8)")
    func named() throws {
        let plant = try disputed()
        let expected: [JSONText?] = [.string(text(at(24))), .string(text(at(924)))]
        #expect(span(try plant.ask(Self.factory, at(0), at(24))) == expected)
        #expect(span(try plant.ask(Self.factory, at(0), at(24), known: at(24))) == expected)
        #expect(span(try plant.ask(Self.factory, at(0), at(24), known: at(24) - 1)) == nil)
        plant.now = at(1000)
        #expect(span(try plant.ask(Self.factory, at(0), at(24), known: at(924) - 1)) == expected)
        #expect(span(try plant.ask(Self.factory, at(0), at(24), known: at(924))) == nil)
        #expect(span(try plant.ask(Self.factory, at(0), at(24))) == nil)
    }

    @Test("known_at sees records by created_at alone, also between the true time and a stamp ahead of it (SPEC 7.2)")
    func knownAt() throws {
        let plant = try disputed()
        try plant.send([event(at(18), .productCount, count: 2)], known: at(24.5))
        func units(_ known: Double?) throws -> JSONText? {
            try plant.ask(Self.factory, at(0), at(24), known: known.map { at($0) }).json["total_production_count"]
        }
        let before = try units(24.25)
        #expect(try units(24.5) != before && units(nil) != units(24.5))
        plant.now = at(925)
        #expect(try units(923.5) == units(24.5) && units(924) == units(nil))
    }

    @Test("an event stamped ahead loses to its honest repetition, which carries the smaller created_at (SPEC 2.6, 2.9)")
    func duplicates() throws {
        let plant = try disputed()
        try plant.send([event(at(17), .productCount, count: 9)], known: at(24.5))
        let ledger = try plant.ask("/api/ledger").json
        #expect(ledger["duplicates"] == .number("1"))
        let known = try plant.ask(Self.factory, at(0), at(24), known: at(24.75))
        #expect(known.json["total_production_count"] == .number("14"), "5 of the day and the 9 that are known now")
    }

    @Test("freshness is never negative: what is stamped ahead of the clock is as fresh as can be (SPEC 5.8)")
    func freshness() throws {
        let plant = try disputed()
        let meta = try plant.ask(Self.factory, at(0), at(24)).meta
        #expect(meta?["freshness_seconds"] == .number("0"))
        #expect(meta?["newest_created_at"] == .string(text(at(924))))
    }

    private func isSettled(_ plant: Plant, _ known: Int64) throws -> Bool {
        try plant.ask(Self.factory, at(0), at(24), known: known).meta?["settled"] == .bool(true)
    }

    @Test("settled counts from what is certain, not from a clock that has jumped ahead (SPEC 2.9, 5.8)")
    func certain() throws {
        let plant = try referenceDay(now: at(25))
        var watch = ClockWatch(ClockReading(wall: Timestamp(microseconds: at(25)), elapsed: .init(microseconds: 1)))
        func set(_ hours: Double) {
            plant.now = at(hours)
            _ = watch.observe(
                ClockReading(wall: Timestamp(microseconds: plant.now), elapsed: .init(microseconds: 60_000_001)))
            plant.answers(by: AnswerClock(watch.certain))
        }
        set(900)
        #expect(try isSettled(plant, at(25)), "a minute has passed for certain")
        #expect(try !isSettled(plant, at(30)), "the clock says that this is long ago")
        watch.accept(by: [])
        plant.answers(by: AnswerClock(watch.certain))
        #expect(try !isSettled(plant, at(30)), "what was stamped before the jump may still come")
        set(25.5)
        #expect(try isSettled(plant, at(25)))
        #expect(try !isSettled(plant, at(25.5) - 1))
    }

    @Test("what was seen while the clock was ahead settles nothing once it is set right (SPEC 2.9, 5.8)")
    func eras() throws {
        let plant = try referenceDay(now: at(900))
        var watch = ClockWatch(ClockReading(wall: Timestamp(microseconds: at(900)), elapsed: .init(microseconds: 1)))
        plant.answers(by: AnswerClock(watch.certain))
        #expect(try isSettled(plant, at(30)), "nothing tells that the clock is ahead")
        plant.now = at(30)
        _ = watch.observe(ClockReading(wall: Timestamp(microseconds: at(30)), elapsed: .init(microseconds: 2)))
        plant.answers(by: AnswerClock(watch.certain))
        #expect(try !isSettled(plant, at(30) - 1))
        #expect(try isSettled(plant, at(29)))
    }

    @Test("settled counts by the slowest gateway's clock (SPEC 5.8)")
    func slowGateway() throws {
        let plant = try referenceDay(now: at(25))
        let lag = 600 * Microseconds.second
        plant.answers(by: AnswerClock(CertainTime(time: Timestamp(microseconds: at(25))), gatewayLag: lag))
        let limit = at(25) - lag - SettlementWatch.delayMicroseconds
        #expect(try isSettled(plant, limit - 1) && !isSettled(plant, limit))
    }

    @Test("the ETag of an answer changes where its known_at becomes disputed (SPEC 8.8)")
    func entityTag() throws {
        let plant = try referenceDay(now: at(25))
        let before = try plant.ask(Self.factory, at(0), at(24), known: at(24.5)).header("ETag")
        try plant.source.fold(
            .clockSetBack(
                ClockSetBack(
                    createdAt: Timestamp(microseconds: at(24)), newestCreatedAt: Timestamp(microseconds: at(924)),
                    reason: .synchronised)))
        let after = try plant.ask(Self.factory, at(0), at(24), known: at(24.5)).header("ETag")
        #expect(before != nil && after != nil && before != after)
    }
}
