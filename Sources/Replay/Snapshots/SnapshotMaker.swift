public import Clocks
internal import Crypto
public import EventModel
public import ProjectionStore
internal import Timeline

/// Takes snapshots of projection stores, beside their folds (DESIGN 7).
///
/// The store is held only while its pages are copied. Hash and digests are computed from the copy.
public struct SnapshotMaker: Sendable {
    /// What a snapshot is taken of.
    public struct Source {
        public var partition: PartitionIndex
        /// Name under which a restored store is found: that of the first generation, whichever it is taken of.
        public var storeName: String
        fileprivate var copy: (_ destination: String, _ progress: StoreCopy.Progress) throws -> Bool

        /// A store that this process has open.
        public init(_ store: ProjectionStore, _ partition: PartitionIndex) {
            self.init(partition, store.path) { try store.copy(to: $0, $1) }
        }

        /// A store at a path, which another process may be writing.
        public init(path: String, _ partition: PartitionIndex) {
            self.init(partition, path) { try StoreCopy.run(from: path, to: $0, $1) }
        }

        init(
            _ partition: PartitionIndex, _ path: String,
            copy: @escaping (_ destination: String, _ progress: StoreCopy.Progress) throws -> Bool
        ) {
            self.partition = partition
            let file = path.split(separator: "/").last ?? ""
            storeName = file.prefix { $0 != "." } + ".sqlite"
            self.copy = copy
        }
    }

    /// How often it is tried to copy a store whose commits leave no room for that.
    static let attemptsMaximum = 3

    private let snapshots: any SnapshotStore
    private let program: String
    private let clock: any ProcessClock

    /// - Parameter program: the version of this program.
    public init(_ snapshots: any SnapshotStore, program: String, clock: any ProcessClock = .system) {
        self.snapshots = snapshots
        self.program = program
        self.clock = clock
    }

    /// Takes a snapshot at the store's newest commit.
    ///
    /// - Parameter progress: gets the bytes of work done and of all work: every page is copied, checked and hashed.
    /// - Returns: nil when `progress` ended it; then nothing was added.
    /// - Throws: ``ReplayError`` or `StoreError`; then nothing was added.
    public func take(_ source: Source, _ progress: StoreCopy.Progress = { _, _ in true }) throws -> SnapshotManifest? {
        try snapshots.put(source.partition) { draft in
            try Self.copy(source, to: draft, program: program, at: clock, progress)
        }
    }

    /// Copies a store at its newest commit and describes the copy, without a place for snapshots.
    ///
    /// - Parameters:
    ///   - path: a file that is not there yet.
    ///   - progress: as for ``take(_:_:)``.
    /// - Returns: nil when `progress` ended it; then the file is not to be used.
    /// - Throws: ``ReplayError`` or `StoreError`; then the file is not to be used.
    public static func copy(
        _ source: Source, to path: String, program: String, at clock: any ProcessClock = .system,
        _ progress: StoreCopy.Progress
    ) throws -> SnapshotManifest? {
        guard try copyPages(source, to: path, { progress($0, 3 * $1) }),
            try StoreCopy.checkPages(of: path, { progress($1 + $0, 3 * $1) }),
            let file = try SnapshotFile.hash(path, { progress(2 * $1 + $0, 3 * $1) })
        else { return nil }
        return SnapshotManifest(
            facts: try StoreFacts(copyAt: path), partition: source.partition, storeName: source.storeName,
            bytes: file.bytes, hash: file.hash, digests: try digests(of: path), createdAt: clock.now,
            program: program)
    }

    private static func copyPages(
        _ source: Source, to path: String, _ progress: StoreCopy.Progress
    ) throws -> Bool {
        var attempts = 1
        while true {
            do { return try source.copy(path, progress) } catch let error as StoreError where error.code == .busy {
                guard attempts < attemptsMaximum else { throw error }
                attempts += 1
                try SnapshotFile.remove(path)
            }
        }
    }

    /// The digest of each site in a copy of a store (SPEC 7.1).
    static func digests(of path: String) throws -> [SnapshotDigest] {
        let reader = try StoreReader(copyAt: path)
        _ = try reader.begin()
        defer { reader.end() }
        return try reader.loadInside().sites.map { site in
            var hasher = SHA256Hasher()
            try site.digest(reader) { hasher.update($0) }
            return SnapshotDigest(site: site.siteID, digest: hasher.finish().hex)
        }
    }
}
