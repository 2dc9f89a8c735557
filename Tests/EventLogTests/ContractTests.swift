import EventLog
import EventLogContract
import SQLiteLog
import TestKit
import Testing

@Suite("Every log keeps the contract (DESIGN 1.10)")
struct ContractTests {
    @Test("the log in memory", .timeLimit(.minutes(10)), arguments: ContractClaim.all)
    func inMemory(claim: ContractClaim) throws {
        try claim.run { InMemoryLog() }
    }

    @Test("the log in memory, in several partitions", .timeLimit(.minutes(10)), arguments: ContractClaim.all)
    func partitioned(claim: ContractClaim) throws {
        try claim.run { InMemoryLog(partitionCount: 7) }
    }

    @Test("the log in memory, where offsets are skipped", arguments: ContractClaim.skipping)
    func skipping(claim: ContractClaim) throws {
        try claim.run { InMemoryLog(partitionCount: 3) }
    }

    @Test("the log in SQLite", .timeLimit(.minutes(10)), arguments: ContractClaim.all)
    func sqlite(claim: ContractClaim) throws {
        try run(claim, limits: SQLiteLogLimits())
    }

    @Test(
        "the log in SQLite, read from the file", .timeLimit(.minutes(10)),
        arguments: ContractClaim.all)
    func sqliteWithoutTail(claim: ContractClaim) throws {
        var limits = SQLiteLogLimits()
        limits.tailBytesMaximum = 0
        limits.checkpointPages = 1
        try run(claim, limits: limits)
    }

    @Test(
        "the log in SQLite, where offsets are skipped", arguments: ContractClaim.skipping, [0, 16 << 20])
    func sqliteSkipping(claim: ContractClaim, tailBytes: Int) throws {
        var limits = SQLiteLogLimits()
        limits.tailBytesMaximum = tailBytes
        try run(claim, limits: limits)
    }

    private func run(_ claim: ContractClaim, limits: SQLiteLogLimits) throws {
        let folder = try TemporaryFolder()
        var count = 0
        try claim.run {
            count += 1
            return try SQLiteLog.open(path: folder.file("log\(count).db"), limits: limits)
        }
    }
}
