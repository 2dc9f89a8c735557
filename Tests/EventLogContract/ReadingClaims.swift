import EventLog
import EventModel

extension ContractClaim {
    static let reading: [ContractClaim] = [
        ContractClaim(name: "a read ends with the record that fills the byte limit, and gives at least one") {
            makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<10).map { bench.record(Array(repeating: UInt8($0), count: 100)) })
            // Limit, and how many records of 100 bytes it lets through.
            for (limit, count) in [(0, 1), (1, 1), (100, 1), (101, 2), (300, 3), (1000, 10), (1_000_000, 10)] {
                var read: [ReadRecord] = []
                let next = try bench.log.read(bench.partition, from: bench.base, byteLimit: limit) {
                    read.append(ReadRecord($0))
                }
                try require(read.count == count, "limit \(limit) gave \(read.count) records")
                try require(next == bench.offset(count), "limit \(limit) goes on at \(next)")
            }
        },
        ContractClaim(name: "reading in small steps gives the same as reading at once, from any offset") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<50).map { bench.record(Array(repeating: UInt8($0), count: $0)) })
            let whole = try bench.readAll()
            try require(whole.count == 50, "\(whole.count) records")
            for limit in [1, 7, 64, 333] {
                try require(try bench.readAll(byteLimit: limit) == whole, "steps of \(limit) differ")
            }
            for start in 0..<50 {
                try require(try bench.readAll(from: bench.offset(start)) == Array(whole[start...]), "from \(start)")
            }
        },
        ContractClaim(name: "at the end a read gives nothing and stays") { makeLog in
            let bench = try Bench(makeLog)
            for _ in 0..<2 {
                let end = try bench.log.endOffset(bench.partition)
                let next = try bench.log.read(bench.partition, from: end, byteLimit: 100) { _ in
                    throw ContractViolation(description: "a record after the end")
                }
                try require(next == end, "goes on at \(next)")
                _ = try bench.log.append([bench.record([1])])
            }
        },
        ContractClaim(name: "offsets and partitions that are not there are out of range") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append([bench.record([1])])
            let end = try bench.log.endOffset(bench.partition)
            for offset in [LogOffset(-1), LogOffset(.min), end.next, LogOffset(.max)] {
                try requireError(.outOfRange) {
                    _ = try bench.log.read(bench.partition, from: offset, byteLimit: 100) { _ in }
                }
            }
            for partition in [PartitionIndex(-1), PartitionIndex(bench.log.partitionCount)] {
                try requireError(.outOfRange) { _ = try bench.log.endOffset(partition) }
                try requireError(.outOfRange) { _ = try bench.log.startOffset(partition) }
                try requireError(.outOfRange) { _ = try bench.log.offset(partition, at: .earliest) }
                try requireError(.outOfRange) {
                    _ = try bench.log.read(partition, from: .zero, byteLimit: 100) { _ in }
                }
                try require(
                    !bench.log.waitForRecord(partition, at: .zero, timeoutMilliseconds: 0), "a record in no partition")
            }
        },
        ContractClaim(name: "what a reader throws ends the read and comes through; the next read works") { makeLog in
            struct Stop: Error {}
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<3).map { bench.record([UInt8($0)]) })
            var seen = 0
            do {
                _ = try bench.log.read(bench.partition, from: bench.base, byteLimit: 100) { _ in
                    seen += 1
                    throw Stop()
                }
                try require(false, "nothing was thrown")
            } catch is Stop {}
            try require(seen == 1, "the reader was called \(seen) times")
            try require(try bench.readAll().count == 3, "the next read differs")
        },
        ContractClaim(name: "a reader may use the log while it reads") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<3).map { bench.record([UInt8($0)]) })
            var inner: [Int] = []
            _ = try bench.log.read(bench.partition, from: bench.base, byteLimit: 100) { _ in
                inner.append(try bench.readAll().count)
                _ = try bench.log.append([bench.record([9])])
            }
            try require(inner == [3, 4, 5], "the reads inside gave \(inner)")
        },
    ]
}
