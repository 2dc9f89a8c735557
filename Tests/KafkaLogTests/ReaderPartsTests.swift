import EventLog
import EventModel
import Testing

@testable import KafkaLog

@Suite("Ends, buffers and times of a partition on Kafka")
struct ReaderPartsTests {
    struct Fake: BufferedRecord, Equatable {
        var offset: LogOffset
        var payloadByteCount: Int
        var heldByteCount: Int { payloadByteCount + 10 }
    }

    private func buffer(_ offsets: Range<Int64>) -> FetchBuffer<Fake> {
        var buffer = FetchBuffer<Fake>()
        for offset in offsets {
            buffer.append(Fake(offset: LogOffset(offset), payloadByteCount: 100), expected: LogOffset(offset))
        }
        return buffer
    }

    private static func take(_ buffer: inout FetchBuffer<Fake>, _ byteLimit: Int) -> [Fake] {
        buffer.take(byteLimit: byteLimit).records
    }

    @Test(
        "a buffer goes on behind offsets without a record, at its beginning, between others and at its end (SPEC 7.4)")
    func holes() {
        var buffer = FetchBuffer<Fake>()
        buffer.append(Fake(offset: LogOffset(7), payloadByteCount: 100), expected: LogOffset(5))
        buffer.append(Fake(offset: LogOffset(8), payloadByteCount: 100), expected: LogOffset(8))
        buffer.append(Fake(offset: LogOffset(12), payloadByteCount: 100), expected: LogOffset(9))
        buffer.extend(from: LogOffset(13), to: LogOffset(15))
        #expect(buffer.contains(LogOffset(5)) && buffer.contains(LogOffset(14)) && !buffer.contains(LogOffset(15)))
        #expect(buffer.skip(to: LogOffset(6)).isEmpty)
        #expect(buffer.skip(to: LogOffset(8)).map(\.offset.value) == [7])
        let first = buffer.take(byteLimit: 1)
        #expect(first.records.map(\.offset.value) == [8] && first.next == LogOffset(9))
        #expect(buffer.skip(to: LogOffset(11)).isEmpty)
        let second = buffer.take(byteLimit: 1)
        #expect(second.records.map(\.offset.value) == [12] && second.next == LogOffset(15))
        buffer.extend(from: LogOffset(15), to: LogOffset(16))
        let last = buffer.take(byteLimit: 1)
        #expect(last.records.isEmpty && last.next == LogOffset(16) && buffer.isEmpty)
    }

    @Test("fetching stands still where an offset is fetched for a minute and the log reaches beyond")
    func stalls() {
        let maximum = FetchProgress.stallMicrosecondsMaximum
        var progress = FetchProgress()
        func isStalled(_ next: Int64?, _ end: Int64, _ now: Int64) -> Bool {
            progress.observe(next.map { LogOffset($0) }, end: LogOffset(end), now: now)
        }
        #expect(!isStalled(5, 9, 0) && !isStalled(5, 9, maximum) && isStalled(5, 9, maximum + 1))
        #expect(!isStalled(5, 9, 2 * maximum + 1) && isStalled(5, 9, 2 * maximum + 2))
        let start = 3 * maximum
        #expect(!isStalled(6, 9, start), "a record has arrived")
        #expect(!isStalled(6, 6, start + 2 * maximum), "all that there is has arrived")
        #expect(!isStalled(6, 7, start + 4 * maximum) && !isStalled(nil, 7, start + 4 * maximum + 1))
        #expect(!isStalled(6, 7, start + 8 * maximum), "nothing was fetched between")
    }

    @Test("a buffer gives records up to the byte limit, at least one, in order")
    func taking() {
        var buffer = buffer(5..<15)
        #expect(Self.take(&buffer, 0).map(\.offset.value) == [5])
        #expect(Self.take(&buffer, 101).map(\.offset.value) == [6, 7])
        #expect(!buffer.contains(LogOffset(7)) && buffer.contains(LogOffset(8)) && !buffer.contains(LogOffset(15)))
        #expect(buffer.skip(to: LogOffset(12)).map(\.offset.value) == [8, 9, 10, 11])
        #expect(buffer.payloadByteCount == 300 && buffer.heldByteCount == 330)
        #expect(Self.take(&buffer, .max).map(\.offset.value) == [12, 13, 14])
        #expect(buffer.isEmpty && buffer.end == nil && buffer.payloadByteCount == 0 && buffer.heldByteCount == 0)
        buffer.append(Fake(offset: .zero, payloadByteCount: 1), expected: .zero)
        #expect(buffer.removeAll() == [Fake(offset: .zero, payloadByteCount: 1)])
    }

    @Test("an end rises by answers and by what is seen, and says how old the answer is")
    func rising() {
        var tracker = EndTracker()
        #expect(tracker.known(now: 0) == nil)
        tracker.reaches(LogOffset(9))
        #expect(tracker.known(now: 0) == nil)
        #expect(tracker.observe(LogOffset(5), askedAt: 100) == nil)
        tracker.reaches(LogOffset(7))
        #expect(tracker.known(now: 150) == KnownEnd(offset: LogOffset(7), ageMicroseconds: 50))
        tracker.reaches(LogOffset(6))
        #expect(tracker.observe(LogOffset(8), askedAt: 90) == nil)
        #expect(tracker.known(now: 150) == KnownEnd(offset: LogOffset(8), ageMicroseconds: 50))
    }

    @Test("an end that falls and stays below is a log that was cut; one that lags for a moment is not")
    func falling() {
        var tracker = EndTracker()
        _ = tracker.observe(LogOffset(50), askedAt: 0)
        #expect(tracker.observe(LogOffset(40), askedAt: 1) == nil)
        #expect(tracker.observe(LogOffset(50), askedAt: 6_000_000) == nil)
        #expect(tracker.observe(LogOffset(10), askedAt: 7_000_000) == nil)
        #expect(tracker.observe(LogOffset(10), askedAt: 11_000_000) == nil)
        #expect(tracker.known(now: 11_000_000) == KnownEnd(offset: LogOffset(50), ageMicroseconds: 5_000_000))
        #expect(tracker.observe(LogOffset(11), askedAt: 12_000_001) == LogOffset(50))
        #expect(tracker.known(now: 12_000_001) == KnownEnd(offset: LogOffset(11), ageMicroseconds: 0))
    }

    @Test("created_at travels exactly; Kafka's milliseconds rise with it and are never 0 or less")
    func times() {
        let times: [Int64] = [.min, -1001, -1000, -1, 0, 1, 999, 1000, 1999, 2000, 1_700_000_000_123_456, .max]
        for time in times {
            let bytes = RecordTime.encode(Timestamp(microseconds: time))
            #expect(bytes.withUnsafeBytes { RecordTime.decode($0) } == Timestamp(microseconds: time))
        }
        let milliseconds = times.map { RecordTime.milliseconds(Timestamp(microseconds: $0)) }
        #expect(milliseconds == [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1_700_000_000_123, .max / 1000])
        #expect([UInt8](repeating: 0, count: 7).withUnsafeBytes { RecordTime.decode($0) } == nil)
    }

    @Test("the memory of all buffers together stays within its limit, however many partitions there are")
    func memory() {
        for count in 0...128 {
            let bytes = ReaderLimits.heldBytes(usedPartitions: count)
            #expect(bytes >= ReaderLimits.heldBytesMinimum && bytes * count <= ReaderLimits.heldBytesTotal)
        }
    }
}
