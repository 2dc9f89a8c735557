// Layer: machine. A digest of a store to which somebody commits while it is read. Shows that the store is held in short
// slices, and that slices of different states are never mixed.
import EventLog
import EventModel
import Locks
import ProjectionStore
import SQLiteLog
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("Digests beside a writer (DESIGN 1.9)", .timeLimit(.minutes(10)))
struct DigestSliceTests {
    /// Appends a record, and has it folded and committed, whenever somebody asks for the end: between the moment when the
    /// store is loaded and the one when its pages are read.
    private final class BusyLog: EventLog {
        private let workplace: Workplace
        private let rest: Guarded<ArraySlice<RandomScenario.Record>>
        /// How often that happens.
        private let commits: Guarded<Int>
        /// A record that has become unreadable since it was folded.
        private let damaged: LogOffset?

        init(
            _ workplace: Workplace, _ rest: ArraySlice<RandomScenario.Record>, commits: Int, damaged: LogOffset? = nil
        ) {
            self.workplace = workplace
            self.damaged = damaged
            self.rest = Guarded(rest)
            self.commits = Guarded(commits)
        }

        var epoch: LogEpoch { workplace.log.epoch }
        var partitionCount: Int32 { 1 }
        var isBusy: Bool { commits.withLock { $0 > 0 } }

        func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] { try workplace.log.append(records) }

        func read(
            _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
        ) throws -> LogOffset {
            try workplace.log.read(partition, from: offset, byteLimit: byteLimit) { record in
                guard record.offset == damaged else { return try body(record) }
                let cut = NewRecord(
                    key: Array(record.key), createdAt: record.createdAt, payload: Array(record.payload.dropLast()))
                try cut.withLogRecord(at: record.offset, body)
            }
        }

        func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset { .zero }

        func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset {
            let isDue = commits.withLock { left in
                left -= 1
                return left >= 0
            }
            if isDue, let record = rest.withLock({ $0.popFirst() }) {
                do {
                    try workplace.append([record])
                    try workplace.foldToEnd(.forgetful)
                } catch { throw LogError(.unavailable, "\(error)") }
            }
            return try workplace.log.endOffset(partition)
        }

        func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
            try workplace.log.offset(partition, at: time)
        }

        func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
            workplace.log.waitForRecord(partition, at: offset, timeoutMilliseconds: timeoutMilliseconds)
        }

        func wakeReaders() { workplace.log.wakeReaders() }
    }

    // 0: nobody commits. 1: the second attempt succeeds. 9: none does, and the log is folded apart.
    @Test("the digest of a store that changes while it is read is that of the log (SPEC 8.4)", arguments: [0, 1, 9])
    func busy(commits: Int) throws {
        let scenario = RandomScenario(seed: 9_300, size: .init(events: 400, workers: 4, eventsPerRecord: 8))
        let workplace = try Workplace()
        let first = scenario.records.count - 12
        try workplace.append(scenario.records[..<first])
        try workplace.foldToEnd(.forgetful)
        let log = BusyLog(workplace, scenario.records[first...], commits: commits)
        let found = try SiteDigest.compute(
            site: RandomScenario.siteID, log, nil, workplace.storePath, sliceMilliseconds: -1)
        #expect(!log.isBusy || commits == 9)
        // Nothing was acknowledged after the last look at the end.
        let right = try SiteDigest.compute(site: RandomScenario.siteID, log: workplace.log, storePath: nil)
        #expect(found == right && found != nil)
    }

    @Test("a digest for which a record has to be read that cannot be decoded ends, and names the record (SPEC 7.4)")
    func damaged() throws {
        let scenario = RandomScenario(seed: 9_300, size: .init(events: 400, workers: 4, eventsPerRecord: 8))
        let workplace = try Workplace()
        let first = scenario.records.count - 12
        try workplace.append(scenario.records[..<first])
        try workplace.foldToEnd(.forgetful)
        let log = BusyLog(workplace, scenario.records[first...], commits: 9, damaged: LogOffset(2))
        let error = #expect(throws: ProjectorError.self) {
            try SiteDigest.compute(site: RandomScenario.siteID, log, nil, workplace.storePath, sliceMilliseconds: -1)
        }
        #expect(error?.code == .failed && error?.message.contains("offset 2 of partition 0") == true)
    }
}
