// Layer: machine and routes. What a gateway does whose clock was set wrong, or was wrong before (SPEC 2.9).
import Access
import Clocks
import EventLog
import EventModel
import HTTPServer
import Locks
import Observability
import Sites
import TestKit
import Testing

@testable import Gateway

@Suite("A gateway and its clock", .timeLimit(.minutes(10)))
final class WatchedClockTests {
    private static let halfYear: Int64 = 182 * Microseconds.day
    private let partition = PartitionIndex(0)

    private func move(_ clock: ManualClock, by microseconds: Int64) { clock.set(clock.now + microseconds) }

    private func batch(_ harness: GatewayHarness, _ number: Int) -> HTTPResponse {
        harness.batch([eventJSON(["timestamp": "\"2026-01-12T08:00:\(10 + number)Z\""])])
    }

    private func clockRecords(_ harness: GatewayHarness) throws -> [ClockSetBack] {
        try harness.records().compactMap { if case .clockSetBack(let record) = $0 { record } else { nil } }
    }

    private func created(_ response: HTTPResponse) -> String? { response["created_at"] }

    /// A gateway that stamped one batch with a clock half a year ahead, which was set right then.
    private func afterHalfAYearAhead() throws -> GatewayHarness {
        let harness = try GatewayHarness()
        try harness.define()
        move(harness.clock, by: Self.halfYear)
        #expect(batch(harness, 0).status == 200)
        move(harness.clock, by: -Self.halfYear)
        return harness
    }

    @Test(
        "a batch half a year ahead, then the right time: nothing is admitted until somebody says which is right (SPEC 2.9)"
    )
    func refusal() throws {
        let harness = try afterHalfAYearAhead()
        let refused = batch(harness, 1)
        #expect(refused.status == 503 && refused.header("Retry-After") == "10")
        #expect(refused.text.contains("182 days behind the newest record of partition 0"))
        #expect(refused.text.contains("andon clock accept"))
        var definition = makeDefinition()
        definition.name = "other"
        #expect(harness.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(definition)).status == 503)
        let ready = harness.send(.get, "/readyz", key: "")
        #expect(ready.status == 503 && ready.text.contains("events are not admitted"))
        #expect(try harness.batches().count == 1)
        #expect(harness.events.withLock { $0.count { $0.name == "clock_refused" } } == 1)
    }

    @Test("an operator confirms the clock: events are admitted by the true time, and the log says so once (SPEC 2.9)")
    func confirmed() throws {
        let harness = try afterHalfAYearAhead()
        #expect(batch(harness, 1).status == 503)
        let before = harness.clock.now
        let answer = harness.send(.post, "/api/admin/clock/accept")
        #expect(answer.status == 200 && answer["synchronisation"] == "unsynchronised")
        let admitted = batch(harness, 1)
        #expect(admitted.status == 200 && created(admitted) == before.formatted)
        #expect(batch(harness, 2).status == 200)
        let records = try clockRecords(harness)
        #expect(records.count == 1)
        #expect(records[0].createdAt == before && records[0].newestCreatedAt == before + Self.halfYear)
        #expect(records[0].reason == .confirmed && !records[0].confirmedBy.isEmpty)
        #expect(harness.send(.get, "/readyz", key: "").text == #"{"status":"ok"}"#)
        #expect(harness.events.withLock { $0.contains { $0.name == "clock_set_back" } })
    }

    @Test("where the kernel calls the clock synchronised, time is set back without a word of anybody (SPEC 2.9)")
    func synchronised() throws {
        let harness = try afterHalfAYearAhead()
        harness.clock.set(.synchronised)
        let admitted = batch(harness, 1)
        #expect(admitted.status == 200 && created(admitted) == harness.clock.now.formatted)
        #expect(try clockRecords(harness).map(\.reason) == [.synchronised])
    }

    @Test(
        "events of tomorrow are refused again once time is set back: the future is judged by the true time (SPEC 2.3, 2.9)"
    )
    func future() throws {
        let harness = try afterHalfAYearAhead()
        let tomorrow = eventJSON(["timestamp": "\"2026-01-13T12:00:00Z\""])
        harness.clock.set(.synchronised)
        #expect(harness.batch([tomorrow]).text.contains("timestamp_in_future"))
    }

    @Test("a start reads from the log that time was set back, and goes on with the true time (SPEC 2.9)")
    func restart() throws {
        let first = try afterHalfAYearAhead()
        let second = try GatewayHarness(log: first.log, clock: first.clock, folder: first.folder)
        #expect(batch(second, 1).status == 503, "it was not set back yet")
        first.clock.set(.synchronised)
        #expect(batch(second, 1).status == 200)
        first.clock.set(.unsynchronised)
        let third = try GatewayHarness(log: first.log, clock: first.clock, folder: first.folder)
        #expect(batch(third, 2).status == 200)
        #expect(try clockRecords(third).count == 1)
    }

