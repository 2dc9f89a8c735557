public import EventModel
internal import Figures
public import ProjectionStore
public import Timeline

/// Compares two generations of a partition at one position: everything that figures are made of (DESIGN 7).
///
/// Ids are matched by their bytes, because another fold may number them differently. Rows are read in the order of both
/// stores side by side, so that memory holds no more than the rows of one hour, and the differences that are kept.
///
/// - Parameters:
///   - live, new: the committed state of each, as ``ProjectionStore/StoreReader/loadInside()`` gives it inside a
///     transaction that its reader has begun and that goes on until this returns.
///   - partition: part of the positions in the answer.
///   - limit: most differences of each kind that are listed, up to 1000; the counts are exact whatever it is.
/// - Throws: ``ReplayError`` where the two cannot be compared: other positions, other logs, hours that are still being
///   derived again; any error of reading.
public func comparePartitions(
    live: (fold: PartitionFold, reader: StoreReader), new: (fold: PartitionFold, reader: StoreReader),
    partition: PartitionIndex = PartitionIndex(0), limit: Int
) throws -> GenerationDifferences {
    guard live.fold.nextOffset == new.fold.nextOffset else {
        throw ReplayError.otherPositions(live: live.fold.nextOffset, new: new.fold.nextOffset)
    }
    if let one = live.fold.fingerprint, let other = new.fold.fingerprint, one != other {
        throw ReplayError.otherLogs
    }
    for (fold, name) in [(live.fold, "live"), (new.fold, "new")] {
        if let site = fold.sites.first(where: \.isRederiving) {
            throw ReplayError.stillDeriving(site.siteID, name)
        }
    }
    var found = DifferenceCollector(limit: limit)
    for site in live.fold.sites {
        guard let other = new.fold.site(site.siteID) else {
            missing(site, isLive: true, &found)
            continue
        }
        let pair = SitePair(site, other, (live.reader, new.reader), partition)
        try SiteComparison(pair: pair).run(&found)
        try HourComparison(pair: pair).run(&found)
        let health = HealthComparison(pair: pair)
        try health.run(&found)
        try health.runArrivals(&found)
        var events = try EventComparison(pair)
        try events.run(&found)
        try QuarantineComparison(pair: pair).run(&found)
    }
    for site in new.fold.sites where live.fold.site(site.siteID) == nil { missing(site, isLive: false, &found) }
    return GenerationDifferences(
        partition: partition, position: live.fold.nextOffset, counts: found.exactCounts,
        differences: try HourExplanations(live: live, new: new, partition: partition).explain(found.largestFirst),
        notes: found.notes)
}

/// A site that only one generation has: one difference, whatever is in it.
private func missing(_ site: SiteFold, isLive: Bool, _ found: inout DifferenceCollector) {
    func member(_ name: String, _ value: Int64) -> Difference.Member {
        Difference.Member(name, isLive ? .integer(value) : nil, isLive ? nil : .integer(value))
    }
    found.different(.site, size: DifferenceSize.everything) {
        .init(
            difference: Difference(
                kind: .site, site: site.siteID, size: DifferenceSize.everything,
                members: [
                    member("received", site.ledger.received), member("folded", site.ledger.folded),
                    member("definitions", site.ledger.definitions), member("workers", Int64(site.workers.count)),
                ]))
    }
}
