// Layer: threads. A real projector and the publisher's own thread.
import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import Projector
import Testing

@testable import Publisher

@Suite("The publisher's thread beside a running fold", .timeLimit(.minutes(10)))
struct MetricPublisherTests {
    private func append(_ log: InMemoryLog, _ content: RecordContent, createdAt: Int64) throws {
        var payload: [UInt8] = []
        switch content {
        case .events(let batch): RecordCodec.encode(batch, into: &payload)
        case .definition(let record): RecordCodec.encode(record, into: &payload)
        case .clockSetBack(let record): RecordCodec.encode(record, into: &payload)
        }
        _ = try log.append([
            NewRecord(key: Stage.site.bytes, createdAt: Timestamp(microseconds: createdAt), payload: payload)
        ])
    }

    @Test("what is appended while it runs is published, by the fold's own committing, until it is stopped")
    func runs() throws {
        let stage = try Stage(now: at(12))
        stage.configuration.round = 20_000
        stage.configuration.retry = 20_000
        let log = InMemoryLog()
        let store = try ProjectionStore.open(
            path: stage.path("real.sqlite"), logEpoch: log.epoch.bytes, keepsFeed: true)
        var pace = ProjectorConfiguration()
        pace.limits.commitMilliseconds = 1
        let projector = try Projector(log: log, store: store, configuration: pace)
        projector.start()
        let publisher = try MetricPublisher(
            projector: projector, epoch: log.epoch, topics: stage.topics, names: stage.names,
            path: stage.path("real-published.sqlite"), configuration: stage.configuration,
            clock: HurriedClock(stage.clock))
        publisher.start()
        let seen = Monitor(0)
        let following = try stage.topics.follow(stage.names.factoryMetrics, nil, from: .beginning) { _ in
            seen.update { $0 += 1 }
        }
        for hour in Int64(6)..<9 {
            let before = seen.withLock { $0 }
            let events = [event(at(hour), .working), event(at(hour, 30), .idle, mark: .accepted)]
            try append(log, .events(events, createdAt: at(hour, 31)), createdAt: at(hour, 31))
            seen.wait { $0 > before ? () : nil }
        }
        publisher.stop()
        following.stop()
        projector.stop()
        #expect(publisher.isEnded)
        #expect(publisher.statistics.failed == 0)
        #expect(stage.newest(.factory).count >= 4)
        #expect(stage.reports.all == [])
    }

    @Test("it sends nothing while the partition is not held, and stopping it before it started does nothing")
    func ends() throws {
        let stage = try Stage(now: at(12))
        let log = InMemoryLog()
        let store = try ProjectionStore.open(
            path: stage.path("real.sqlite"), logEpoch: log.epoch.bytes, keepsFeed: true)
        let projector = try Projector(log: log, store: store)
        func make(_ name: String, holds: Bool) throws -> MetricPublisher {
            try MetricPublisher(
                projector: projector, epoch: log.epoch, topics: stage.topics, names: stage.names,
                path: stage.path(name), clock: stage.clock.process, isStillOwner: { holds })
        }
        let idle = try make("idle.sqlite", holds: true)
        idle.stop()
        #expect(!idle.isEnded)
        let lost = try make("lost.sqlite", holds: false)
        lost.start()
        lost.stop()
        #expect(lost.isEnded)
        #expect(stage.recordCount == 0)
    }
}

/// The stage's wall clock stands still but for this: each look at it is a millisecond later. Waits take real time.
private struct HurriedClock: ProcessClock {
    private let stage: StageClock
    init(_ stage: StageClock) { self.stage = stage }

    var now: Timestamp {
        stage.now += Microseconds.second / 1000
        return stage.process.now
    }
    var uptime: MonotonicTime { SystemClock().uptime }

    func wait<State, Result>(
        for monitor: Monitor<State>, until deadline: MonotonicTime, _ body: (inout State) -> Result?
    ) -> Result? {
        SystemClock().wait(for: monitor, until: deadline, body)
    }
}
