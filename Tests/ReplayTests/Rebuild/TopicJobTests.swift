// Layer: machine. What compaction may take away at any moment.
import EventLog
import EventModel
import Locks
import Testing

@testable import Replay

/// Topics that hold the first records sent until so many are there, then store them in a chosen order.
private final class MeetingTopics: Topics {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var missing: Int
    }

    let inner: InMemoryTopics
    private let isReversed: Bool
    private let state: Guarded<State>

    init(_ inner: InMemoryTopics, meeting count: Int, isReversed: Bool = false) {
        self.inner = inner
        self.isReversed = isReversed
        state = Guarded(State(missing: count))
    }

    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        let inner = inner
        let ready = state.withLock { state -> [@Sendable () -> Void] in
            state.waiting.append {
                do throws(LogError) { try inner.send(record, done) } catch { done(.failure(error)) }
            }
            state.missing -= 1
            guard state.missing <= 0 else { return [] }
            defer { state.waiting = [] }
            return isReversed ? state.waiting.reversed() : state.waiting
        }
        for send in ready { send() }
    }

    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing { try inner.follow(topic, partitions, from: start, handle) }

    func partitionCount(_ topic: String) throws(LogError) -> Int32 { try inner.partitionCount(topic) }
}

@Suite("The topic of rebuilds", .timeLimit(.minutes(10)))
struct TopicJobTests {
    private let topic = TopicNames().jobs
    private let inner = InMemoryTopics(partitionCounts: [TopicNames().jobs: 1])
    private let now = Timestamp(microseconds: 1_770_000_000_000_000)

    /// Puts all at once: none knows of the others when it is written.
    private func putTogether(_ jobs: [RebuildJob], isReversed: Bool = false) throws -> [JobVerdict?] {
        let topics = MeetingTopics(inner, meeting: jobs.count, isReversed: isReversed)
        let boards = try jobs.map { _ in try TopicJobBoard(topics: topics) }
        defer { for board in boards { board.stop() } }
        let verdicts = Monitor<[Int: JobVerdict?]>([:])
        for (number, (job, board)) in zip(jobs, boards).enumerated() {
            BackgroundThread.start("put-\(number)") {
                let verdict = try? board.put(job)
                verdicts.update { $0[number] = verdict }
            }
        }
        let all = verdicts.wait { $0.count == jobs.count ? $0 : nil }
        return jobs.indices.map { all[$0] ?? nil }
    }

    /// What a process reads that starts after the first `cut` records were compacted.
    private func jobs(compactedTo cut: Int) throws -> [RebuildJob] {
        let records = inner.records(topic, PartitionIndex(0))
        let newest = Dictionary(records[..<cut].map { ($0.key, $0.position.offset) }) { max($0, $1) }
        let rest = InMemoryTopics(partitionCounts: [topic: 1])
        for (index, record) in records.enumerated() {
            if index < cut, newest[record.key] != record.position.offset || record.value == nil { continue }
            try rest.send(
                TopicRecord(topic: topic, key: record.key, value: record.value, timestamp: record.timestamp)
            ) { _ in }
        }
        let board = try TopicJobBoard(topics: rest)
        defer { board.stop() }
        return board.jobs()
    }

    private func expectSame(_ expected: [RebuildJob]) throws {
        let count = inner.records(topic, PartitionIndex(0)).count
        for cut in 0...count {
            let found = try jobs(compactedTo: cut)
            #expect(found.map(\.id) == expected.map(\.id), "compacted to \(cut) of \(count)")
            #expect(found.map(\.wanted) == expected.map(\.wanted), "compacted to \(cut) of \(count)")
            #expect(found.map(\.changedBy) == expected.map(\.changedBy), "compacted to \(cut) of \(count)")
        }
    }

