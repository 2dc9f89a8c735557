internal import EventModel

/// Limits the memory for hot time lines (DESIGN 1.6).
extension PartitionFold {
    /// Memory for pages that are not waiting for a commit.
    public struct MemoryBudget: Sendable {
        /// Pages at the end of their lines, where the next event most likely goes.
        public var tailBytes: Int
        /// Pages touched by a late event or a replacement.
        public var otherBytes: Int

        public init(tailBytes: Int, otherBytes: Int) {
            self.tailBytes = tailBytes
            self.otherBytes = otherBytes
        }
    }

    /// Drops the least recently used pages over the budget; pages that the store does not have yet stay.
    ///
    /// - Parameter pageLimit: maximum number of pages to examine, so that callers never wait for long; by default each
    ///   page once.
    public mutating func evict(_ budget: MemoryBudget, pageLimit: Int = .max) {
        var left = min(pageLimit, residents.turn)
        while left > 0, let page = residents.nextArrival() {
            admit(page)
            left -= 1
        }
        while left > 0, let (page, kind) = residents.pop(over: budget) {
            examine(page, kind)
            left -= 1
        }
    }

    private mutating func admit(_ page: ResidentPages.Resident) {
        guard let residence = sites[Int(page.site)].timelines.admit(page.line, page.fence) else { return }
        keep(page, residence)
    }

    /// Drops a page unless it was used since, or now belongs to the other kind.
    private mutating func examine(_ page: ResidentPages.Resident, _ kind: ResidentPages.Kind) {
        let site = Int(page.site)
        guard let residence = sites[site].timelines.residence(page.line, page.fence) else { return }
        let isUsed = residence.lastUse > page.lastUse || residence.kind != kind
        if isUsed || residence.isPinned { return keep(page, residence) }
        sites[site].timelines.drop(page.line, page.fence)
    }

    private mutating func keep(_ page: ResidentPages.Resident, _ residence: WorkerTimelines.Residence) {
        var page = page
        page.lastUse = residence.lastUse
        page.byteCount = residence.byteCount
        residents.push(page, residence.kind)
    }
}

extension WorkerTimelines.Residence {
    fileprivate var kind: ResidentPages.Kind { isLast ? .tail : .other }
}
