/// Some of the hours that a definition asked to make again, computed beside the fold (DESIGN 1.7).
///
/// Take it from the fold, ``run(pageLimit:pages:)`` it while others look at the fold, and give it back. In between the
/// fold must not change otherwise.
public struct RederiveSlice: ~Copyable {
    fileprivate var site: SiteFold

    /// Makes the hours of further workers, about `pageLimit` pages' worth, at least one worker.
    /// - Throws: what `pages` throws; the fold is as it was.
    public mutating func run(pageLimit: Int, pages: any PageReader) throws {
        try site.rederive(pageLimit: pageLimit, pages)
    }
}

extension PartitionFold {
    /// The next hours to make; nil when all are made.
    public func takeRederiveSlice() -> RederiveSlice? {
        guard var site = sites.first(where: \.isRederiving) else { return nil }
        // Left with the fold: many rows may wait there, and a copy of them for each slice would add up.
        site.hourBuckets.leavePending()
        return RederiveSlice(site: site)
    }

    /// Takes over what a slice has made. What it replaces is left in the slice, to be freed by whoever holds it.
    public mutating func finish(_ slice: inout RederiveSlice) {
        let index = Int(slice.site.index)
        sites[index].hourBuckets.movePending(before: &slice.site.hourBuckets)
        swap(&sites[index], &slice.site)
    }

    /// Makes hours of about `pageLimit` pages, where a definition asked for it, for those who wait for it.
    public mutating func rederive(pageLimit: Int, pages: any PageReader) throws {
        guard var slice = takeRederiveSlice() else { return }
        try slice.run(pageLimit: pageLimit, pages: pages)
        finish(&slice)
    }
}
