internal import EventLog
internal import EventModel
internal import Foundation
internal import ProjectionStore

/// The end of a log's partition, and how far a fold is behind it.
struct LogStatus: Equatable {
    var partition: PartitionIndex
    var start: LogOffset
    var end: LogOffset
    /// created_at of the last record; nil in an empty partition.
    var newest: Timestamp?
    /// The next record for the fold; nil if unknown.
    var folded: LogOffset?
    /// created_at of the last folded record.
    var foldedCreatedAt: Timestamp?
    /// Events in the records not yet folded; nil if they are too many to count.
    var lagEvents: Int64?
    /// What readers pass over.
    var skips: [LogSkip] = []

    var lagRecords: Int64? { folded.map { max(0, end.value - max($0, start).value) } }

    /// Difference of created_at between the last folded record and the last one in the log.
    var lagMicroseconds: Int64? {
        guard let lag = lagRecords, lag > 0 else { return lagRecords == nil ? nil : 0 }
        guard let newest, let foldedCreatedAt else { return nil }
        return max(0, newest - foldedCreatedAt)
    }

    /// Maximum number of records read just to count events: some seconds of reading.
    static let countedRecordsMaximum: Int64 = 100_000
    private static let readBytes = 1 << 20

    /// Reads the status of one partition.
    /// - Parameters:
    ///   - store: projections folded from it; projections of another log are ignored.
    ///   - noted: the progress as committed by the workers, if there is no store.
    init(_ log: any EventLog, _ partition: PartitionIndex, store: String?, noted: LogOffset? = nil) throws {
        self.partition = partition
        start = try log.startOffset(partition)
        end = try log.endOffset(partition)
        if end > start {
            newest = try Self.createdAt(log, partition, LogOffset(end.value - 1))
        }
        if let store, ProjectionStore.isCurrent(path: store, logEpoch: log.epoch.bytes) {
            let position = try StoreReader(path: store).position()
            folded = position.nextOffset
            foldedCreatedAt = position.fingerprint?.createdAt
        } else if let noted {
            folded = noted
            if start < noted, noted <= end {
                foldedCreatedAt = try Self.createdAt(log, partition, LogOffset(noted.value - 1))
            }
        }
        lagEvents = try countEvents(log)
        skips = try log.skips(partition)
    }

    private static func createdAt(
        _ log: any EventLog, _ partition: PartitionIndex, _ offset: LogOffset
    ) throws -> Timestamp? {
        var found: Timestamp?
        do {
            _ = try log.read(partition, from: offset, byteLimit: 1) { record in
                if record.offset == offset { found = record.createdAt }
            }
        } catch let error as LogError where error.code == .recordsMissing {
            return nil
        }
        return found
    }

    private func countEvents(_ log: any EventLog) throws -> Int64? {
        guard let folded, let lag = lagRecords, lag <= Self.countedRecordsMaximum else { return nil }
        var batch = EventBatch(siteID: SiteID(bytes: []))
        var events: Int64 = 0
        var next = max(folded, start)
        while next < end {
            let from = next
            do {
                next = try log.read(partition, from: from, byteLimit: Self.readBytes) { record in
                    guard record.offset < end else { return }
                    if case .events? = try? RecordCodec.decode(record.payload, into: &batch) {
                        events += Int64(batch.count)
                    }
                }
            } catch let error as LogError where error.code == .recordsMissing {
                return nil
            }
            guard next > from else { return nil }
        }
        return events
    }
}
