public import EventLog
public import EventModel
public import Observability

/// Finds the snapshots that a replay begins with.
///
/// For one thread at a time.
public final class SnapshotChoice {
    private let snapshots: any SnapshotStore
    private let journal: Journal
    private let isStopping: () -> Bool
    /// Those whose pages were compared with their checksums.
    public private(set) var checked: Set<SnapshotID> = []

    /// - Parameters:
    ///   - journal: gets what is refused, with the reason.
    ///   - isStopping: ends a check; then what was chosen is not ``checked``.
    public init(
        _ snapshots: any SnapshotStore, journal: Journal = .silent, isStopping: @escaping () -> Bool = { false }
    ) {
        self.snapshots = snapshots
        self.journal = journal
        self.isStopping = isStopping
    }

    /// The newest snapshot of a partition that is wanted, that a fold of that log by this program can go on from, and that
    /// is sound. Of those that are wanted, each that does not fit is named with the reason, and the next older one is tried.
    ///
    /// - Returns: nil when there is none.
    /// - Throws: ``ReplayError`` when snapshots cannot be listed.
    public func nearest(
        _ partition: PartitionIndex, of log: LogEpoch, where isWanted: (SnapshotManifest) -> Bool
    ) throws -> SnapshotManifest? {
        for manifest in try snapshots.list().manifests where manifest.partition == partition && isWanted(manifest) {
            do {
                try SnapshotRestore.checkFit(manifest, log, needsFeed: false)
                let isWhole = try snapshots.withFile(of: manifest.id) { path in
                    try SnapshotCheck.pages(manifest, path) { _, _ in !isStopping() }
                }
                if isWhole { checked.insert(manifest.id) }
                return manifest
            } catch {
                journal.record(.snapshotRefused(partition, manifest.id.text, error.forOperator.message))
            }
        }
        return nil
    }
}
