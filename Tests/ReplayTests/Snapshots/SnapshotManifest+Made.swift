import Crypto
import EventLog
import EventModel
import ProjectionStore

@testable import Replay

extension SnapshotManifest {
    /// The description of a made-up snapshot.
    static func made(
        _ text: String, offset: Int64, log: UInt8 = 1, partition: Int32 = 0, createdAt: Int64 = 1_768_197_600_000_000,
        versions: StoreVersions = .current
    ) -> SnapshotManifest {
        SnapshotManifest(
            facts: StoreFacts(
                logEpoch: [UInt8](repeating: log, count: 16), versions: versions, nextOffset: LogOffset(offset),
                hasFeed: true, watermark: Timestamp(microseconds: createdAt - 1)),
            partition: PartitionIndex(partition), storeName: "partition-\(partition).sqlite",
            bytes: Int64(text.utf8.count), hash: SHA256Digest.of(Array(text.utf8)),
            digests: [SnapshotDigest(site: "plant", digest: "00ff")], createdAt: Timestamp(microseconds: createdAt),
            program: "1.0 \"test\"")
    }
}
