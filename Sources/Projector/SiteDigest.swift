internal import Crypto
public import EventLog
public import EventModel
internal import Foundation
internal import ProjectionStore
internal import Timeline

/// The digest of a site at the end of the log (SPEC 7.1, 8.4).
///
/// Works both next to a running writer and on a stopped store: it reads the committed state, folds the rest of the log
/// in memory, and writes nothing.
public enum SiteDigest {
    /// - Parameters:
    ///   - partition: nil for the site's own partition.
    ///   - storePath: projections to start from; if there are none, everything is folded from the start.
    /// - Returns: the digest in hex, or nil for a site that the log does not name.
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks records.
    public static func compute(
        site siteID: SiteID, log: any EventLog, partition: PartitionIndex? = nil, storePath: String?
    ) throws -> String? {
        let partition = partition ?? Partitioner.partition(of: siteID.bytes, partitionCount: log.partitionCount)
        var reader: StoreReader?
        var fold = PartitionFold()
        if let storePath, FileManager.default.fileExists(atPath: storePath) {
            let opened = try StoreReader(path: storePath)
            _ = try opened.begin()
            fold = try opened.loadInside()
            reader = opened
        }
        defer { reader?.end() }
        let pages: any PageReader = reader ?? NoPages() as any PageReader
        let end = try LogIdentityCheck.run(
            log, partition, next: fold.nextOffset, fingerprint: fold.fingerprint)
        try read(log, partition, to: end, into: &fold, pages)
        guard let site = fold.site(siteID) else { return nil }
        var hasher = SHA256Hasher()
        try site.digest(pages) { hasher.update($0) }
        return hasher.finish().hex
    }

    private static func read(
        _ log: any EventLog, _ partition: PartitionIndex, to end: LogOffset, into fold: inout PartitionFold,
        _ pages: any PageReader
    ) throws {
        var records = RecordFold()
        while fold.nextOffset < end {
            let next = fold.nextOffset
            let skips = try log.skips(partition)
            let read = try log.read(partition, from: next, byteLimit: 1 << 20) { record in
                if skips.cover(fold.nextOffset..<max(fold.nextOffset, record.offset)) { fold.pass(to: record.offset) }
                try records.decode(record)
                try records.apply(to: &fold, pages: pages)
            }
            if skips.cover(fold.nextOffset..<max(fold.nextOffset, read)) { fold.pass(to: read) }
            // Logs that fetch in the background return nothing until the record has arrived.
            if fold.nextOffset == next {
                _ = log.waitForRecord(partition, at: next, timeoutMilliseconds: waitMilliseconds)
            }
        }
    }

    private static let waitMilliseconds = 1000
}
