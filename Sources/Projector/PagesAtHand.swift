internal import EventModel
internal import Timeline

/// What the next record touches, loaded before the lock is taken; everything else comes from the store.
///
/// The store's newest commit has the current state of these pages: a page that is not in memory has not changed since it was
/// written.
final class PagesAtHand: PageReader {
    private let store: any PageReader
    /// Sorted by fence, because a late event may hold through thousands of pages.
    private var pages: [LineID: [Page]] = [:]
    /// Of the record's site; nil where there is none.
    private var winners: [QuarantineKey: QuarantinedPlace?] = [:]

    init(_ store: any PageReader) { self.store = store }

    /// Loads a page unless it is here already.
    /// - Returns: nil when the line has no page there.
    func load(_ line: LineID, holding key: EventKey) throws -> Page? {
        if let page = atHand(line, key) { return page }
        guard let page = try store.page(of: line, holding: key) else { return nil }
        pages[line, default: []].insert(page, at: count(of: line, upTo: page.fence))
        return page
    }

    func loadQuarantinedWinner(site: UInt32, _ key: QuarantineKey) throws {
        if winners[key] == nil { winners[key] = .some(try store.quarantinedWinner(site: site, key)) }
    }

    func forget() {
        if !pages.isEmpty { pages.removeAll(keepingCapacity: true) }
        if !winners.isEmpty { winners.removeAll(keepingCapacity: true) }
    }

    func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace? {
        if let loaded = winners[key] { return loaded }
        return try store.quarantinedWinner(site: site, key)
    }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        try atHand(line, key) ?? store.page(of: line, holding: key)
    }

    private func atHand(_ line: LineID, _ key: EventKey) -> Page? {
        let count = count(of: line, upTo: key)
        guard count > 0, let page = pages[line]?[count - 1], page.holds(key) else { return nil }
        return page
    }

    /// Number of pages here whose fence is `key` or below.
    private func count(of line: LineID, upTo key: EventKey) -> Int {
        guard let pages = pages[line] else { return 0 }
        var low = 0
        var high = pages.count
        while low < high {
            let middle = (low + high) >> 1
            if pages[middle].fence <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
