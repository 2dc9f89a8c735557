// Layer: simulation. Crashes between sending and the report, brokers that fail, rebuilds.
import EventLog
import EventModel
import Foundation
import Testing

@testable import Publisher

@Suite("Publishing through crashes and failures (DESIGN 3)", .timeLimit(.minutes(10)))
struct FaultTests {
    /// Six hours of one worker, all of them over.
    private func plant(_ stage: Stage) throws -> StageFold {
        let fold = try stage.fold()
        try fold.apply(.definition(createdAt: at(7)))
        let events = (8..<14).flatMap { [event(at($0), .working), event(at($0, 40), .idle)] }
        try fold.apply(.events(events, createdAt: at(14)))
        try fold.commit()
        return fold
    }

    private let factory9 = MetricKey(site: Stage.site, entity: [], hourStart: at(9))

    @Test("killed between sending and the report, nothing is lost and what is sent again is the same")
    func killed() throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        var core = try stage.core(fold)
        stage.topics.hold()
        stage.round(core)
        #expect(core.statistics.sent > 0)
        #expect(stage.recordCount == 0)
        // The process dies; what it had handed over arrives, and is published again.
        core = try stage.core(fold)
        stage.topics.release()
        let count = stage.recordCount
        #expect(count > 0)
        _ = core.advance()
        #expect(core.statistics.sent == 0, "it was read before anything was sent")
        #expect(stage.recordCount == count)
        #expect(stage.newest(.factory)[factory9]?.integer("working_us") == 40 * Microseconds.minute)
    }

    @Test("killed before anything got through, the next life sends all of it")
    func lost() throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        let dead = InMemoryTopics(partitionCounts: Stage.partitionCounts(stage.names))
        dead.hold()
        stage.round(try stage.core(fold, topics: dead))
        let core = try stage.core(fold)
        stage.round(core)
        #expect(stage.newest(.factory)[factory9]?.status == "final")
        let sent = stage.recordCount
        stage.round(core)
        #expect(stage.recordCount == sent)
    }

    @Test(
        "an hour stays due until all of its records are delivered", arguments: [LogError.Code.unavailable, .uncertain])
    func failing(_ code: LogError.Code) throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        let core = try stage.core(fold)
        stage.topics.fail(with: LogError(code, "the test wants it"))
        stage.round(core)
        #expect(core.statistics.failed > 0)
        #expect(stage.recordCount == 0)
        stage.topics.fail(with: nil)
        stage.clock.now += stage.configuration.retry
        _ = core.advance()
        #expect(core.statistics.delivered > 0)
        #expect(stage.newest(.factory)[factory9]?.status == "final")
    }

    @Test("a full queue holds the rest back, and it is sent in order later")
    func full() throws {
        let stage = try Stage(now: at(15))
        stage.configuration.recordsInFlightMaximum = 3
        let fold = try plant(stage)
        let topics = NarrowTopics(stage.topics, capacity: 2)
        let core = try stage.core(fold, topics: topics)
        for _ in 0..<200 {
            stage.clock.now += stage.configuration.retry
            _ = core.advance()
            topics.empty()
        }
        #expect(topics.refusals > 0)
        #expect(core.statistics.failed == 0)
        #expect(stage.newest(.factory).count == 8)
        #expect(stage.newest(.factory).values.filter { $0.status == "final" }.count == 7)
    }

    @Test("a rebuild of projections and of the publisher's own file publishes nothing that is equal")
    func rebuild() throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        stage.round(try stage.core(fold))
        let count = stage.recordCount
        let again = try stage.fold("rebuilt")
        try again.apply(.definition(createdAt: at(7)))
        let events = (8..<14).flatMap { [event(at($0), .working), event(at($0, 40), .idle)] }
        try again.apply(.events(events, createdAt: at(14)))
        try again.commit()
        // Before ten seconds have passed, so that the running hour has nothing to publish either.
        let core = try stage.core(again, "rebuilt")
        _ = core.advance()
        #expect(core.statistics.followed == Int64(count))
        #expect(stage.recordCount == count)
    }

    @Test("a rebuild whose figures differ publishes just the difference, once it knows as much as the topic does")
    func different() throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        stage.round(try stage.core(fold))
        let count = stage.recordCount
        let again = try stage.fold("rebuilt")
        try again.apply(.definition(createdAt: at(7)))
        try again.commit()
        let core = try stage.core(again, "rebuilt")
        stage.round(core)
        #expect(stage.recordCount == count, "the topic knows more of the log than the fold does")
        var events = (8..<14).flatMap { [event(at($0), .working), event(at($0, 40), .idle)] }
        events[3] = event(at(9, 50), .idle)
        try again.apply(.events(events, createdAt: at(14)))
        try again.apply(.definition(createdAt: at(14)))
        try again.commit()
        stage.round(core)
        let added = MetricKind.allCases.flatMap {
            stage.records($0).filter { $0.revision == 2 && $0.status != "provisional" }
        }
        #expect(Set(added.map(\.key.hourStart)) == [at(9)])
        #expect(stage.newest(.factory)[factory9]?.status == "restated")
        #expect(stage.newest(.factory)[factory9]?.integer("working_us") == 50 * Microseconds.minute)
    }

    @Test("the same figures folded from another log are said again with a revision of that log")
    func otherLog() throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        stage.round(try stage.core(fold))
        let copy = try stage.fold("copy", epoch: LogEpoch.random())
        try copy.apply(.definition(createdAt: at(7)))
        let events = (8..<14).flatMap { [event(at($0), .working), event(at($0, 40), .idle)] }
        try copy.apply(.events(events, createdAt: at(14)))
        try copy.commit()
        stage.round(try stage.core(copy, "copy"))
        let nine = try #require(stage.newest(.factory)[factory9])
        #expect(nine.status == "final")
        let revision = nine.members["revision"] as? [String: Any]
        #expect(revision?["epoch"] as? String == copy.epoch.description)
    }

    @Test("a topic that was recreated is filled again")
    func recreated() throws {
        let stage = try Stage(now: at(15))
        let fold = try plant(stage)
        let core = try stage.core(fold)
        stage.round(core)
        let count = stage.newest(.factory).count
        let fresh = InMemoryTopics(partitionCounts: Stage.partitionCounts(stage.names))
        let next = try stage.core(fold, topics: fresh)
        try fold.apply(.events([event(at(9, 20), .absent)], createdAt: at(14)))
        try fold.commit()
        for _ in 0..<3 { stage.round(next) }
        let refilled = Set(fresh.records(stage.names.factoryMetrics, PartitionIndex(0)).map(\.key))
        #expect(refilled.count == count)
        #expect(stage.reports.all.contains { $0.name == "metric_topic_recreated" })
    }
}

/// Topics whose queue holds few records.
final class NarrowTopics: Topics {
    private let inner: InMemoryTopics
    private let capacity: Int
    private let state = StageClock(0)
    private let refused = StageClock(0)

    init(_ inner: InMemoryTopics, capacity: Int) {
        self.inner = inner
        self.capacity = capacity
    }

    var refusals: Int64 { refused.now }
    func empty() { state.now = 0 }

    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        guard state.now < Int64(capacity) else {
            refused.now += 1
            throw LogError(.unavailable, "the queue is full")
        }
        state.now += 1
        try inner.send(record, done)
    }

    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        try inner.follow(topic, partitions, from: start, handle)
    }

    func partitionCount(_ topic: String) throws(LogError) -> Int32 { try inner.partitionCount(topic) }
}
