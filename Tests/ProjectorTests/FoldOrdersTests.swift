// Layer: machine and differential. A fold that is told how far and what to read, against a fold of just these records.
import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("A fold beside the live one does as it is told", .timeLimit(.minutes(10)))
struct FoldOrdersTests {
    private static let partition = PartitionIndex(0)

    @Test(
        "it stops at its end, whatever a read holds, and goes on when the end moves (SPEC 7.3)",
        arguments: [1, 1 << 20])
    func end(readBytes: Int) throws {
        let plant = try FaultyPlant(events: 300)
        let orders = FoldOrders(end: LogOffset(3))
        let projector = try plant.projector {
            $0.orders = orders
            $0.limits.readBytes = readBytes
        }
        projector.start()
        for end: Int64 in [3, 7] {
            orders.stop(at: LogOffset(end))
            projector.wait(untilPassed: end - 1)
            #expect(projector.progress.nextOffset == LogOffset(end))
        }
        projector.stop()
        #expect(projector.progress.nextOffset == LogOffset(7))
        #expect(try plant.ledger() == MemoryFold(Array(plant.scenario.records.prefix(7))).site?.ledger)
    }

    @Test("a time selects by created_at wherever the record stands, and what is left out is passed (SPEC 7.3)")
    func time() throws {
        let plant = try FaultyPlant(events: 300)
        let records = plant.scenario.records
        let times = records.map(\.createdAt).sorted()
        let range = Timestamp(microseconds: times[times.count / 4])...Timestamp(microseconds: times[times.count / 2])
        let projector = try plant.projector { $0.orders = FoldOrders(selection: RecordSelection(createdAt: range)) }
        projector.start()
        projector.waitForEnd()
        projector.stop()
        let expected = records.filter { range.contains(Timestamp(microseconds: $0.createdAt)) }
        #expect(!expected.isEmpty && expected.count < records.count)
        #expect(try plant.ledger() == MemoryFold(expected).site?.ledger)
        #expect(projector.progress.nextOffset == LogOffset(Int64(records.count)))
    }

    @Test("of the sites that were not named nothing is folded (SPEC 7.3)")
    func sites() throws {
        let plant = try FaultyPlant(events: 60)
        var other = try #require(plant.scenario.records.first).logRecord()
        other.key = Array("other".utf8)
        _ = try plant.log.append([other])
        for sites in [[RandomScenario.siteID], [SiteID("else")]] as [Set<SiteID>] {
            let projector = try plant.projector { $0.orders = FoldOrders(selection: RecordSelection(sites: sites)) }
            projector.start()
            projector.waitForEnd()
            projector.stop()
            let expected = try sites.contains(RandomScenario.siteID) ? MemoryFold(plant.scenario.records).site : nil
            #expect(try plant.ledger() == expected?.ledger)
            try FileManager.default.removeItem(atPath: plant.storePath)
        }
    }

    @Test("at a rate it reads a tenth of a second's events at a time, whatever a read could hold")
    func ratedReads() throws {
        let plant = try FaultyPlant(events: 60)
        let projector = try plant.projector {
            $0.orders = FoldOrders(pace: .eventsPerSecond(100_000))
            $0.limits.readBytes = 1 << 20
        }
        projector.start()
        projector.waitForEnd()
        projector.stop()
        #expect(plant.log.readBytesMaximum == 100_000)
    }

    @Test("a paused fold reads nothing, and stops")
    func paused() throws {
        let plant = try FaultyPlant(events: 60)
        let orders = FoldOrders(pace: .paused)
        let projector = try plant.projector { $0.orders = orders }
        projector.start()
        projector.stop()
        #expect(projector.progress.nextOffset == .zero)
    }
}

