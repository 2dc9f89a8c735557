internal import EventModel

/// Which pages are in memory apart from those that wait for a commit, and the order in which they may leave
/// (DESIGN 1.6).
///
/// Two rings, each of which works like a clock: a page that was used since its last examination goes to the end again;
/// any other page leaves while the ring is over its budget. Nothing here scans all lines: a page arrives once, when it
/// is loaded or when its first commit is durable, and every step examines a bounded number of pages.
struct ResidentPages: Sendable {
    /// A page in the ring of its kind.
    struct Resident: Sendable {
        var site: UInt32
        var line: LineIndex
        var fence: EventKey
        /// Value of the fold's use counter at the last examination.
        var lastUse: UInt64 = 0
        var byteCount = 0
    }

    enum Kind {
        /// At the end of its line, where the next event most likely goes.
        case tail
        /// A late event or a replacement touched it.
        case other
    }

    private struct Arrival {
        var site: UInt32
        var pages: [(line: LineIndex, fence: EventKey)]
        var next = 0
    }

    private var arrivals: [Arrival] = []
    private var arrivalCount = 0
    private var tails = PageRing()
    private var others = PageRing()

    /// Steps in one turn: each arrival is admitted and examined, each resident examined.
    var turn: Int { 2 * arrivalCount + tails.count + others.count }

    /// Adds pages that are now in memory; most of them may be known already.
    mutating func arrive(_ site: UInt32, _ pages: [(line: LineIndex, fence: EventKey)]) {
        guard !pages.isEmpty else { return }
        arrivals.append(Arrival(site: site, pages: pages))
        arrivalCount += pages.count
    }

    /// The next arrival to process.
    mutating func nextArrival() -> Resident? {
        guard var arrival = arrivals.last else { return nil }
        let page = arrival.pages[arrival.next]
        arrivalCount -= 1
        arrival.next += 1
        if arrival.next == arrival.pages.count {
            arrivals.removeLast()
        } else {
            arrivals[arrivals.count - 1].next = arrival.next
        }
        return Resident(site: arrival.site, line: page.line, fence: page.fence)
    }

    mutating func push(_ page: Resident, _ kind: Kind) {
        switch kind {
        case .tail: tails.push(page)
        case .other: others.push(page)
        }
    }

    /// The next page to examine in a ring that is over its budget; nil while both are within it.
    mutating func pop(over budget: PartitionFold.MemoryBudget) -> (page: Resident, kind: Kind)? {
        if tails.byteCount > budget.tailBytes, let page = tails.pop() { return (page, .tail) }
        if others.byteCount > budget.otherBytes, let page = others.pop() { return (page, .other) }
        return nil
    }
}

/// A first-in, first-out queue that tracks its total bytes.
private struct PageRing: Sendable {
    private var pages: [ResidentPages.Resident] = []
    private var head = 0
    private(set) var byteCount = 0

    var count: Int { pages.count - head }

    mutating func push(_ page: ResidentPages.Resident) {
        pages.append(page)
        byteCount += page.byteCount
    }

    mutating func pop() -> ResidentPages.Resident? {
        guard head < pages.count else { return nil }
        let page = pages[head]
        byteCount -= page.byteCount
        head += 1
        // Half of the array is free: as many pops have paid for moving the rest.
        if head * 2 > pages.count {
            pages.removeSubrange(..<head)
            head = 0
        }
        return page
    }
}
