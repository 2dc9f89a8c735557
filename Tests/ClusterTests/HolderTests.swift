import Clocks
import EventLog
import EventModel
import Testing

@testable import Cluster

@Suite("Who holds a partition")
struct HolderTests {
    static let token = ForwardingToken.random()

    static func record(
        _ partition: Int32, _ workerID: String, _ role: HolderRole = .owner, url: String = "http://127.0.0.1:8080",
        since: Int64 = 0, token: ForwardingToken = token
    ) -> HolderRecord {
        HolderRecord(
            partition: PartitionIndex(partition), workerID: workerID, role: role, url: url, token: token,
            since: Timestamp(microseconds: since))
    }

    static func followed(_ record: HolderRecord, at seconds: Int64, isTombstone: Bool = false) -> FollowedRecord {
        FollowedRecord(
            position: RecordPosition(partition: PartitionIndex(0), offset: .zero), key: record.key,
            value: isTombstone ? nil : record.json, headers: [],
            timestamp: Timestamp(microseconds: seconds * Microseconds.second))
    }

    // MARK: Record

    @Test("a record is read back as it was written, under the key partition/worker-id")
    func roundTrip() {
        let record = Self.record(7, "press \"shop\" é", .replica, since: 1_770_000_000_123_456)
        #expect(record.key == Array("7/press \"shop\" é".utf8))
        #expect(HolderRecord(key: record.key, value: record.json) == record)
    }

