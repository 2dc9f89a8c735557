// Layer: simulation. Deliveries that fail for some topics alone, with every mix of what there is to publish.
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import SimulationKit
import Testing

@testable import Publisher

@Suite("Deliveries that fail for some kinds alone (DESIGN 3)", .timeLimit(.minutes(10)))
struct FailureMixTests {
    /// What a record of events holds, as bits.
    private struct Content: OptionSet, CustomStringConvertible {
        let rawValue: Int
        /// Moves hours of workers, stations and factory, and model health.
        static let accepted = Content(rawValue: 1)
        /// Moves model health alone.
        static let lowConfidence = Content(rawValue: 2)
        static let quarantined = Content(rawValue: 4)

        var description: String {
            [(Content.accepted, "accepted"), (.lowConfidence, "low confidence"), (.quarantined, "quarantined")]
                .filter { contains($0.0) }.map(\.1).joined(separator: " + ")
        }

        var events: [SimulatedEvent] {
            var events: [SimulatedEvent] = []
            if contains(.accepted) { events += [event(at(9), .working), event(at(9, 30), .productCount, at: "S2")] }
            if contains(.lowConfidence) { events.append(event(at(10), .idle, worker: "W2", mark: .lowConfidence)) }
            if contains(.quarantined) {
                events += [
                    event(at(9, 1), .idle, worker: "W9", mark: .unknownWorker),
                    event(at(9, 2), .idle, at: "S9", mark: .unknownWorkstation),
                ]
            }
            return events
        }
    }

    private static func fold(_ stage: Stage, _ content: Content) throws -> StageFold {
        let fold = try stage.fold()
        try fold.apply(.events(content.events, createdAt: at(10, 5)))
        try fold.commit()
        return fold
    }

    /// What the topics say of a stage: newest figures of hours that are over, and the quarantined events in their order.
    private func published(_ stage: Stage) -> [String] {
        let metrics = MetricKind.allCases.flatMap { kind in
            stage.newest(kind).filter { $0.key.hourStart < at(12) }.map { key, record in
                let basis = record.members.filter { !["as_of", "revision", "previous"].contains($0.key) }
                return "\(kind) \(String(decoding: key.bytes, as: UTF8.self)) \(basis.sorted { $0.key < $1.key })"
            }
        }
        return metrics.sorted() + quarantined(stage)
    }

    private func quarantined(_ stage: Stage) -> [String] {
        stage.topics.records(stage.names.quarantine, PartitionIndex(0)).map { record in
            String(decoding: record.headers.first { $0.name == "ce_id" }?.value ?? [], as: UTF8.self)
        }
    }

    @Test("a quarantined event whose delivery failed while nothing else was due is published by the next round")
    func quarantineAlone() throws {
        let stage = try Stage(now: at(11))
        let fold = try Self.fold(stage, .quarantined)
        let topics = FailingTopics(stage.topics)
        let core = try stage.core(fold, topics: topics)
        topics.fail([stage.names.quarantine])
        stage.round(core)
        #expect(core.statistics.failed == 2 && core.statistics.delivered == 0)
        topics.fail([])
        stage.round(core)
        #expect(quarantined(stage) == ["0:0:0", "0:0:1"])
        #expect(core.statistics.delivered == 2)
        stage.round(core)
        #expect(quarantined(stage).count == 2, "published once")
    }

    @Test("of several quarantined events one that failed is published again, whichever it is", arguments: 1...3)
    func oneOfQuarantined(_ failing: Int) throws {
        let stage = try Stage(now: at(11))
        let fold = try stage.fold()
        let events = (1...3).map { event(at(9, Int64($0)), .idle, worker: "W9", mark: .unknownWorker) }
        try fold.apply(.events(events, createdAt: at(10)))
        try fold.commit()
        let topics = FailingTopics(stage.topics)
        let core = try stage.core(fold, topics: topics)
        topics.fail(number: failing)
        stage.round(core)
        #expect(quarantined(stage).count == 2)
        for _ in 0..<2 { stage.round(core) }
        #expect(Set(quarantined(stage)) == ["0:0:0", "0:0:1", "0:0:2"])
        // What was not published must not have left the store with a commit in between.
        #expect(core.statistics.failed == 1)
    }

