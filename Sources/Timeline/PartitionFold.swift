public import EventModel

/// Distinguishes the last folded record from another one at the same offset: a log that was recreated under the same
/// name has different records.
public struct RecordFingerprint: Sendable, Equatable {
    /// created_at as recorded in the log.
    public var createdAt: Timestamp
    /// The CRC-32C that the record states of its content; see ``EventModel/RecordCodec/statedChecksum(_:)``.
    public var checksum: UInt32

    public init(createdAt: Timestamp, checksum: UInt32) {
        self.createdAt = createdAt
        self.checksum = checksum
    }
}

/// The fold of one partition: all its sites, and the next offset.
///
/// A pure function of the records before ``nextOffset`` (SPEC 7.1): no clock, and no IO except for pages from a
/// ``PageReader``. Commits take the differences since the previous commit (``takeCommit()``).
public struct PartitionFold: Sendable {
    public internal(set) var nextOffset: LogOffset
    public internal(set) var sites: [SiteFold] = []
    /// The record before ``nextOffset``, if there is one and the caller provides it; committed with everything else.
    public var fingerprint: RecordFingerprint?
    /// Where time was set back.
    public internal(set) var clockDisputes = ClockDisputes()
    /// Whether the last commit that was taken lacks them.
    var hasNewDisputes = false
    /// Number of page rows assigned so far.
    var pageCount: Int64 = 0
    /// How many of each the last commit that was taken brought the store to.
    var committedSites = 0
    var committedPages: Int64 = 0
    /// Records before it are in a commit.
    var committedOffset: LogOffset
    /// Number of the last commit that was taken, and of the last one that is durable.
    var generation: UInt64 = 0
    var durableGeneration: UInt64 = 0

    var residents = ResidentPages()

    private var siteNumbers: [SiteID: Int] = [:]
    private var lastSite = 0
    private var numbers = BatchNumbers()

    public init(nextOffset: LogOffset = .zero) {
        self.nextOffset = nextOffset
        committedOffset = nextOffset
    }

    public func site(_ siteID: SiteID) -> SiteFold? { siteNumbers[siteID].map { sites[$0] } }

    /// The current state of a site for a store reader that sees commit `storeGeneration`. Differences that this commit
    /// contains are not added again.
    public func site(_ siteID: SiteID, storeGeneration: UInt64) -> SiteFold? {
        guard var site = site(siteID) else { return nil }
        if site.generationInFlight <= storeGeneration { _ = site.finishCommit() }
        site.quarantine.leaveWinners()
        return site
    }

    /// Folds the events of one record.
    ///
    /// Skips a record before ``nextOffset``, which was already folded.
    /// - Throws: ``TimelineError`` at a gap, or any error of the page reader; then discard this fold.
    public mutating func apply(_ batch: EventBatch, offset: LogOffset, pages: any PageReader) throws {
        guard try isNext(offset) else { return }
        let site = intern(batch.siteID)
        try sites[site].apply(batch, offset: offset, pages, &numbers, &pageCount)
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

    /// Goes on at a later offset: the log has declared that nothing is between (SPEC 7.4).
    ///
    /// - Precondition: `offset` is not before ``nextOffset``.
    public mutating func pass(to offset: LogOffset) {
        precondition(offset >= nextOffset, "a fold never goes back")
        nextOffset = offset
        // There is no record before the offset to recognise the log by.
        fingerprint = nil
    }

    /// Folds a record that says that time was set back. It concerns no site.
    public mutating func apply(_ record: ClockSetBack, offset: LogOffset) throws {
        guard try isNext(offset) else { return }
        clockDisputes.add(record)
        hasNewDisputes = true
        nextOffset = offset.next
    }

    private func isNext(_ offset: LogOffset) throws -> Bool {
        if offset < nextOffset { return false }
        guard offset == nextOffset, offset.value < PackedPosition.offsetsMaximum else {
            throw TimelineError.gap(expected: nextOffset, found: offset)
        }
        return true
    }

    /// The offset after a site's last record; nil for a site that no record names.
    public func nextOffset(of siteID: SiteID) -> LogOffset? { number(of: siteID).map { sites[$0].nextOffset } }

    /// Number of a site that occurred before.
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

    /// Whether the hours of any site are still being rebuilt.
    public var isRederiving: Bool { sites.contains { $0.isRederiving } }
}
