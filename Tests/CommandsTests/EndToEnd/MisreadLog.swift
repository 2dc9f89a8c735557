import EventLog
import EventModel
import Projector
import SQLiteLog

@testable import Commands

/// A log of whose events one state is taken for another: whoever folds it makes what a fold with a bug in that state
/// makes of the log as it is. The program has no such fold, so a test brings it along.
final class MisreadLog: EventLog {
    private let inner: any EventLog
    private let state: EventType
    private let taken: EventType

    init(_ inner: any EventLog, _ state: EventType, takenFor taken: EventType) {
        (self.inner, self.state, self.taken) = (inner, state, taken)
    }

    func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        try inner.read(partition, from: offset, byteLimit: byteLimit) { record in
            var batch = EventBatch(siteID: SiteID(bytes: []))
            guard case .events = try RecordCodec.decode(record.payload, into: &batch), batch.types.contains(state)
            else { return try body(record) }
            batch.types = batch.types.map { $0 == state ? taken : $0 }
            var bytes: [UInt8] = []
            RecordCodec.encode(batch, into: &bytes)
            try bytes.withUnsafeBytes { payload in
                try body(
                    LogRecord(
                        offset: record.offset, createdAt: record.createdAt, key: record.key, payload: payload,
                        headers: record.headers))
            }
        }
    }

    var epoch: LogEpoch { inner.epoch }
    var partitionCount: Int32 { inner.partitionCount }
    func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] { try inner.append(records) }
    func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset { try inner.startOffset(partition) }
    func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset { try inner.endOffset(partition) }
    func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try inner.offset(partition, at: time)
    }
    func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        inner.waitForRecord(partition, at: offset, timeoutMilliseconds: timeoutMilliseconds)
    }
    func wakeReaders() { inner.wakeReaders() }
}

extension PlantDirectory {
    /// While no server runs: folds the generation of a rebuild anew, taking one state for another. The server that is
    /// started then goes on with it.
    func plantWrongFold(of rebuild: String, _ state: EventType, takenFor taken: EventType) throws {
        let directory = DataDirectory(path: data)
        let log = try SQLiteLog.open(path: directory.log)
        defer { log.close() }
        var configuration = ProjectorConfiguration()
        configuration.separateLog = { SeparateLog(MisreadLog(log, state, takenFor: taken)) }
        let projector = try Projector(log: log, generations: directory.generations, configuration: configuration)
        projector.start()
        defer { projector.stop() }
        try projector.cancel(job: rebuild)
        try projector.build(job: rebuild, pace: .unlimited)
        // Returns when it has folded and stored what the live one has.
        try projector.withBoth(job: rebuild) { _, _, _ in }
    }
}
