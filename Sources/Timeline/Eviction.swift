/// Keeping the memory of hot time lines within bounds (DESIGN 1.6).
extension PartitionFold {
    /// How much may stay.
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

    /// Drops the least recently used pages that are over the budget; a dirty page stays.
    ///
    /// Not while a commit is under way: its pages are not in the store yet.
    /// - Returns: bytes of the pages that stay.
    @discardableResult
    public mutating func evict(_ budget: MemoryBudget) -> Int {
        var kept = 0
        for site in 0..<sites.count {
            let share = sites.count == 1 ? budget : budget.share(of: sites.count)
            kept += sites[site].evict(share)
        }
        return kept
    }
}

extension PartitionFold.MemoryBudget {
    func share(of count: Int) -> Self { Self(tailBytes: tailBytes / count, otherBytes: otherBytes / count) }
}

extension SiteFold {
    mutating func evict(_ budget: PartitionFold.MemoryBudget) -> Int {
        var tails = Candidates()
        var others = Candidates()
        for line in lines {
            guard let last = line.pages.last else { continue }
            tails.add(last, isPinned: last.isPinned)
            for page in line.pages.dropLast() { others.add(page, isPinned: page.isPinned) }
        }
        let tailLimit = tails.oldestToKeep(within: budget.tailBytes)
        let otherLimit = others.oldestToKeep(within: budget.otherBytes)
        guard tailLimit > 0 || otherLimit > 0 else { return tails.bytes + others.bytes }
        var kept = 0
        for line in 0..<lines.count {
            let last = lines[line].pages.count - 1
            guard last >= 0 else { continue }
            let hasLeaver = lines[line].pages.indices.contains { index in
                let page = lines[line].pages[index]
                return page.lastUse < (index == last ? tailLimit : otherLimit) && !page.isPinned
            }
            if hasLeaver {
                var index = -1
                lines[line].pages.removeAll { page in
                    index += 1
                    return page.lastUse < (index == last ? tailLimit : otherLimit) && !page.isPinned
                }
            }
            kept += lines[line].pages.reduce(0) { $0 + $1.byteCount }
        }
        return kept
    }

    /// Pages that could leave, with when they were last used.
    private struct Candidates {
        var bytes = 0
        var free: [(lastUse: UInt64, bytes: Int)] = []

        mutating func add(_ page: Page, isPinned: Bool) {
            bytes += page.byteCount
            if !isPinned { free.append((page.lastUse, page.byteCount)) }
        }

        /// The use counter from which on pages may stay; 0 when all may.
        mutating func oldestToKeep(within budget: Int) -> UInt64 {
            guard bytes > budget else { return 0 }
            free.sort { $0.lastUse < $1.lastUse }
            var left = bytes
            for page in free {
                left -= page.bytes
                if left <= budget { return page.lastUse + 1 }
            }
            return UInt64.max
        }
    }
}

extension Page {
    var isPinned: Bool { isDirty || id == 0 }
}
