internal import Crypto
public import EventModel
internal import ProjectionStore
internal import Timeline

/// What the store of one partition holds: read from the store alone.
public struct ReplayResult: Sendable, Equatable {
    public struct Site: Sendable, Equatable {
        public var siteID: SiteID
        /// Events of its records that were folded (SPEC 7.4).
        public var events: Int64
        /// In hexadecimal digits (SPEC 7.1); nil where nobody wanted it.
        public var digest: String?
    }

    /// Where digests are taken from.
    public enum Digests: Sendable, Equatable {
        /// From nowhere: to compute one takes about as long as the fold took.
        case none
        /// From all that the store holds.
        case computed
        /// From a snapshot to which nothing was added.
        case known([SnapshotDigest])
    }

    public var partition: PartitionIndex
    /// The next offset to fold.
    public var nextOffset: LogOffset
    public var sites: [Site] = []

    /// Reads the store at a path.
    /// - Parameter isStopping: leaves the other sites out.
    /// - Throws: `StoreError`, `TimelineError`.
    public init(
        path: String, partition: PartitionIndex, digests: Digests = .computed, isStopping: () -> Bool = { false }
    ) throws {
        let reader = try StoreReader(path: path)
        _ = try reader.begin()
        defer { reader.end() }
        let fold = try reader.loadInside()
        self.partition = partition
        nextOffset = fold.nextOffset
        for site in fold.sites where !isStopping() {
            let digest = try Self.digest(of: site, digests, reader)
            sites.append(Site(siteID: site.siteID, events: site.ledger.received, digest: digest))
        }
    }

    private static func digest(of site: SiteFold, _ digests: Digests, _ reader: StoreReader) throws -> String? {
        switch digests {
        case .none: return nil
        case .known(let known): return known.first { $0.site == site.siteID }?.digest
        case .computed:
            var hasher = SHA256Hasher()
            try site.digest(reader) { hasher.update($0) }
            return hasher.finish().hex
        }
    }

    public var events: Int64 { sites.reduce(0) { $0 + $1.events } }
}
