public import EventModel

/// Tells the last record that was folded from another one at the same offset: a log that was created again under the
/// same name has other records.
public struct RecordFingerprint: Sendable, Equatable {
    /// created_at as the log has it.
    public var createdAt: Timestamp
    /// CRC-32C of the payload.
    public var checksum: UInt32

    public init(createdAt: Timestamp, checksum: UInt32) {
        self.createdAt = createdAt
        self.checksum = checksum
    }
}

/// The fold of one partition: all its sites, and the offset that comes next.
///
/// A pure function of the records before ``nextOffset`` (SPEC 7.1): no clock, no IO but the pages that a ``PageReader``
/// hands over. Commits take the differences since the last one (``takeCommit()``).
public struct PartitionFold: Sendable {
    public internal(set) var nextOffset: LogOffset
    public internal(set) var sites: [SiteFold] = []
    /// The record before ``nextOffset``, where whoever folds says what it was; it is committed with the rest.
    public var fingerprint: RecordFingerprint?
    /// Rows of pages that were given out.
    var pageCount: Int64 = 0
    var committedSites = 0
    /// Number of the last commit that was taken, and of the last one that is durable.
    var generation: UInt64 = 0
    var durableGeneration: UInt64 = 0

    var residents = ResidentPages()

    private var siteNumbers: [SiteID: Int] = [:]
    private var lastSite = 0
    private var numbers = BatchNumbers()

    public init(nextOffset: LogOffset = .zero) { self.nextOffset = nextOffset }

    public func site(_ siteID: SiteID) -> SiteFold? { siteNumbers[siteID].map { sites[$0] } }

    /// A site as it stands, for a reader of the store that sees commit `storeGeneration`: what that one has is not
    /// added again.
    public func site(_ siteID: SiteID, storeGeneration: UInt64) -> SiteFold? {
        guard var site = site(siteID) else { return nil }
        if site.generationInFlight <= storeGeneration { _ = site.finishCommit() }
        return site
    }

    /// Largest created_at of any record folded, in microseconds; nil before the first.
    public var newestCreatedAt: Int64? {
        sites.reduce(into: NewestTime.none) { $0.note($1.newestCreatedAt) }.time
    }

    /// Folds the events of one record.
    ///
    /// A record before ``nextOffset`` is skipped: it was folded before.
    /// - Throws: ``TimelineError`` at a gap, or what the page reader throws; then this fold must be thrown away.
    public mutating func apply(_ batch: EventBatch, offset: LogOffset, pages: any PageReader) throws {
        guard try isNext(offset) else { return }
        let site = intern(batch.siteID)
        try sites[site].apply(batch, offset: offset, pages, &numbers)
        residents.arrive(UInt32(site), sites[site].timelines.takeLoadedPages())
        nextOffset = offset.next
    }

    /// Folds a definition; `hourOffset` is its zone's offset modulo one hour, in microseconds.
    public mutating func apply(
        _ record: DefinitionRecord, offset: LogOffset, hourOffset: Int64, pages: any PageReader
    ) throws {
        guard try isNext(offset) else { return }
        let site = intern(record.definition.siteID)
        sites[site].pending.isDirty = true
        try sites[site].apply(record, offset: offset, hourOffset: hourOffset, pages)
        nextOffset = offset.next
    }

    private func isNext(_ offset: LogOffset) throws -> Bool {
        if offset < nextOffset { return false }
        guard offset == nextOffset, offset.value < PackedPosition.offsetsMaximum else {
            throw TimelineError.gap(expected: nextOffset, found: offset)
        }
        return true
    }

    /// Number of a site that was named before.
    func number(of siteID: SiteID) -> Int? {
        if lastSite < sites.count, sites[lastSite].siteID == siteID { return lastSite }
        return siteNumbers[siteID]
    }

    private mutating func intern(_ siteID: SiteID) -> Int {
        if lastSite < sites.count, sites[lastSite].siteID == siteID { return lastSite }
        if let number = siteNumbers[siteID] {
            lastSite = number
            return number
        }
        lastSite = addSite(SiteFold(siteID: siteID, index: UInt32(sites.count)))
        return lastSite
    }

    mutating func addSite(_ site: SiteFold) -> Int {
        siteNumbers[site.siteID] = sites.count
        sites.append(site)
        return sites.count - 1
    }

    /// Whether some site's buckets are still being made.
    public var isRederiving: Bool { sites.contains { $0.isRederiving } }
}
