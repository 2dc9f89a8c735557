/// Some of the hours that a definition requires to be rebuilt, computed outside of the fold (DESIGN 1.7).
///
/// Take it from the fold, ``run(pageLimit:pages:)`` it while others read the fold, and finish it. The fold must not
/// change in any other way in between.
public struct RederiveSlice: ~Copyable {
    fileprivate var site: SiteFold

    /// Rebuilds the hours of the next workers: about `pageLimit` pages, at least one worker.
    /// - Throws: any error of `pages`; the fold is unchanged.
    public mutating func run(pageLimit: Int, pages: any PageReader) throws {
        try site.rederive(pageLimit: pageLimit, pages)
    }
}

extension PartitionFold {
    /// The next hours to rebuild; nil when all are done.
    public func takeRederiveSlice() -> RederiveSlice? {
        guard var site = sites.first(where: \.isRederiving) else { return nil }
        // The fold keeps these: there may be many pending rows, and copying them for every slice would be expensive.
        site.hourBuckets.leavePending()
        return RederiveSlice(site: site)
    }

    /// Installs the results of a slice. The slice keeps the replaced state, so that its owner frees it.
    public mutating func finish(_ slice: inout RederiveSlice) {
        let index = Int(slice.site.index)
        sites[index].hourBuckets.movePending(before: &slice.site.hourBuckets)
        swap(&sites[index], &slice.site)
    }

    /// Rebuilds hours synchronously, about `pageLimit` pages, if a definition requires it.
    public mutating func rederive(pageLimit: Int, pages: any PageReader) throws {
        guard var slice = takeRederiveSlice() else { return }
        try slice.run(pageLimit: pageLimit, pages: pages)
        finish(&slice)
    }
}
