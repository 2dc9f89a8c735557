internal import EventModel

/// Keeping the memory of hot time lines within bounds (DESIGN 1.6).
extension PartitionFold {
    /// How much may stay beside what waits for a commit.
    public struct MemoryBudget: Sendable {
        /// Pages at the end of their lines, where the next event most likely goes.
        public var tailBytes: Int
        /// Pages that a late event or a replacement touched.
        public var otherBytes: Int

        public init(tailBytes: Int, otherBytes: Int) {
            self.tailBytes = tailBytes
            self.otherBytes = otherBytes
        }
    }

    /// Drops pages that are over the budget and were not used for long; those that the store does not have yet stay.
    ///
    /// - Parameter pageLimit: how many pages are examined at most, so that nobody waits for long; without one, each page
    ///   once.
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
        let site = Int(page.site)
        guard let index = sites[site].lines[page.line.value].index(of: page.fence),
            !sites[site].lines[page.line.value].pages[index].isResident
        else { return }
        sites[site].lines[page.line.value].pages[index].isResident = true
        keep(page, at: index)
    }

    /// Lets a page leave, unless it was used since, or has become one of the other kind.
    private mutating func examine(_ resident: ResidentPages.Resident, _ kind: ResidentPages.Kind) {
        let site = Int(resident.site)
        let line = resident.line.value
        guard let index = sites[site].lines[line].index(of: resident.fence) else { return }
        let page = sites[site].lines[line].pages[index]
        let isUsed = page.lastUse > resident.lastUse || self.kind(resident, at: index) != kind
        if isUsed || sites[site].isPinned(page) { return keep(resident, at: index) }
        sites[site].lines[line].pages.remove(at: index)
        sites[site].lacksPages = true
    }

    private mutating func keep(_ resident: ResidentPages.Resident, at index: Int) {
        let page = sites[Int(resident.site)].lines[resident.line.value].pages[index]
        var resident = resident
        resident.lastUse = page.lastUse
        resident.byteCount = page.byteCount
        residents.push(resident, kind(resident, at: index))
    }

    private func kind(_ resident: ResidentPages.Resident, at index: Int) -> ResidentPages.Kind {
        index == sites[Int(resident.site)].lines[resident.line.value].pages.count - 1 ? .tail : .other
    }
}

extension SiteFold {
    /// Whether the store does not have the page as it is: it is dirty, or in the commit in flight.
    func isPinned(_ page: Page) -> Bool {
        page.isDirty || (inFlight.generation > 0 && page.commit == UInt32(truncatingIfNeeded: inFlight.generation))
    }
}

extension SiteFold.Line {
    /// Index of the resident page with this fence.
    func index(of fence: EventKey) -> Int? {
        let index = firstPage(above: fence) - 1
        return index >= 0 && pages[index].fence == fence ? index : nil
    }
}
