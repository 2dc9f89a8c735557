import EventLog
import EventLogContract
import EventModel
import Testing

struct InMemoryLogTests {
    private let partition = PartitionIndex(0)

    private func record(_ byte: UInt8) -> NewRecord {
        NewRecord(key: [1], createdAt: Timestamp(microseconds: 0), payload: [byte])
    }

    @Test("keys are spread over the partitions as Kafka would")
    func partitions() throws {
        let log = InMemoryLog(partitionCount: 5)
        for key in 0..<20 as Range<UInt8> {
            let position = try log.append([NewRecord(key: [key], createdAt: .earliest, payload: [])])
            #expect(position[0].partition == Partitioner.partition(of: [key], partitionCount: 5))
        }
        let ends = try (0..<5).map { try log.endOffset(PartitionIndex($0)).value }
        #expect(ends.reduce(0, +) == 20 && ends.allSatisfy { $0 > 0 })
    }

    @Test("an append that a test lets fail stores nothing, and the one after it works")
    func failNext() throws {
        let log = InMemoryLog()
        log.failNextAppends(2)
        for _ in 0..<2 {
            let failure = #expect(throws: LogError.self) { try log.append([record(1)]) }
            #expect(failure?.code == .unavailable)
        }
        #expect(try log.endOffset(partition) == .zero)
        #expect(try log.append([record(2)]).map(\.offset) == [.zero])
    }

    @Test("a hook can fail an append before it stores, or after")
    func hook() throws {
        let log = InMemoryLog()
        log.onAppend { (moment, records) throws(LogError) in
            guard moment == (records[0].payload == [1] ? .before : .after) else { return }
            throw LogError(.uncertain, "lost")
        }
        for byte in 1...2 as ClosedRange<UInt8> {
            let failure = #expect(throws: LogError.self) { try log.append([record(byte)]) }
            #expect(failure?.code == .uncertain)
            #expect(try log.endOffset(partition).value == Int64(byte) - 1)
        }
        log.onAppend(nil)
        #expect(try log.append([record(1)]).map(\.offset) == [LogOffset(1)])
    }

    @Test("held appends are not stored until they are released", .timeLimit(.minutes(10)))
    func held() throws {
        let log = InMemoryLog()
        log.holdAppends()
        try inThreads(3) { thread in
            if thread > 0 {
                _ = try? log.append([record(UInt8(thread))])
                return
            }
            log.waitForHeldAppends(2)
            let end = try log.endOffset(partition)
            #expect(end == .zero)
            // Asked for while they are held, it strikes one of them.
            log.failNextAppends(1)
            log.releaseAppends()
        }
        #expect(try log.endOffset(partition).value == 1)
    }
}