    @Test("the record has the members that its documentation shows")
    func example() {
        let json = String(decoding: Self.record(7, "press-shop-2").json, as: UTF8.self)
        #expect(
            json == """
                {"partition":7,"worker_id":"press-shop-2","role":"owner","url":"http://127.0.0.1:8080",\
                "token":"\(Self.token.hex)","since":"1970-01-01T00:00:00.000000Z"}
                """)
    }

    @Test("members that a reader does not know are ignored")
    func unknownMember() {
        let record = Self.record(1, "a")
        let json = Array("{\"zone\":\"b\",".utf8) + record.json.dropFirst()
        #expect(HolderRecord(key: record.key, value: json) == record)
    }

    @Test(
        "what is no record, or says something else than its key, is none",
        arguments: [
            ("7/b", "\"worker_id\":\"a\"", "\"worker_id\":\"a\""), ("8/a", "", ""), ("a", "", ""), ("7/", "", ""),
            ("/a", "", ""), ("-7/a", "", ""), ("7/a/b", "", ""), ("99999999999/a", "", ""),
            ("7/a", "owner", "king"), ("7/a", "http:", "ftp:"), ("7/a", "127.0.0.1:8080", "u:p@127.0.0.1"),
            ("7/a", "127.0.0.1:8080", ""), ("7/a", "127.0.0.1:8080", "127.0.0.1?x"), ("7/a", "1970-", "19x0-"),
            ("7/a", "\"token\":\"", "\"token\":\"0"), ("7/a", "{", "["),
        ])
    func malformed(key: String, old: String, new: String) {
        let record = Self.record(7, "a")
        var json = String(decoding: record.json, as: UTF8.self)
        if !old.isEmpty, let range = json.firstRange(of: old) { json.replaceSubrange(range, with: new) }
        #expect(HolderRecord(key: Array(key.utf8), value: Array(json.utf8)) == nil)
    }

    @Test("a URL loses the slashes at its end")
    func url() {
        #expect(HolderURL.checked("http://10.0.0.12:8080/") == "http://10.0.0.12:8080")
        #expect(HolderURL.checked("https://a.example/andon/") == "https://a.example/andon")
        #expect(HolderURL.checked("http://[::1]:80") == "http://[::1]:80")
        #expect(HolderURL.checked("http://a b") == nil)
    }

    @Test("a token is 256 bits, never twice the same, and shows itself to no log")
    func tokens() {
        #expect(ForwardingToken.random() != ForwardingToken.random())
        #expect(Self.token.hex.utf8.count == 64)
        #expect(ForwardingToken(hex: Self.token.hex) == Self.token)
        #expect(!"\(Self.token)".contains(Self.token.hex))
        #expect(ForwardingToken(hex: "abcd") == nil)
    }

    // MARK: Table

    /// A point in time of the wall clock.
    static func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * Microseconds.second) }

    private static func clock() -> ManualClock { ManualClock(now: time(1000)) }

    @Test("a rival is another process that announces itself under this one's name: not this one, not another worker")
    func rival() {
        let clock = Self.clock()
        let own = ForwardingToken.random()
        let table = HolderTable(ownWorkerID: "a", ownToken: own, clock: clock)
        let expelledAt = clock.uptime
        table.apply(Self.followed(Self.record(0, "b"), at: 1000))
        table.apply(Self.followed(Self.record(0, "a", token: own), at: 1000))
        clock.advance(milliseconds: 1)
        #expect(!table.hasRival(since: expelledAt))
        // A process of this name that ended long ago.
        table.apply(Self.followed(Self.record(1, "a"), at: 900))
        // One that gave the partition up.
        table.apply(Self.followed(Self.record(1, "a"), at: 1000, isTombstone: true))
        #expect(!table.hasRival(since: expelledAt))
        table.apply(Self.followed(Self.record(1, "a"), at: 1000))
        #expect(table.hasRival(since: expelledAt) && !table.hasRival(since: clock.uptime))
    }

    @Test("owners come first, then replicas, each the newest first")
    func order() {
        let table = HolderTable(clock: Self.clock())
        for record in [
            Self.record(3, "r-old", .replica, since: 1), Self.record(3, "o-old", since: 2),
            Self.record(3, "r-new", .replica, since: 9), Self.record(3, "o-new", since: 3), Self.record(4, "other"),
        ] {
            table.apply(Self.followed(record, at: 1000))
        }
        #expect(table.holders(of: PartitionIndex(3)).map(\.workerID) == ["o-new", "o-old", "r-new", "r-old"])
        #expect(table.holders(of: PartitionIndex(5)) == [])
    }

    @Test("a holder without a heartbeat for more than 45 s is not named, until the next one")
    func silence() {
        let clock = Self.clock()
        let table = HolderTable(clock: clock)
        let record = Self.record(0, "a")
        table.apply(Self.followed(record, at: 1000))
        clock.set(Self.time(1045))
        #expect(table.holders(of: PartitionIndex(0)).count == 1)
        clock.set(Self.time(1046))
        #expect(table.holders(of: PartitionIndex(0)) == [])
        table.apply(Self.followed(record, at: 1046))
        #expect(table.holders(of: PartitionIndex(0)).count == 1)
    }

    @Test("a heartbeat from a clock that runs ahead counts from when it was read")
    func aheadClock() {
        let clock = Self.clock()
        let table = HolderTable(clock: clock)
        table.apply(Self.followed(Self.record(0, "a"), at: 9000))
        clock.set(Self.time(1046))
        #expect(table.holders(of: PartitionIndex(0)) == [])
    }

    @Test("an old record that is read late names nobody, nor does an invalid one")
    func readLate() {
        let table = HolderTable(clock: Self.clock())
        table.apply(Self.followed(Self.record(0, "a"), at: 954))
        #expect(table.holders(of: PartitionIndex(0)) == [])
        var broken = Self.followed(Self.record(0, "b"), at: 1000)
        broken.value = Array("{}".utf8)
        table.apply(broken)
        broken.key = [0xFF]
        table.apply(broken)
        #expect(table.holders(of: PartitionIndex(0)) == [])
    }

    @Test("a tombstone takes a holder away, and its own process is never named")
    func withdrawn() {
        let table = HolderTable(ownWorkerID: "me", clock: Self.clock())
        for name in ["me", "a", "b"] { table.apply(Self.followed(Self.record(0, name), at: 1000)) }
        table.apply(Self.followed(Self.record(0, "a"), at: 1000, isTombstone: true))
        #expect(table.holders(of: PartitionIndex(0)).map(\.workerID) == ["b"])
    }

    @Test("beyond its limit the table accepts nobody until others fall silent")
    func limit() {
        let clock = Self.clock()
        let table = HolderTable(clock: clock)
        for number in 0..<HolderTable.entriesMaximum {
            table.apply(Self.followed(Self.record(Int32(number), "a"), at: 1000))
        }
        table.apply(Self.followed(Self.record(0, "b"), at: 1000))
        #expect(table.holders(of: PartitionIndex(0)).map(\.workerID) == ["a"])
        clock.set(Self.time(1046))
        table.apply(Self.followed(Self.record(0, "b"), at: 1046))
        #expect(table.holders(of: PartitionIndex(0)).map(\.workerID) == ["b"])
    }
}
