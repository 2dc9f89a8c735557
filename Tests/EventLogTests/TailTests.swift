import EventLog
import EventModel
import Testing

@testable import SQLiteLog

struct TailTests {
    private func record(_ bytes: Int) -> NewRecord {
        NewRecord(key: [], createdAt: .earliest, payload: Array(repeating: 1, count: bytes))
    }

    @Test("it holds the newest records within its bound, at and beyond it")
    func bound() {
        // 160 bytes count for each record beside its content.
        var tail = Tail(end: LogOffset(5), bytesMaximum: 3 * 200)
        tail.append([record(40), record(40), record(40)], from: LogOffset(5))
        #expect(tail.start == LogOffset(5) && tail.end == LogOffset(8))
        tail.append([record(40)], from: LogOffset(8))
        #expect(tail.start == LogOffset(6))
        #expect(tail.slice(from: LogOffset(5), byteLimit: 1000) == nil)
        #expect(tail.slice(from: LogOffset(6), byteLimit: 1000)?.count == 3)
        #expect(tail.slice(from: LogOffset(6), byteLimit: 41)?.count == 2)
        #expect(tail.slice(from: LogOffset(9), byteLimit: 1)?.isEmpty == true)
        #expect(tail.slice(from: LogOffset(10), byteLimit: 1) == nil)
        tail.append([record(1000)], from: LogOffset(9))
        #expect(tail.start == LogOffset(10) && tail.end == LogOffset(10))
    }

    @Test("records that it did not see leave no hole: it starts again behind them")
    func hole() {
        var tail = Tail(end: .zero, bytesMaximum: 10_000)
        tail.append([record(1)], from: .zero)
        tail.append([record(2)], from: LogOffset(4))
        #expect(tail.start == LogOffset(4) && tail.end == LogOffset(5))
        #expect(tail.slice(from: LogOffset(0), byteLimit: 1000) == nil)
        #expect(tail.slice(from: LogOffset(4), byteLimit: 1000)?.map(\.payload.count) == [2])
    }

    @Test("the right records stay through many removals")
    func many() {
        var tail = Tail(end: .zero, bytesMaximum: 100 * 161)
        for offset in 0..<5000 as Range<Int64> {
            let new = NewRecord(key: [], createdAt: Timestamp(microseconds: offset), payload: [1])
            tail.append([new], from: LogOffset(offset))
        }
        let kept = tail.slice(from: tail.start, byteLimit: 1 << 20)
        #expect(kept?.map(\.createdAt.microseconds) == Array(4900..<5000))
    }
}
