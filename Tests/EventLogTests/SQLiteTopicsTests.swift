// Layer: the port, on a real file. What KafkaLogTests claim of topics on Kafka, and what is this file's own.
import EventLog
import EventModel
import Foundation
import Locks
import TestKit
import Testing

@testable import SQLiteLog

@Suite("Topics beside the embedded log (DESIGN 3)", .timeLimit(.minutes(10)))
struct SQLiteTopicsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.file("records.sqlite") }

    private func topics(_ recordsMaximum: Int = 1000) throws -> SQLiteTopics {
        try SQLiteTopics(path: path, topics: ["t", "u"], recordsMaximum: recordsMaximum)
    }

    private func record(_ key: String, _ value: UInt8?, topic: String = "t") -> TopicRecord {
        TopicRecord(
            topic: topic, key: Array(key.utf8), value: value.map { [$0] },
            headers: [RecordHeader(name: "ce_id", value: Array(key.utf8))],
            timestamp: Timestamp(microseconds: 1_000_000))
    }

    /// Sends all and waits for their positions.
    @discardableResult
    private func send(_ topics: SQLiteTopics, _ records: [TopicRecord]) throws -> [Int64] {
        let answers = Monitor<[Int: Result<RecordPosition, LogError>]>([:])
        for (number, record) in records.enumerated() {
            try topics.send(record) { result in answers.update { $0[number] = result } }
        }
        let all = answers.wait { $0.count == records.count ? $0 : nil }
        return try records.indices.map { try all[$0]!.get().offset.value }
    }

    private func values(_ page: TopicPage) -> [UInt8?] { page.records.map { $0.value?.first } }

    @Test("of every key the newest record stays, in the order in which they were written")
    func compaction() throws {
        let topics = try topics()
        defer { topics.close() }
        #expect(try send(topics, [record("a/1", 1), record("a/2", 2), record("a/1", 3)]) == [0, 1, 2])
        #expect(try send(topics, [record("a/2", nil), record("u", 9, topic: "u")]) == [3, 0])
        let page = try topics.page("t", from: .zero, limit: 10)
        #expect(values(page) == [3, nil] && page.isAtEnd && page.next == LogOffset(4))
        #expect(page.records[0].headers == [RecordHeader(name: "ce_id", value: Array("a/1".utf8))])
        #expect(page.records[0].timestamp == Timestamp(microseconds: 1_000_000))
        #expect(values(try topics.page("u", from: .zero, limit: 10)) == [9])
    }

    @Test("pages lead to the end, and from there to what is written later, of the sites that are asked for")
    func pages() throws {
        let topics = try topics()
        defer { topics.close() }
        try send(topics, (0..<7).map { record("\($0 % 2 == 0 ? "a" : "b")/\($0)", UInt8($0)) })
        var found: [UInt8?] = []
        var page = try topics.page("t", from: .zero, limit: 2, sites: ["a"])
        #expect(!page.isAtEnd)
        while true {
            found += values(page)
            if page.isAtEnd { break }
            page = try topics.page("t", from: page.next, limit: 2, sites: ["a"])
        }
        #expect(found == [0, 2, 4, 6])
        try send(topics, [record("b/8", 8), record("a/9", 9)])
        #expect(values(try topics.page("t", from: page.next, limit: 2, sites: ["a"])) == [9])
        #expect(values(try topics.page("t", from: page.next, limit: 2)) == [8, 9])
    }

    @Test("places go on after a restart, and a following begins where it is told and sees what comes later")
    func restart() throws {
        let first = try topics()
        try send(first, [record("a", 1), record("b", 2), record("c", 3)])
        let source = try first.page("t", from: .zero, limit: 1).source
        first.close()
        let topics = try topics()
        defer { topics.close() }
        #expect(try topics.page("t", from: .zero, limit: 1).source == source)
        let seen = Guarded<[UInt8?]>([])
        let following = try topics.follow("t", [PartitionIndex(0)], from: .offsets([PartitionIndex(0): LogOffset(1)])) {
            record in seen.withLock { $0.append(record.value?.first) }
        }
        #expect(following.readToEnd(timeoutMilliseconds: 60_000))
        #expect(seen.withLock { $0 } == [2, 3])
        #expect(try send(topics, [record("a", 4)]) == [3])
        #expect(following.readToEnd(timeoutMilliseconds: 60_000))
        #expect(seen.withLock { $0 } == [2, 3, 4])
        following.stop()
        #expect(following.failure == nil)
    }

    @Test("a topic keeps the newest so many keys and no more")
    func bound() throws {
        let topics = try topics(100)
        defer { topics.close() }
        for round in 0..<20 {
            try send(topics, (0..<50).map { record("a/\(round)/\($0)", UInt8($0)) })
        }
        let page = try topics.page("t", from: .zero, limit: 1000)
        #expect(100...110 ~= page.records.count)
        #expect(page.records.last?.position.offset == LogOffset(999), "the newest")
    }

    @Test("another topic and another partition do not exist, and a closed one takes nothing")
    func refusals() throws {
        let topics = try topics()
        #expect(throws: LogError.self) { try topics.partitionCount("v") }
        #expect(throws: LogError.self) { try topics.send(record("a", 1, topic: "v")) { _ in } }
        #expect(throws: LogError.self) { try topics.follow("t", [PartitionIndex(1)], from: .beginning) { _ in } }
        topics.close()
        #expect(throws: LogError.self) { try topics.send(record("a", 1)) { _ in } }
    }

    @Test("a file that is none is made anew: what was published is published again")
    func damaged() throws {
        try folder.write("records.sqlite", String(repeating: "no database", count: 1000))
        let topics = try topics()
        defer { topics.close() }
        #expect(try send(topics, [record("a", 1)]) == [0])
    }
}
