public import Clocks
public import EventModel
internal import Foundation
public import ProjectionStore
internal import Timeline

/// Projections as a store holds them, for questions without a fold and without a log.
///
/// The store may be one that another process folds into: then its committed state is answered.
public final class StoredProjections: Projections {
    public let partition: PartitionIndex
    /// The log that was folded.
    public let place: StorePlace
    /// Whether another version of the fold made the store; answers say so, as those of a server after an upgrade do.
    public let isOld: Bool
    /// The sites that the store names, in the order of their ids.
    public let sites: [SiteID]
    private let path: String
    private let questionMilliseconds: Int
    private let clock: any ProcessClock

    /// - Parameter questionMilliseconds: how long a question may read: the write-ahead log of who writes the store grows
    ///   meanwhile (DESIGN 1.9).
    /// - Throws: `StoreError` when the store cannot be read; ``ProjectorError`` for one of another format, and for one
    ///   that is being rebuilt.
    public init(
        path: String, partition: PartitionIndex, questionMilliseconds: Int = 10_000, clock: any ProcessClock = .system
    ) throws {
        self.path = path
        self.partition = partition
        self.questionMilliseconds = questionMilliseconds
        self.clock = clock
        guard let place = StorePlace.read(path: path), case .head(let head) = try StoreHead.read(path: path) else {
            // Says what is wrong with a store that has no place.
            _ = try StoreReader(path: path).load()
            throw ProjectorError.isOfOtherVersion(path)
        }
        let needs = StoreHead.Needs(logEpoch: place.logEpoch)
        guard head.canBeRead(needs) else { throw ProjectorError.isOfOtherVersion(path) }
        self.place = place
        isOld = !head.fits(needs)
        let fold = try StoreReader(path: path).load()
        guard fold.nextOffset >= place.answersFrom else { throw ProjectorError.isBeingRebuilt }
        sites = fold.sites.map(\.siteID).sorted()
    }

    /// Nobody knows here how far the log is, so nothing is ever settled (SPEC 5.8).
    public var progress: FoldProgress { progress(next: place.nextOffset) }

    private func progress(next: LogOffset) -> FoldProgress {
        FoldProgress(nextOffset: next, logEnd: next, endAgeMicroseconds: .max / 4, isOldGeneration: isOld)
    }

    public func snapshot(of siteID: SiteID) throws -> ProjectionSnapshot? {
        let reader = try StoreReader(path: path)
        let generation = try reader.begin(
            until: clock.uptime.advanced(milliseconds: questionMilliseconds), by: clock)
        do {
            let fold = try reader.loadInside()
            guard let site = fold.site(siteID, storeGeneration: generation) else {
                reader.end()
                return nil
            }
            return ProjectionSnapshot(
                site: site, reader: reader, progress: progress(next: fold.nextOffset),
                clockDisputes: fold.clockDisputes
            ) {
                reader.end()
            }
        } catch {
            reader.end()
            throw error
        }
    }

    /// Nobody folds, so nothing is waited for.
    public func whenPassed(
        _ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void
    ) { body(place.nextOffset > offset) }
}

/// The stores of several partitions.
public final class StoredPartitions: PartitionedProjections {
    private let stores: [PartitionIndex: StoredProjections]
    public let partitionCount: Int32

    public init(_ stores: [StoredProjections]) {
        self.stores = Dictionary(stores.map { ($0.partition, $0) }) { first, _ in first }
        partitionCount = (stores.map(\.partition.value).max() ?? -1) + 1
    }

    /// Whether another version of the fold made one of them.
    public var hasOld: Bool { stores.values.contains { $0.isOld } }

    /// All sites, in the order of their ids.
    public var sites: [SiteID] { stores.values.flatMap(\.sites).sorted() }

    /// That of the store that holds something of the site: how many partitions the log has, nobody knows here.
    public func partition(of site: SiteID) -> PartitionIndex {
        stores.first { $0.value.sites.contains(site) }?.key ?? PartitionIndex(0)
    }

    public func projections(of partition: PartitionIndex) -> (any Projections)? { stores[partition] }

    /// The store that holds a site; nil if none does.
    public func store(of site: SiteID) -> StoredProjections? {
        stores[partition(of: site)].flatMap { $0.sites.contains(site) ? $0 : nil }
    }
}