    @Test("a clock up to 30 s behind keeps the newest time: degraded, and ready (SPEC 2.9)")
    func slightlyBehind() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let first = try #require(created(batch(harness, 0)))
        move(harness.clock, by: -30 * Microseconds.second)
        #expect(created(batch(harness, 1)) == first)
        let ready = harness.send(.get, "/readyz", key: "")
        #expect(ready.status == 200 && ready.text.contains("30 s behind the newest record of partition 0"))
        move(harness.clock, by: 30 * Microseconds.second)
        #expect(harness.send(.get, "/readyz", key: "").text == #"{"status":"ok"}"#)
        #expect(try clockRecords(harness).isEmpty)
    }

    @Test("a clock that goes back while nothing is admitted is no less wrong: what was settled stays (SPEC 2.9, 5.8)")
    func idle() throws {
        let harness = try GatewayHarness()
        try harness.define()
        harness.clock.advance(milliseconds: 3_600_000)
        #expect(harness.gateway.watchedClock.certain.time == harness.clock.now)
        move(harness.clock, by: -20 * Microseconds.minute)
        #expect(batch(harness, 0).status == 503)
        move(harness.clock, by: 20 * Microseconds.minute)
        #expect(batch(harness, 0).status == 200)
    }

    @Test("a jump forward is said, and admits (SPEC 2.9)")
    func forward() throws {
        let harness = try GatewayHarness()
        try harness.define()
        move(harness.clock, by: 20 * Microseconds.minute)
        #expect(batch(harness, 0).status == 200)
        let ready = harness.send(.get, "/readyz", key: "")
        #expect(ready.status == 200 && ready.text.contains("jumped forward by 20 min 0 s"))
        #expect(harness.send(.get, "/api/admin/clock")["jump_seconds"] == "1200.000000")
        #expect(harness.send(.post, "/api/admin/clock/accept").status == 200)
        #expect(harness.send(.get, "/readyz", key: "").text == #"{"status":"ok"}"#)
    }

    @Test("a set-back record that the log did not take sets nothing back, and comes again (SPEC 2.5, 2.9)")
    func failedAppend() throws {
        let harness = try afterHalfAYearAhead()
        harness.log.failNextAppends(1)
        harness.clock.set(.synchronised)
        #expect(batch(harness, 1).status == 503)
        #expect(try clockRecords(harness).isEmpty)
        #expect(created(batch(harness, 1)) == harness.clock.now.formatted)
        #expect(try clockRecords(harness).count == 1)
    }

    @Test("only an admin for all sites confirms the clock, and each try is audited (SPEC 8.2)")
    func permission() throws {
        let audited = Guarded<[String]>([])
        let harness = try GatewayHarness(audit: { record in
            audited.withLock { $0.append(record.action + " " + record.result) }
        })
        let bound = try harness.key(.admin, sites: ["plant"])
        #expect(harness.send(.post, "/api/admin/clock/accept", key: bound).status == 403)
        #expect(harness.send(.post, "/api/admin/clock/accept", key: try harness.key(.operator)).status == 403)
        #expect(harness.send(.post, "/api/admin/clock/accept").status == 200)
        #expect(
            audited.withLock { $0 }.map { $0.prefix(20) } == [
                "accept_clock refused", "accept_clock refused", "accept_clock accepte",
            ])
    }

    @Test(
        "what another gateway stamped ahead counts as well, and for a minute not again once it was set back (SPEC 2.9)")
    func foreign() {
        let host = ManualClock.atNoon
        let watched = WatchedClock(host, partitionCount: 2)
        watched.note(host.now, of: partition)
        watched.noteForeign(host.now + 31 * Microseconds.second, of: partition)
        #expect(watched.decide(partition).verdict == .refuse)
        #expect(watched.decide(PartitionIndex(1)).verdict == .stamp, "the other partition is as it was")
        watched.note(host.now + Self.halfYear, of: PartitionIndex(1))
        #expect(watched.ownStamps == [partition: host.now], "what it refuses to go on with it does not pass on")
        watched.note(host.now, of: PartitionIndex(1))
        watched.noteForeign(host.now + 20 * Microseconds.second, of: partition)
        #expect(watched.decide(partition).time == host.now + 20 * Microseconds.second)
        watched.noteForeign(host.now + Self.halfYear, of: partition)
        watched.accept(by: "key")
        #expect(watched.tick() == [partition])
        watched.note(host.now, of: partition, isSetBack: true)
        watched.noteForeign(host.now + Self.halfYear, of: partition)
        #expect(watched.decide(partition).verdict == .stamp)
        #expect(watched.ownStamps == [partition: host.now, PartitionIndex(1): host.now])
        #expect(watched.setBackAt(partition) == host.elapsed && watched.setBackAt(PartitionIndex(1)) == nil)
        host.advance(milliseconds: 60_000)
        watched.noteForeign(host.now + Self.halfYear, of: partition)
        #expect(watched.tick() == [partition])
    }

    @Test("a start whose log says that time was set back takes nothing over that others said before (SPEC 2.9)")
    func startAfterSetBack() {
        let host = ManualClock.atNoon
        let watched = WatchedClock(host, partitionCount: 2)
        watched.begin(host.now, of: partition, isSetBack: true)
        watched.begin(host.now, of: PartitionIndex(1), isSetBack: false)
        #expect(watched.setBackAt(partition) == host.elapsed && watched.setBackAt(PartitionIndex(1)) == nil)
        #expect(watched.decide(partition).verdict == .stamp && watched.setBackAt(PartitionIndex(7)) == nil)
        // Whoever stamps ahead now is believed at once.
        watched.noteForeign(host.now + 31 * Microseconds.second, of: partition)
        #expect(watched.decide(partition).verdict == .refuse)
    }
}
