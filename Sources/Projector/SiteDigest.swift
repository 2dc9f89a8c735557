internal import Crypto
public import EventLog
public import EventModel
internal import Foundation
internal import ProjectionStore
internal import Timeline

/// The digest of a site as it stands at the end of the log (SPEC 7.1, 8.4).
///
/// Works beside a running writer and on a stopped store: it reads what was committed and folds the rest of the log in
/// memory, writing nothing.
public enum SiteDigest {
    /// - Parameters:
    ///   - storePath: projections to begin with; when there are none everything is folded anew.
    /// - Returns: the digest in hex, or nil for a site that the log does not name.
    public static func compute(
        site siteID: SiteID, log: any EventLog, partition: PartitionIndex = PartitionIndex(0), storePath: String?
    ) throws -> String? {
        let end = try log.endOffset(partition)
        var reader: StoreReader?
        var fold = PartitionFold()
        if let storePath, FileManager.default.fileExists(atPath: storePath) {
            let opened = try StoreReader(path: storePath)
            _ = try opened.begin()
            fold = try opened.loadInside()
            reader = opened
        }
        defer { reader?.end() }
        let pages: any PageSource = reader ?? NoPages() as any PageSource
        var batch = EventBatch(siteID: siteID)
        while fold.nextOffset < end {
            _ = try log.read(partition, from: fold.nextOffset, byteLimit: 1 << 20) { record in
                switch try RecordCodec.decode(record.payload, into: &batch) {
                case .events: try fold.apply(batch, offset: record.offset, pages: pages)
                // Buckets are not part of the digest, so their anchor does not matter.
                case .definition(let definition):
                    try fold.apply(definition, offset: record.offset, anchor: 0, pages: pages)
                }
            }
        }
        guard let site = fold.site(siteID) else { return nil }
        var hasher = SHA256Hasher()
        try site.digest(pages) { hasher.update($0) }
        return hasher.finish().hex
    }
}
