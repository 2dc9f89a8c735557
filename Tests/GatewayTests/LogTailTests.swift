import Clocks
import Crypto
import EventLog
import EventModel
import Locks
import Observability
import Sites
import Testing

@testable import Gateway

@Suite("What a gateway remembers from before its start")
struct LogTailTests {
    let log = InMemoryLog(partitionCount: 4)
    let start = Timestamp(microseconds: 1_768_219_200_000_000)

    private var sites: [SiteID] {
        (0..<4).map { number in
            (0..<1000).lazy.map { SiteID("plant-\($0)") }.first {
                Partitioner.partition(of: $0.bytes, partitionCount: 4).value == number
            } ?? "none"
        }
    }

    /// Records of `events` events each, one second apart, one worker in each partition.
    private func fill(records: Int, events: Int) throws {
        for site in sites {
            for number in 0..<records {
                var batch = EventBatch(siteID: site, createdAt: start + Int64(number) * Microseconds.second)
                let worker = batch.ids.append(Array("w1".utf8))
                let station = batch.ids.append(Array("s1".utf8))
                for event in 0..<events {
                    batch.append(
                        time: time(number * events + event), type: .working, mark: .accepted, worker: worker,
                        workstation: station, camera: nil, modelVersion: nil, confidence: 900_000, count: 0)
                }
                var payload: [UInt8] = []
                RecordCodec.encode(batch, into: &payload)
                _ = try log.append([NewRecord(key: site.bytes, createdAt: batch.createdAt, payload: payload)])
            }
        }
    }

    private func time(_ number: Int) -> Int64 { start.microseconds + Int64(number) }

    private func tail(
        _ log: any EventLog, _ bounds: LogTail.Bounds, after seconds: Int64 = 3600,
        answers: AnswerKeeper = AnswerKeeper(), clock: any ProcessClock = ManualClock(), journal: Journal = .silent
    ) throws -> LogTail {
        try LogTail(
            log, now: start + seconds * Microseconds.second, bounds: bounds,
            budget: WindowBudget(keysMaximum: 1 << 20, partitionCount: 4), answers: answers, clock: clock,
            journal: journal)
    }

    /// Whether the window of a partition knows its event of this number.
    private func knows(_ tail: LogTail, _ partition: Int, _ number: Int) -> Bool {
        var window = tail.partitions[partition].window
        let site = window.window(of: sites[partition])
        let slot = Array("w1".utf8).withUnsafeBytes { site.slot(of: $0, hash: IDHash.of($0)) }
        return !site.insert(SiteWindow.key(time: time(number), type: .working), of: slot, .accepted)
    }

    @Test("without reaching a bound all partitions are read as a whole (SPEC 2.6)")
    func whole() throws {
        try fill(records: 600, events: 2)
        let tail = try tail(log, LogTail.Bounds())
        #expect(tail.eventCount == 4 * 1200)
        for partition in 0..<4 {
            #expect(knows(tail, partition, 1199) && tail.partitions[partition].newestStamp == start + 599_000_000)
        }
    }

    @Test("of several records with one Idempotency-Key the newest holds the answer that was given (SPEC 2.5)")
    func unacknowledgedTry() throws {
        let claim = IdempotencyClaim(
            apiKeyID: Array("key".utf8), path: Array("/api/events".utf8), key: Array("batch-1".utf8),
            bodyHash: SHA256Digest.of(Array("body".utf8)))
        for (number, verdict) in [Verdict.accepted, .duplicate].enumerated() {
            var batch = EventBatch(siteID: sites[1], createdAt: start + Int64(number) * Microseconds.second)
            batch.idempotency = claim.record(VerdictRuns([verdict]))
            var payload: [UInt8] = []
            RecordCodec.encode(batch, into: &payload)
            _ = try log.append([NewRecord(key: sites[1].bytes, createdAt: batch.createdAt, payload: payload)])
        }
        let answers = AnswerKeeper()
        _ = try tail(log, LogTail.Bounds(), answers: answers)
        guard case .answered(let answer) = answers.begin(claim, now: start) else {
            Issue.record("the key is not known")
            return
        }
        #expect(answer.verdicts.verdicts == [.duplicate] && answer.position?.offset.value == 1)
    }

