// Layer: simulation. Two workers on one partition, as concurrency draws them: left the old owner, right the new one.
import EventLog
import EventModel
import Foundation
import Locks
import Testing

@testable import Publisher

@Suite("A worker that was stopped and revived leaves no old value behind (DESIGN 3)", .timeLimit(.minutes(10)))
struct FencingTests {
    private let factory9 = MetricKey(site: Stage.site, entity: [], hourStart: at(9))

    /// Old owner              New owner
    /// folds, sends, pauses
    ///                        folds further, publishes
    /// its queue gets through
    ///                        publishes again
    @Test("what a paused worker had in its queue is published over, final and provisional alike")
    func revived() throws {
        let stage = try Stage(now: at(9, 30))
        let old = OwnTopics(stage.topics)
        let oldFold = try stage.fold("old")
        let first = RecordContent.events([event(at(9), .working)], createdAt: at(9))
        try oldFold.apply(first)
        try oldFold.commit()
        let oldCore = try stage.core(oldFold, "old", topics: old)
        old.hold()
        stage.round(oldCore)
        #expect(oldCore.statistics.sent > 0)

        let newFold = try stage.fold("new")
        let newCore = try stage.core(newFold, "new")
        try newFold.apply(first)
        try newFold.apply(.events([event(at(9, 10), .idle), event(at(9, 20), .productCount)], createdAt: at(9, 31)))
        try newFold.commit()
        stage.clock.now = at(10, 2)
        stage.round(newCore)
        #expect(stage.newest(.factory)[factory9]?.status == "final")
        #expect(stage.newest(.factory)[factory9]?.integer("working_us") == 10 * Microseconds.minute)

        old.release()
        let stale = try #require(stage.newest(.factory)[factory9])
        #expect(stale.status == "provisional", "the old value lies on top now")
        stage.round(newCore)
        let newest = try #require(stage.newest(.factory)[factory9])
        #expect(newest.status == "final")
        #expect(newest.integer("working_us") == 10 * Microseconds.minute)
        #expect(newest.revision == 1)
        #expect(newest.previousFigure("working_us") == stale.integer("working_us"))
        let count = stage.recordCount
        stage.round(newCore)
        #expect(stage.newest(.factory)[factory9]?.status == "final")
        #expect(stage.recordCount - count <= 4, "only the running hour has something to publish")
    }

    @Test("a worker that does not hold the partition sends nothing, and reads first when it holds it again")
    func notOwner() throws {
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        try fold.apply(.events([event(at(9), .working)], createdAt: at(9)))
        try fold.commit()
        let owner = Owner()
        let core = try stage.core(fold, isStillOwner: { owner.holds })
        stage.round(core)
        let count = stage.recordCount
        owner.lose()
        try fold.apply(.events([event(at(9, 30), .idle)], createdAt: at(9)))
        try fold.commit()
        stage.clock.now += stage.configuration.round
        _ = core.advance()
        #expect(!core.machine.isEnded)
        #expect(stage.recordCount == count)
        owner.gain()
        stage.round(core)
        #expect(stage.newest(.factory)[factory9]?.status == "restated")
    }

    @Test("what a worker with a higher fold version published is left alone (DESIGN 1.11)")
    func newerFold() throws {
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        try fold.apply(.events([event(at(9), .working), event(at(9, 30), .idle)], createdAt: at(9)))
        try fold.commit()
        let key = MetricKey(site: Stage.site, entity: [Array("W1".utf8)], hourStart: at(9))
        let newer = """
            {"status":"final","as_of":"2026-01-12T10:00:00.000000Z","revision":{"epoch":"\(stage.epoch)","partition":0,
            "offset":0},"fold":99,"working_us":5}
            """
        try stage.topics.send(
            TopicRecord(
                topic: stage.names.workerMetrics, partition: PartitionIndex(0), key: key.bytes,
                value: Array(newer.utf8), timestamp: Timestamp(microseconds: at(11)))
        ) { _ in }
        let core = try stage.core(fold)
        stage.round(core)
        #expect(stage.newest(.worker)[key]?.integer("working_us") == 5)
        #expect(stage.newest(.factory)[factory9]?.integer("working_us") == 30 * Microseconds.minute)
    }

    @Test("a clock that is behind does not put a provisional record over another worker's final one")
    func clocks() throws {
        let stage = try Stage(now: at(10, 5))
        let fold = try stage.fold("ahead")
        let content = RecordContent.events([event(at(9), .working)], createdAt: at(9))
        try fold.apply(content)
        try fold.commit()
        stage.round(try stage.core(fold, "ahead"))
        #expect(stage.newest(.factory)[factory9]?.status == "final")
        stage.clock.now = at(9, 59)
        let behind = try stage.fold("behind")
        try behind.apply(content)
        try behind.apply(.events([event(at(9, 30), .idle)], createdAt: at(9)))
        try behind.commit()
        let core = try stage.core(behind, "behind")
        stage.round(core)
        #expect(stage.newest(.factory)[factory9]?.status == "final")
        stage.clock.now = at(10, 2)
        stage.round(core)
        #expect(stage.newest(.factory)[factory9]?.status == "restated")
        #expect(stage.newest(.factory)[factory9]?.integer("working_us") == 30 * Microseconds.minute)
    }
}

/// Whether a partition is held.
final class Owner: Sendable {
    private let clock = StageClock(1)
    var holds: Bool { clock.now == 1 }
    func lose() { clock.now = 0 }
    func gain() { clock.now = 1 }
}

/// One worker's way to the topics, which can be held while others get through.
final class OwnTopics: Topics {
    private let inner: InMemoryTopics
    private let held = Guarded<[@Sendable () -> Void]?>(nil)

    init(_ inner: InMemoryTopics) { self.inner = inner }

    func hold() { held.withLock { $0 = [] } }

    func release() {
        let sends = held.withLock { held in
            defer { held = nil }
            return held ?? []
        }
        for send in sends { send() }
    }

    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        let isHeld = held.withLock { held in
            guard held != nil else { return false }
            held?.append { [inner] in
                do throws(LogError) { try inner.send(record, done) } catch { done(.failure(error)) }
            }
            return true
        }
        if !isHeld { try inner.send(record, done) }
    }

    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        try inner.follow(topic, partitions, from: start, handle)
    }

    func partitionCount(_ topic: String) throws(LogError) -> Int32 { try inner.partitionCount(topic) }
}
