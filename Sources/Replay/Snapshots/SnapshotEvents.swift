internal import EventModel
internal import Observability

/// What this module records in the journal about snapshots.
extension JournalEvent {
    static func snapshotTaken(_ manifest: SnapshotManifest, milliseconds: Int64) -> JournalEvent {
        JournalEvent(
            "snapshot_taken", .info,
            "partition \(manifest.partition.value): snapshot \(manifest.id) of everything before offset "
                + "\(manifest.nextOffset.value)",
            fields(manifest) + [Field("milliseconds", milliseconds)])
    }

    /// The fold goes on; another one is tried later.
    static func snapshotFailed(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "snapshot_failed", .warning,
            "partition \(partition.value): no snapshot was taken: \(error.message)"
                + (error.hint.map { "; \($0)" } ?? ""),
            [Field("partition", partition.value, isInMessage: true)])
    }

    static func snapshotRemoved(_ partition: PartitionIndex, _ id: SnapshotID) -> JournalEvent {
        JournalEvent(
            "snapshot_removed", .info, "partition \(partition.value): snapshot \(id) is no longer kept",
            [Field("partition", partition.value, isInMessage: true), Field("snapshot", id, isInMessage: true)])
    }

    /// The next older one is tried, or the whole log folded.
    static func snapshotRefused(_ partition: PartitionIndex, _ name: String, _ reason: String) -> JournalEvent {
        JournalEvent(
            "snapshot_refused", .warning, "partition \(partition.value): snapshot \(name) is not used: \(reason)",
            [Field("partition", partition.value, isInMessage: true), Field("snapshot", name, isInMessage: true)])
    }

    static func snapshotsUnreadable(_ partition: PartitionIndex, _ error: any OperatorError) -> JournalEvent {
        JournalEvent(
            "snapshots_unreadable", .warning,
            "partition \(partition.value): no snapshot can be used: \(error.message)",
            [Field("partition", partition.value, isInMessage: true)])
    }

    static func snapshotRestored(_ manifest: SnapshotManifest) -> JournalEvent {
        JournalEvent(
            "snapshot_restored", .info,
            "partition \(manifest.partition.value): snapshot \(manifest.id) is in place; the fold goes on at offset "
                + "\(manifest.nextOffset.value)",
            fields(manifest))
    }

    private static func fields(_ manifest: SnapshotManifest) -> [Field] {
        [
            Field("partition", manifest.partition.value, isInMessage: true),
            Field("snapshot", manifest.id, isInMessage: true), Field("bytes", manifest.bytes),
        ]
    }
}