    @Test("of each site's definitions the newest is kept, and how many came before it (SPEC 3)")
    func definitions() throws {
        for number in 0..<600 {
            var definition = makeDefinition(sites[2])
            definition.name = "Plant \(number)"
            var payload: [UInt8] = []
            RecordCodec.encode(
                DefinitionRecord(definition: definition.withoutPersonalData, createdAt: start), into: &payload)
            _ = try log.append([NewRecord(key: sites[2].bytes, createdAt: start, payload: payload)])
        }
        let found = try tail(log, LogTail.Bounds()).definitions
        #expect(found.count == 1 && found[0].newest.definition.name == "Plant 599")
        #expect(found[0].position.offset.value == 599)
        #expect(found[0].earlier.map(\.value).sorted() == Array(0..<599))
        // As many as the registry does not count yet.
        let registered = PlacedDefinition(
            definition: makeDefinition(sites[2]), version: 7, createdAt: start,
            position: RecordPosition(partition: PartitionIndex(2), offset: LogOffset(589)))
        var recovery = SiteRecovery(registry: [registered], folded: [])
        recovery.take(found[0].newest, at: found[0].position, after: found[0].earlier)
        #expect(recovery.sites[sites[2]]?.version == 17)
    }

    @Test("the bound on events holds over all partitions together, and each of them gives its newest")
    func events() throws {
        try fill(records: 2000, events: 2)
        let tail = try tail(log, LogTail.Bounds(eventsMaximum: 4000))
        // One stretch of each partition, and no more than one beyond the bound.
        #expect(tail.eventCount >= 4 * 512 && tail.eventCount < 4000 + 2 * 512)
        for partition in 0..<4 { #expect(knows(tail, partition, 3999)) }
    }

    @Test("a start takes no longer than its time, and what is read by then is of use")
    func milliseconds() throws {
        try fill(records: 2000, events: 1)
        let tail = try tail(
            log, LogTail.Bounds(milliseconds: 8), clock: SteppingClock(start, uptimeMilliseconds: 1))
        #expect(tail.eventCount > 0 && tail.eventCount < 4 * 2000)
        #expect(knows(tail, 0, 1999) && !knows(tail, 3, 0))
        #expect(try self.tail(log, LogTail.Bounds(milliseconds: 0)).eventCount == 0)
    }

    @Test("what is older than 24 hours is not read (SPEC 2.5)")
    func old() throws {
        try fill(records: 10, events: 1)
        #expect(try tail(log, LogTail.Bounds(), after: 86_400).eventCount == 40)
        #expect(try tail(log, LogTail.Bounds(), after: 86_405).eventCount == 20)
    }

    @Test("a partition that cannot be read now is left out and reported; the others are remembered")
    func unreadable() throws {
        try fill(records: 10, events: 1)
        let events = Guarded<[JournalEvent]>([])
        let wrapped = WrappedLog(log, unreadable: PartitionIndex(2))
        let tail = try tail(
            wrapped, LogTail.Bounds(), journal: Journal { event in events.withLock { $0.append(event) } })
        #expect(tail.eventCount == 30 && knows(tail, 3, 9) && !knows(tail, 2, 9))
        let reported = events.withLock { $0 }
        #expect(
            reported.prefix(1).map { $0.message.contains("partition 2") && $0.message.contains("leader is away") }
                == [true])
        #expect(reported.map(\.name) == ["log_tail_unreadable", "answers_incomplete"])
    }

    @Test("what is no record of Andon is named once, passed over, and keeps no gateway from starting")
    func junk() throws {
        try fill(records: 2, events: 1)
        let junk = NewRecord(key: [1], createdAt: start, payload: [1, 2, 3])
        let place = try log.append([junk, junk])[0]
        try fill(records: 2, events: 1)
        let events = Guarded<[JournalEvent]>([])
        let tail = try tail(log, LogTail.Bounds(), journal: Journal { event in events.withLock { $0.append(event) } })
        #expect(tail.eventCount == 4 * Int(log.partitionCount))
        #expect(events.withLock { $0.map(\.name) } == ["record_unreadable"])
        #expect(events.withLock { $0.first?.message.contains(log.name(of: place)) } == true)
        #expect(tail.partitions.allSatisfy { $0.newerFormat == nil })
    }

    @Test("a record of a newer version closes admission to its partition alone")
    func newerVersion() throws {
        var payload: [UInt8] = []
        RecordCodec.encode(EventBatch(siteID: sites[2], createdAt: start), into: &payload)
        // The content begins with its version; the record begins with the checksum of the content.
        let content = try #require(payload.indices.dropFirst(6).first { payload[$0...].starts(with: [0x08, 0x01]) })
        payload[content + 1] = 2
        let checksum = payload[content...].withUnsafeBytes { CRC32C.checksum($0) }
        for byte in 0..<4 { payload[1 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        let place = try log.append([NewRecord(key: sites[2].bytes, createdAt: start, payload: payload)])[0]
        let tail = try tail(log, LogTail.Bounds())
        let closed = tail.partitions.map(\.newerFormat)
        #expect(closed[Int(place.partition.value)] == place && closed.compactMap { $0 }.count == 1)
    }
}
