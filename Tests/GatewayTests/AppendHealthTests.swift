import Clocks
import EventLog
import EventModel
import HTTPServer
import Testing

@testable import Gateway

@Suite("Whether the log takes what is admitted (SPEC 8.2)")
struct AppendHealthTests {
    private let clock = ManualClock.atNoon
    private let log = WrappedLog(InMemoryLog(partitionCount: 4))
    private let health: AppendHealth
    private static let full = LogError(.unavailable, "the disk is full", hint: "make room")

    init() { health = AppendHealth(log, clock) }

    @Test("a partition fails from the first failed append to the next that succeeds, and the reason says since when")
    func appends() {
        #expect(health.reasons.isEmpty)
        health.note(PartitionIndex(2), Self.full)
        clock.advance(seconds: 10)
        health.note(PartitionIndex(1), Self.full)
        #expect(
            health.reasons == [
                ReadinessReason(
                    .failing,
                    "the log takes nothing in partitions 1, 2 since 2026-01-12T12:00:00.000000Z: the disk is full; make room"
                )
            ])
        health.note(PartitionIndex(1), nil)
        #expect(health.reasons.map(\.text).allSatisfy { $0.contains("in partition 2 since") })
        health.note(PartitionIndex(2), nil)
        #expect(health.reasons.isEmpty)
    }

    @Test("where nothing follows a failed append, it is given another chance after half a minute")
    func anotherChance() {
        health.note(PartitionIndex(0), Self.full)
        clock.advance(seconds: 29)
        #expect(health.reasons.count == 1)
        clock.advance(seconds: 2)
        #expect(health.reasons.isEmpty)
        health.note(PartitionIndex(0), Self.full)
        #expect(health.reasons.count == 1)
    }

    @Test("what the log says of itself counts without any append, for as long as it says so")
    func asked() {
        log.troubles.withLock { $0 = [PartitionIndex(3): LogError(.unavailable, "no leader")] }
        health.ask()
        #expect(health.reasons.map(\.effect) == [.failing])
        clock.advance(seconds: 60)
        health.ask()
        #expect(health.reasons.first?.text.contains("in partition 3 since 2026-01-12T12:00:00") == true)
        log.troubles.withLock { $0 = [:] }
        health.ask()
        #expect(health.reasons.isEmpty)
    }

    @Test("a gateway whose appends fail is not ready, and is ready again with the next that succeeds")
    func gateway() throws {
        let harness = try GatewayHarness()
        try harness.define()
        #expect(harness.gateway.reasons.isEmpty)
        harness.log.failNextAppends(1, with: Self.full)
        #expect(harness.batch([eventJSON()]).status == 503)
        #expect(
            harness.gateway.reasons.map(\.text) == [
                "the log takes nothing since 2026-01-12T12:00:00.000000Z: the disk is full; make room"
            ])
        #expect(harness.batch([eventJSON()]).status == 200)
        #expect(harness.gateway.reasons.isEmpty)
    }
}
