public import EventModel
internal import ProjectionStore

/// How many snapshots are kept, and for how long. The newest that a fold by this program could go on from is always kept.
public struct SnapshotRetention: Equatable, Sendable {
    /// Of each partition of each log, by versions; nil: any number.
    public var count: Int?
    /// Since they were taken; nil: any age.
    public var days: Int?

    /// What is kept of snapshots that are taken automatically, unless somebody says otherwise.
    public static let countDefault = 3

    public init(count: Int? = nil, days: Int? = nil) {
        self.count = count
        self.days = days
    }

    private struct Kind: Hashable {
        var log: [UInt8]
        var partition: PartitionIndex
        var versions: StoreVersions
    }

    /// Those that are not kept.
    public func expired(_ manifests: [SnapshotManifest], at now: Timestamp) -> [SnapshotID] {
        let kinds = Dictionary(grouping: SnapshotListing(manifests).manifests) {
            Kind(log: $0.log.bytes, partition: $0.partition, versions: $0.versions)
        }
        return kinds.flatMap { kind, manifests in
            manifests.enumerated().filter { index, manifest in
                guard index > 0 || kind.versions != .current else { return false }
                let isOld = days.map { now - manifest.createdAt > Int64($0) * Microseconds.day } ?? false
                return isOld || index >= count ?? .max
            }.map(\.element.id)
        }.sorted()
    }

    /// Removes those of a partition that are not kept.
    /// - Returns: what was removed.
    /// - Throws: ``ReplayError``
    @discardableResult
    public func apply(
        to snapshots: any SnapshotStore, _ partition: PartitionIndex, at now: Timestamp
    ) throws -> [SnapshotID] {
        let manifests = try snapshots.list().manifests.filter { $0.partition == partition }
        let expired = expired(manifests, at: now)
        for id in expired { try snapshots.delete(id) }
        return expired
    }
}
