import EventLog
import EventModel
import Testing

@testable import KafkaLog

@Suite("Records of the log book") struct LogBookRecordTests {
    private let at = Timestamp(microseconds: 1_700_000_000_000_000)

    @Test("what is recorded comes back")
    func comesBack() throws {
        let skip = LogSkip(first: LogOffset(7), next: LogOffset(9), reason: "junk", by: "ops@host", at: at)
        for record in [
            LogBookRecord.partitionCount(32),
            .skip(PartitionIndex(3), KafkaSkip(skip: skip, found: [12, nil])),
            .skip(PartitionIndex(3), KafkaSkip(skip: skip, found: [])),
        ] {
            let key = try #require(LogBookKey(record.key))
            #expect(LogBookRecord(key: key, value: record.json) == record)
        }
    }

    @Test(
        "a record that nothing of Andon writes is none, whatever its numbers",
        arguments: [
            ("1", "-9223372036854775808"), ("1", "1"), ("1", "0"), ("1", "4"), ("9223372036854775807", "2"),
            ("1", "9223372036854775807"), ("1", "99999999999999999999"),
        ])
    func foreign(first: String, next: String) throws {
        let key = try #require(LogBookKey(Array("log/skip/0/\(first)".utf8)))
        #expect(LogBookRecord(key: key, value: value(first, next)) == nil)
        let right = try #require(LogBookKey(Array("log/skip/0/1".utf8)))
        #expect(LogBookRecord(key: right, value: value("1", "2")) != nil, "all else is right")
    }

    private func value(_ first: String, _ next: String) -> [UInt8] {
        let numbers = #""partition":0,"first":\#(first),"next":\#(next)"#
        return Array(#"{\#(numbers),"reason":"","by":"","at":"\#(at.formatted)","found":[1]}"#.utf8)
    }

    @Test("keys of API keys, of later versions and of no partition are none")
    func keys() {
        for key in ["a1", "log", "log/", "log/later", "log/skip/0", "log/skip/-1/0", "log/skip/0/-1", "log/skip/x/1"] {
            #expect(LogBookKey(Array(key.utf8)) == nil, "\(key)")
        }
    }
}