    @Test("a quarantined event that was not delivered stays in the store over later commits")
    func staysInTheStore() throws {
        let stage = try Stage(now: at(11))
        let fold = try Self.fold(stage, .quarantined)
        let topics = FailingTopics(stage.topics)
        let core = try stage.core(fold, topics: topics)
        topics.fail([stage.names.quarantine])
        stage.round(core)
        for minute in 0..<2 as Range<Int64> {
            try fold.apply(.events([event(at(10, 10 + minute), .idle)], createdAt: at(10, 20)))
            try fold.commit()
            stage.round(core)
        }
        topics.fail([])
        // Another life of the publisher: its file says how far it came.
        for _ in 0..<2 { stage.round(try stage.core(fold)) }
        #expect(quarantined(stage) == ["0:0:0", "0:0:1"])
    }

    @Test(
        "whatever fails while whatever is published, two rounds later the topics say what they say without a failure",
        arguments: 1...7)
    func everyMix(_ bits: Int) throws {
        let content = Content(rawValue: bits)
        let calm = try Stage(now: at(12, 30))
        let untroubled = try calm.core(try Self.fold(calm, content))
        for _ in 0..<3 { calm.round(untroubled) }
        let expected = published(calm)
        #expect(!expected.isEmpty, "\(content)")
        let topicNames = MetricKind.allCases.map { $0.topic(calm.names) } + [calm.names.quarantine]
        for failing in 1..<1 << topicNames.count {
            let names = Set(topicNames.indices.filter { failing >> $0 & 1 == 1 }.map { topicNames[$0] })
            for refuses in [false, true] {
                let stage = try Stage(now: at(12, 30))
                let topics = FailingTopics(stage.topics)
                let core = try stage.core(try Self.fold(stage, content), topics: topics)
                topics.fail(names, refuses: refuses)
                stage.round(core)
                for name in names {
                    #expect(stage.topics.records(name, PartitionIndex(0)).isEmpty, "\(content): \(name)")
                }
                topics.fail([])
                for _ in 0..<2 { stage.round(core) }
                let differences = published(stage).difference(from: expected).map { "\($0)" }
                #expect(differences == [], "\(content) while \(names.sorted()) fail, refused \(refuses)")
            }
        }
    }

    @Test("an hour of which one kind failed stays due, the other hours of the round do not")
    func oneHour() throws {
        let stage = try Stage(now: at(15))
        let fold = try stage.fold()
        try fold.apply(.definition(createdAt: at(7)))
        let events = (8..<12).flatMap { [event(at($0), .working), event(at($0, 40), .absent)] }
        try fold.apply(.events(events, createdAt: at(14)))
        try fold.commit()
        let topics = FailingTopics(stage.topics)
        let core = try stage.core(fold, topics: topics)
        topics.fail(key: MetricKey(site: Stage.site, entity: [Array("W1".utf8)], hourStart: at(9)).bytes)
        stage.round(core)
        #expect(core.statistics.failed == 1)
        let due = try core.published.due(after: nil, now: stage.clock.now, limit: 100).filter { $0.start < at(14) }
        #expect(due.map(\.start) == [at(9)])
        topics.fail([])
        for _ in 0..<2 { stage.round(core) }
        let keys = stage.newest(.worker).keys.map(\.hourStart)
        #expect(Set(keys).isSuperset(of: (8..<12).map { at($0) }))
    }
}

/// Topics of which some take nothing.
private final class FailingTopics: Topics {
    private struct Failures {
        var names: Set<String> = []
        /// Whether ``send`` throws at once in place of a delivery that fails later.
        var refuses = false
        var key: [UInt8]?
        /// Counts down to the one record that fails.
        var countdown = 0
    }

    private let inner: InMemoryTopics
    private let failures = Guarded(Failures())

    init(_ inner: InMemoryTopics) { self.inner = inner }

    /// Lets what is sent to these topics fail, and nothing else.
    func fail(_ names: Set<String>, refuses: Bool = false) {
        failures.withLock { $0 = Failures(names: names, refuses: refuses) }
    }

    /// Lets records of this key fail.
    func fail(key: [UInt8]) { failures.withLock { $0 = Failures(key: key) } }

    /// Lets one record fail, counted from 1.
    func fail(number: Int) { failures.withLock { $0 = Failures(countdown: number) } }

    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) {
        let (fails, refuses) = failures.withLock { failures in
            failures.countdown -= 1
            let fails =
                failures.names.contains(record.topic) || failures.key == record.key || failures.countdown == 0
            return (fails, failures.refuses)
        }
        guard fails else { return try inner.send(record, done) }
        let error = LogError(.unavailable, "the test wants it")
        if refuses { throw error }
        done(.failure(error))
    }

    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        try inner.follow(topic, partitions, from: start, handle)
    }

    func partitionCount(_ topic: String) throws(LogError) -> Int32 { try inner.partitionCount(topic) }
}
