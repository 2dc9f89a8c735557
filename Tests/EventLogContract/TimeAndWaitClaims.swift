import EventLog
import EventModel
internal import Locks

extension ContractClaim {
    static let times: [ContractClaim] = [
        ContractClaim(name: "everything acknowledged lies between start and end") { makeLog in
            let bench = try Bench(makeLog)
            try require(try bench.log.startOffset(bench.partition) <= bench.base, "the start is after the end")
            for count in 1...3 {
                let positions = try bench.log.append((0..<count).map { bench.record([UInt8($0)]) })
                let end = try bench.log.endOffset(bench.partition)
                try require(positions.last?.offset.next == end, "the end is \(end), the positions are \(positions)")
            }
        },
        ContractClaim(name: "the offset at a time is the first whose created_at is not before it (SPEC 7.3)") {
            makeLog in
            let bench = try Bench(makeLog)
            let times: [Int64] = [50, 40, 60, 10, 60, 80, 70]
            _ = try bench.log.append(times.map { bench.record([1], at: $0) })
            for (time, index) in [(0, 0), (50, 0), (51, 2), (60, 2), (61, 5), (80, 5), (81, 7)] {
                let offset = try bench.log.offset(bench.partition, at: Timestamp(microseconds: Int64(time)))
                try require(offset == bench.offset(index), "at \(time) it is \(offset)")
            }
        },
        ContractClaim(name: "the offset at a time is exact in a long log with times out of order") { makeLog in
            let bench = try Bench(makeLog)
            var generator = SystemRandomNumberGenerator()
            let seed = generator.next()
            var random = SeededGenerator(seed: seed)
            let times = (0..<5000).map { Int64($0) * 10 + Int64.random(in: -500...500, using: &random) }
            for start in stride(from: 0, to: times.count, by: 250) {
                _ = try bench.log.append(times[start..<start + 250].map { bench.record([1], at: $0) })
            }
            for _ in 0..<200 {
                let time = Int64.random(in: -600...50_600, using: &random)
                let expected = bench.offset(times.firstIndex { $0 >= time } ?? times.count)
                let offset = try bench.log.offset(bench.partition, at: Timestamp(microseconds: time))
                try require(offset == expected, "seed \(seed): at \(time) it is \(offset), not \(expected)")
            }
        },
        ContractClaim(name: "up to the end at a time is every record created by then, wherever it stands (SPEC 7.3)") {
            makeLog in
            let bench = try Bench(makeLog)
            let times: [Int64] = [50, 40, 60, 10, 60, 80, 70]
            _ = try bench.log.append(times.map { bench.record([1], at: $0) })
            let end = try bench.log.endOffset(bench.partition)
            for (time, index) in [(10, 4), (40, 4), (50, 4), (60, 5), (70, 7), (80, 7), (90, 7)] {
                let offset = try bench.log.endOffset(bench.partition, upTo: Timestamp(microseconds: Int64(time)))
                // A log that would have to read everything returns its end.
                try require(offset == bench.offset(index) || offset == end, "up to \(time) it is \(offset)")
            }
        },
    ]

    static let waiting: [ContractClaim] = [
        ContractClaim(name: "waiting for a record that is there returns at once, for another one when the time is up") {
            makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append([bench.record([1])])
            try require(
                bench.log.waitForRecord(bench.partition, at: bench.base, timeoutMilliseconds: .max), "it is there")
            for timeout in [-1, 0, 1] {
                try require(
                    !bench.log.waitForRecord(bench.partition, at: bench.offset(1), timeoutMilliseconds: timeout),
                    "nothing is there")
            }
        },
        ContractClaim(name: "an append wakes those who wait for it") { makeLog in
            let bench = try Bench(makeLog)
            let woken = Monitor<[Bool]>([])
            try inThreads(4) { thread in
                if thread == 0 {
                    for _ in 0..<3 { _ = try bench.log.append([bench.record([1])]) }
                } else {
                    let isThere = bench.log.waitForRecord(
                        bench.partition, at: bench.offset(thread - 1), timeoutMilliseconds: .max)
                    woken.withLock { $0.append(isThere) }
                }
            }
            try require(woken.withLock { $0 } == [true, true, true], "not all saw their record")
        },
        ContractClaim(name: "wakeReaders ends every wait, and only those under way") { makeLog in
            let bench = try Bench(makeLog)
            let waiting = Monitor(3)
            try inThreads(4) { thread in
                if thread > 0 {
                    let isThere = bench.log.waitForRecord(
                        bench.partition, at: bench.offset(0), timeoutMilliseconds: .max)
                    waiting.update { $0 -= 1 }
                    return try require(!isThere, "nothing is there")
                }
                // Nobody can see from outside who waits already, so it is repeated, with pauses, until all have returned.
                while waiting.wait(milliseconds: 5, until: { $0 == 0 ? () : nil }) == nil { bench.log.wakeReaders() }
            }
            _ = try bench.log.append([bench.record([1])])
            try require(
                bench.log.waitForRecord(bench.partition, at: bench.base, timeoutMilliseconds: .max), "it is there")
        },
    ]

    static let concurrency: [ContractClaim] = [
        ContractClaim(name: "concurrent appends: every record once, without gaps, each call's side by side") {
            makeLog in
            let bench = try Bench(makeLog)
            let positions = Monitor<[Int: [RecordPosition]]>([:])
            let threads = 8
            let calls = 25
            try inThreads(threads) { thread in
                for call in 0..<calls {
                    let id = thread * calls + call
                    let group = (0..<1 + call % 4).map { bench.record([UInt8(thread), UInt8(call), UInt8($0)]) }
                    let appended = try bench.log.append(group)
                    positions.withLock { $0[id] = appended }
                    // Whoever was answered reads what he wrote.
                    let end = try bench.log.endOffset(bench.partition)
                    try require(appended.allSatisfy { $0.offset < end }, "the end is behind an answer")
                }
            }
            let read = try bench.readAll()
            try require(read.map(\.offset) == (0..<read.count).map { bench.offset($0).value }, "there are gaps")
            var expected: [Int64: [UInt8]] = [:]
            for (id, appended) in positions.withLock({ $0 }) {
                for (index, position) in appended.enumerated() {
                    try require(position.offset.value == appended[0].offset.value + Int64(index), "a group was split")
                    expected[position.offset.value] = [UInt8(id / calls), UInt8(id % calls), UInt8(index)]
                }
            }
            try require(
                Dictionary(uniqueKeysWithValues: read.map { ($0.offset, $0.payload) }) == expected,
                "the records are not where the answers say")
        },
        ContractClaim(name: "a reader that follows the end sees every record once while others append") { makeLog in
            let bench = try Bench(makeLog)
            let total = 400
            let seen = Monitor<[Int64]>([])
            try inThreads(3) { thread in
                guard thread == 0 else {
                    for _ in 0..<total / 4 { _ = try bench.log.append([bench.record([1]), bench.record([2])]) }
                    return
                }
                var next = bench.base
                while next < bench.offset(total) {
                    _ = bench.log.waitForRecord(bench.partition, at: next, timeoutMilliseconds: 1000)
                    next = try bench.log.read(bench.partition, from: next, byteLimit: 16) { record in
                        seen.withLock { $0.append(record.offset.value) }
                    }
                }
            }
            try require(
                seen.withLock { $0 } == (0..<total).map { bench.offset($0).value }, "records are missing or twice there"
            )
        },
    ]
}