@Suite("The pace of a fold beside the live one")
struct PacerTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(microseconds: milliseconds * 1000) }

    @Test("a rate holds on average, and nothing is made up for an idle second")
    func rate() {
        var pacer = Pacer(.eventsPerSecond(1000))
        #expect(pacer.wait(at: time(0), live: nil) == 0)
        pacer.read(events: 50, from: time(0), until: time(10), live: nil)
        #expect(pacer.wait(at: time(10), live: nil) == 40)
        pacer.read(events: 50, from: time(55), until: time(60), live: nil)
        #expect(pacer.wait(at: time(60), live: nil) == 45)
        pacer.read(events: 10, from: time(9000), until: time(9001), live: nil)
        #expect(pacer.wait(at: time(9001), live: nil) == 9)
        pacer.read(events: 1_000_000, from: time(9020), until: time(9021), live: nil)
        #expect(pacer.wait(at: time(9021), live: nil) == Pacer.waitMilliseconds)
    }

    @Test("a rate holds in a log that one read could hold", arguments: [100, 300, 1000])
    func ratedLog(rate: Int) throws {
        let scenario = RandomScenario(seed: 7, size: .init(events: 400))
        let log = InMemoryLog()
        for record in scenario.records { _ = try log.append([record.logRecord()]) }
        let partition = PartitionIndex(0)
        let orders = FoldOrders(pace: .eventsPerSecond(rate))
        let clock = LeapingClock()
        var (next, events, last, reads) = (LogOffset.zero, Int64(0), Int64(0), 0)
        var batch = EventBatch(siteID: SiteID(bytes: []))
        let begun = clock.uptime
        while try next < log.endOffset(partition) {
            guard orders.mayRead(at: next, clock) else { continue }
            let (start, before) = (clock.uptime, events)
            next = try log.read(partition, from: next, byteLimit: orders.byteLimit(1 << 20)) { record in
                if case .events = try RecordCodec.decode(record.payload, into: &batch) { events += Int64(batch.count) }
            }
            (last, reads) = (events - before, reads + 1)
            orders.note(events: last, from: start, until: clock.uptime)
        }
        let microseconds = clock.uptime - begun
        #expect(reads > 1 && events > last)
        #expect(microseconds >= (events - last) * 1_000_000 / Int64(rate))
        // It waits in portions of a tenth of a second at most.
        #expect(microseconds <= events * 1_000_000 / Int64(rate) + 100_000)
    }

    @Test("at auto it takes a tenth of the time while the live fold has work, all of it while that is idle")
    func auto() {
        var pacer = Pacer(.auto)
        let busy = LiveLoad(lagRecords: 1, events: 10)
        pacer.read(events: 50, from: time(0), until: time(10), live: busy)
        #expect(pacer.wait(at: time(10), live: busy) == 90)
        pacer.read(events: 50, from: time(100), until: time(110), live: busy)
        #expect(pacer.wait(at: time(110), live: busy) == 0)
    }

    @Test("at auto it waits while the live fold is behind; a paused one always does, an unlimited one never")
    func behind() {
        let behind = LiveLoad(lagRecords: Pacer.lagRecordsMaximum + 1, events: 10)
        #expect(Pacer(.auto).wait(at: time(0), live: behind) == Pacer.waitMilliseconds)
        #expect(Pacer(.paused).wait(at: time(0), live: nil) == Pacer.waitMilliseconds)
        #expect(Pacer(.unlimited).wait(at: time(0), live: behind) == 0)
    }

    @Test("a new pace holds at once")
    func change() {
        var pacer = Pacer(.eventsPerSecond(1))
        pacer.read(events: 50, from: time(0), until: time(10), live: nil)
        pacer.set(.eventsPerSecond(10))
        #expect(pacer.wait(at: time(10), live: nil) == 0)
    }
}

/// A clock that is at the deadline at once when somebody waits for it.
private final class LeapingClock: ProcessClock {
    private let time = Guarded(MonotonicTime(microseconds: 1_000_000_000))

    var now: Timestamp { Timestamp(microseconds: uptime.microseconds) }
    var uptime: MonotonicTime { time.withLock { $0 } }

    func wait<State, Result>(
        for monitor: Monitor<State>, until deadline: MonotonicTime, _ body: (inout State) -> Result?
    ) -> Result? {
        time.withLock { $0 = max($0, deadline) }
        return monitor.withLock { body(&$0) }
    }
}

extension Projector {
    /// Blocks until the fold has passed an offset.
    fileprivate func wait(untilPassed offset: Int64) {
        let passed = DispatchSemaphore(value: 0)
        whenPassed(LogOffset(offset), timeoutMilliseconds: 60_000) { _ in passed.signal() }
        passed.wait()
    }
}
