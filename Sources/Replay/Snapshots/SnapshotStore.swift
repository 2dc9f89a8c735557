public import EventModel

/// Where snapshots are kept: a port, with a folder (``SnapshotDirectory``) and a twin in memory (``InMemorySnapshots``).
///
/// What is listed is whole: a put that was broken off leaves nothing that counts. Callable from any thread; processes
/// may share one.
public protocol SnapshotStore: Sendable {
    /// In words, for messages.
    var place: String { get }

    /// Adds a snapshot of a partition.
    ///
    /// - Parameter make: writes the content into the file of that name, which is not there yet, and describes it; nil to
    ///   give up.
    /// - Returns: what `make` returned; a description is listed from then on, also after a failure of the machine.
    /// - Throws: ``ReplayError``, or any error of `make`; then nothing was added.
    func put(
        _ partition: PartitionIndex, _ make: (_ draft: String) throws -> SnapshotManifest?
    ) throws -> SnapshotManifest?

    /// All snapshots, of whatever log.
    /// - Throws: ``ReplayError``
    func list() throws -> SnapshotListing

    /// Calls `body` with the path of a file that has the content of a snapshot and must not be changed.
    /// - Throws: ``ReplayError`` `.snapshotNotFound`, or any error of `body`.
    func withFile<Result>(of id: SnapshotID, _ body: (String) throws -> Result) throws -> Result

    /// Removes a snapshot; does nothing when there is none.
    /// - Throws: ``ReplayError``
    func delete(_ id: SnapshotID) throws
}

/// What a store of snapshots holds.
public struct SnapshotListing: Equatable, Sendable {
    /// By partition, the furthest first.
    public var manifests: [SnapshotManifest]
    /// Names of descriptions that are not what was written, or that a newer program wrote.
    public var unreadable: [String]

    public init(_ manifests: [SnapshotManifest], unreadable: [String] = []) {
        self.manifests = manifests.sorted {
            if $0.partition != $1.partition { return $0.partition < $1.partition }
            return ($0.nextOffset, $0.createdAt, $0.id) > ($1.nextOffset, $1.createdAt, $1.id)
        }
        self.unreadable = unreadable.sorted()
    }
}

extension ReplayError {
    static func notFound(_ id: SnapshotID, in place: String) -> ReplayError {
        ReplayError(
            .snapshotNotFound, "there is no snapshot \(id) in \(place)",
            hint: "andon snapshot list shows those that are")
    }

    static func damaged(_ id: SnapshotID, _ reason: String) -> ReplayError {
        ReplayError(
            .snapshotDamaged, "snapshot \(id) is not what was written: \(reason)",
            hint: "use another one, and remove it: andon snapshot delete \(id)")
    }
}
