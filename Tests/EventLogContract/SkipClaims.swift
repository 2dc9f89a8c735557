import EventLog
import EventModel

extension ContractClaim {
    /// What a log in which offsets can be declared as skipped must do besides ``all`` (SPEC 7.4).
    package static let skipping: [ContractClaim] = [
        ContractClaim(name: "skipped offsets are passed over, wherever they are and however much is read at once") {
            makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<10).map { bench.record([UInt8($0)]) })
            // At the beginning, two that touch in the middle, and at the end.
            for (first, next) in [(8, 10), (3, 5), (0, 1), (5, 6)] { try bench.skip(first, next) }
            for limit in [0, 1, 2, 1 << 20] {
                let read = try bench.readAll(byteLimit: limit)
                try require(read.map(\.payload) == [[1], [2], [6], [7]], "limit \(limit) gave \(read.map(\.offset))")
                try require(
                    read.map(\.offset) == [1, 2, 6, 7].map { bench.offset($0).value }, "the offsets moved")
            }
            // Also from the middle of what is skipped.
            for (start, count) in [(4, 2), (5, 2), (8, 0), (9, 0)] {
                let read = try bench.readAll(from: bench.offset(start))
                try require(read.count == count, "from \(start) it gave \(read.map(\.offset))")
            }
        },
        ContractClaim(name: "a read that finds only skipped offsets goes on behind them, without a record") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<3).map { bench.record([UInt8($0)]) })
            try bench.skip(1, 3)
            let next = try bench.log.read(bench.partition, from: bench.offset(1), byteLimit: 100) { _ in
                throw ContractViolation(description: "a skipped record")
            }
            try require(next == bench.offset(3), "goes on at \(next)")
            try require(
                bench.log.waitForRecord(bench.partition, at: bench.offset(1), timeoutMilliseconds: 0),
                "nobody would read on")
            _ = try bench.log.append([bench.record([9])])
            try require(try bench.readAll(from: bench.offset(1)).map(\.payload) == [[9]], "the next record is missing")
        },
        ContractClaim(name: "skips are listed in order, with reason, name and time") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<6).map { bench.record([UInt8($0)]) })
            try require(try bench.log.skips(bench.partition).isEmpty, "a new log has skips")
            let later = try bench.skip(4, 6)
            let earlier = try bench.skip(1, 2)
            let listed = try bench.log.skips(bench.partition)
            try require(listed == [earlier, later], "the skips are \(listed)")
            try require(listed.cover(bench.offset(1)..<bench.offset(2)), "a declared offset is not covered")
            try require(!listed.cover(bench.offset(1)..<bench.offset(3)), "an offset is covered that nobody declared")
        },
        ContractClaim(name: "what is empty, skipped already or not in the log cannot be skipped") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<6).map { bench.record([UInt8($0)]) })
            let skip = try bench.skip(2, 4)
            for (first, next) in [(1, 1), (3, 1), (2, 4), (1, 3), (3, 5), (0, 6)] {
                try requireError(.invalidRecord) { try bench.skip(first, next) }
            }
            try requireError(.outOfRange) { try bench.skip(5, 7) }
            try requireError(.outOfRange) { try bench.skip(6, 7) }
            try require(try bench.log.skips(bench.partition) == [skip], "a refused skip is in force")
            try require(try bench.readAll().count == 4, "a refused skip is passed over")
        },
        ContractClaim(name: "a refused skip names an offset that is not in the log, and not one that is") { makeLog in
            let bench = try Bench(makeLog)
            _ = try bench.log.append((0..<3).map { bench.record([UInt8($0)]) })
            let before = -1 - Int(bench.base.value)
            for (first, next, named) in [(1, 6, 5), (5, 7, 6), (before, 2, before)] {
                try requireError(.outOfRange, naming: "offset \(bench.offset(named).value) is not in the log") {
                    try bench.skip(first, next)
                }
            }
        },
    ]
}

extension Bench {
    /// Declares the records from one place to another, exclusive, as skipped.
    @discardableResult
    func skip(_ first: Int, _ next: Int) throws -> LogSkip {
        guard let log = log as? any SkippableLog else {
            throw ContractViolation(description: "nothing can be skipped in this log")
        }
        let skip = LogSkip(
            first: offset(first), next: offset(next), reason: "junk from \(first) on", by: "an operator",
            at: Timestamp(microseconds: 1_700_000_000_123_456))
        try log.declare(skip, in: partition)
        return skip
    }
}
