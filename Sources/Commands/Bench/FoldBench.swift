internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog
internal import Locks
internal import ProjectionStore
internal import Projector
internal import SQLiteLog
internal import SimulationKit
internal import Timeline

/// The parts of `andon bench` that need no HTTP: fold, and replay compared with a bare scan of the same log.
enum FoldBench {
    /// (a) Decoded events into time lines and hours, in memory.
    static func fold(_ benchCase: BenchCase) throws -> BenchResult {
        var load = LoadBatches(benchCase.shape)
        var batch = EventBatch(siteID: benchCase.shape.siteID)
        var fold = PartitionFold()
        let pages = NoPages()
        let record = DefinitionRecord(
            definition: benchCase.definition, createdAt: benchCase.shape.createdAt(of: 0))
        try fold.apply(record, offset: fold.nextOffset, hourOffset: 0, pages: pages)
        var result = BenchResult()
        let clock = ContinuousClock()
        for request in 0..<benchCase.requests {
            load.fill(&batch, request: request)
            let start = clock.now
            try fold.apply(batch, offset: fold.nextOffset, pages: pages)
            result.seconds += (clock.now - start).inSeconds
            result.events += batch.count
        }
        return result
    }

    /// Writes the load into a log as a gateway would.
    static func fill(_ benchCase: BenchCase) throws -> BenchResult {
        let (log, close) = try benchCase.openLog(forWriting: true)
        defer { close() }
        let shape = benchCase.shape
        var load = LoadBatches(shape)
        var batch = EventBatch(siteID: shape.siteID)
        var payload: [UInt8] = []
        RecordCodec.encode(
            DefinitionRecord(definition: benchCase.definition, createdAt: shape.createdAt(of: 0)), into: &payload)
        _ = try log.append([NewRecord(key: shape.siteID.bytes, createdAt: shape.createdAt(of: 0), payload: payload)])
        var records: [NewRecord] = []
        var bytes = 0
        for request in 0..<benchCase.requests {
            load.fill(&batch, request: request)
            payload.removeAll(keepingCapacity: true)
            RecordCodec.encode(batch, into: &payload)
            bytes += payload.count
            records.append(NewRecord(key: shape.siteID.bytes, createdAt: batch.createdAt, payload: payload))
            if records.count == 512 || request == benchCase.requests - 1 {
                _ = try log.append(records)
                records.removeAll(keepingCapacity: true)
            }
        }
        var result = BenchResult(events: benchCase.events)
        result.details["payload_bytes_per_event"] = Double(bytes) / Double(benchCase.events)
        return result
    }

    /// Bare scan and decode: the minimum work for any reader of this log.
    static func scan(_ benchCase: BenchCase) throws -> BenchResult {
        let (log, close) = try benchCase.openLog(forWriting: false)
        defer { close() }
        var batch = EventBatch(siteID: benchCase.shape.siteID)
        var result = BenchResult()
        let partition = PartitionIndex(0)
        var bytes = 0
        result.seconds = try measureSeconds {
            var offset = LogOffset.zero
            let end = try log.endOffset(partition)
            while offset < end {
                _ = log.waitForRecord(partition, at: offset, timeoutMilliseconds: 1000)
                offset = try log.read(partition, from: offset, byteLimit: 1 << 20) { record in
                    _ = try RecordCodec.decode(record.payload, into: &batch)
                    result.events += batch.count
                    bytes += record.payload.count
                }
            }
        }
        result.details["bytes"] = Double(bytes)
        return result
    }

    /// (b) The log into durable projections: from an empty store until everything is committed.
    static func replay(_ benchCase: BenchCase) throws -> BenchResult {
        let (log, close) = try benchCase.openLog(forWriting: false)
        defer { close() }
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: benchCase.storePath + suffix) }
        var result = BenchResult()
        let end = try log.endOffset(PartitionIndex(0))
        let store = try ProjectionStore.open(path: benchCase.storePath, logEpoch: log.epoch.bytes)
        let before = writtenBytes()
        let projector = try Projector(log: log, store: store)
        result.seconds = try measureSeconds {
            projector.start()
            let done = Latch()
            projector.whenPassed(LogOffset(end.value - 1), timeoutMilliseconds: 3_600_000) { _ in done.open() }
            done.wait()
            projector.stop()
            if let failure = projector.failure { throw CommandFailure(.failure, failure) }
        }
        let statistics = projector.statistics
        result.events = Int(statistics.events)
        let commits = Double(max(1, statistics.commits))
        result.details["commits"] = commits
        result.details["pages_per_commit"] = Double(statistics.committedPages) / commits
        result.details["waited_seconds"] = Double(statistics.waitedMicroseconds) / 1e6
        result.details["written_bytes_per_event"] = Double(writtenBytes() - before) / Double(max(1, result.events))
        return result
    }
}

extension BenchCase {
    /// The log that this measurement writes or reads, and how to close it.
    func openLog(forWriting isWriting: Bool) throws -> (log: any EventLog, close: () -> Void) {
        if let kafka {
            let log = try KafkaLog.open(
                try kafka.options.settings("bench"), role: isWriting ? .readAndAppend : .readOnly)
            return (log, { log.close() })
        }
        let log = isWriting ? try SQLiteLog.open(path: logPath) : try SQLiteLog.openReader(path: logPath)
        return (log, { log.close() })
    }
}

extension BenchCase.KafkaPlace {
    var options: KafkaOptions {
        KafkaOptions(
            brokers: brokers, names: TopicNames(prefix: topicPrefix),
            properties: properties.map { KafkaProperty(name: $0.key, value: $0.value) })
    }
}