    @Test(
        "two change one rebuild at once: the first in the topic counts, whatever compaction keeps",
        arguments: [false, true])
    func changedAtOnce(isReversed: Bool) throws {
        let board = try TopicJobBoard(topics: inner)
        defer { board.stop() }
        let job = RebuildJob(by: "a", after: nil, at: now)
        #expect(try board.put(job) == .taken)
        let one = try #require(try job.after(.pause, by: "one", at: now))
        let other = try #require(try job.after(.cancel, by: "other", at: now))
        let verdicts = try putTogether([one, other], isReversed: isReversed)
        let winner = inner.records(topic, PartitionIndex(0))[1].value.flatMap { RebuildJobRecord.job($0, id: job.id) }
        let winning = try #require(winner)
        #expect(winning == one || winning == other)
        #expect(verdicts.contains(.taken) && verdicts.contains(.changed(winning)))
        try expectSame([winning])
    }

    @Test(
        "two start at once: the first in the topic counts, also after it was changed and compacted",
        arguments: [false, true])
    func startedAtOnce(isReversed: Bool) throws {
        let jobs = ["one", "other"].map { RebuildJob(by: $0, after: nil, at: now) }
        let verdicts = try putTogether(jobs, isReversed: isReversed)
        let winner = try #require(jobs.first { verdicts[$0.by == "one" ? 0 : 1] == .taken })
        #expect(verdicts.contains(.busy(winner)))
        try expectSame([winner])
        let board = try TopicJobBoard(topics: inner)
        defer { board.stop() }
        let cancelled = try #require(try winner.after(.cancel, by: "later", at: now))
        #expect(try board.put(cancelled) == .taken)
        let next = RebuildJob(by: "next", after: cancelled, at: now)
        #expect(try board.put(next) == .taken)
        try expectSame([next, cancelled])
    }

    @Test("a start that lost and whose process died before it could take it back never comes to life")
    func lostAndDied() throws {
        let jobs = ["winner", "loser"].map { RebuildJob(by: $0, after: nil, at: now) }
        for job in jobs {
            try inner.send(
                TopicRecord(
                    topic: topic, key: Array(job.id.text.utf8), value: RebuildJobRecord.json(job), timestamp: now)
            ) { _ in }
        }
        let board = try TopicJobBoard(topics: inner)
        defer { board.stop() }
        #expect(board.jobs() == [jobs[0]])
        let cancelled = try #require(try jobs[0].after(.cancel, by: "later", at: now))
        #expect(try board.put(cancelled) == .taken)
        try expectSame([cancelled])
    }

    @Test("a change that lost is written over by the next process that starts")
    func mended() throws {
        let job = RebuildJob(by: "a", after: nil, at: now)
        let one = try #require(try job.after(.pause, by: "one", at: now))
        let other = try #require(try job.after(.cancel, by: "other", at: now))
        for record in [job, one, other] {
            try inner.send(
                TopicRecord(
                    topic: topic, key: Array(job.id.text.utf8), value: RebuildJobRecord.json(record), timestamp: now)
            ) { _ in }
        }
        let board = try TopicJobBoard(topics: inner)
        defer { board.stop() }
        // It may have been written again already, with a higher revision.
        let found = board.jobs()
        #expect(found.map(\.id) == [job.id] && found.map(\.wanted) == [one.wanted])
        #expect(found.map(\.changedBy) == ["one"])
        try expectSame([one])
    }

    @Test("what cannot be delivered is not in force, and is said to be so")
    func undelivered() throws {
        let board = try TopicJobBoard(topics: inner)
        defer { board.stop() }
        inner.fail(with: LogError(.unavailable, "not enough replicas"))
        #expect(throws: ReplayError.self) { try board.put(RebuildJob(by: "a", after: nil, at: now)) }
        inner.fail(with: LogError(.uncertain, "nobody knows"))
        #expect(throws: ReplayError.self) { try board.put(RebuildJob(by: "a", after: nil, at: now)) }
        inner.fail(with: nil)
        #expect(board.jobs().isEmpty)
        #expect(throws: ReplayError.self) {
            try TopicJobBoard(topics: InMemoryTopics(partitionCounts: [:]))
        }
    }
}
