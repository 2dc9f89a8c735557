internal import EventModel
internal import Timeline

/// Pages that the next record touches, loaded before the lock is taken; all others come from the store.
///
/// The store's newest commit has their current state: a page that is not in memory has not changed since it was
/// written.
final class PagesAtHand: PageReader {
    private let store: any PageReader
    private var pages: [LineID: [Page]] = [:]

    init(_ store: any PageReader) { self.store = store }

    /// Loads pages that are not here yet.
    func load(_ absent: [AbsentPage]) throws {
        for page in absent where atHand(page.line, page.key) == nil {
            guard let loaded = try store.page(of: page.line, holding: page.key) else { continue }
            pages[page.line, default: []].append(loaded)
        }
    }

    func forget() { if !pages.isEmpty { pages.removeAll(keepingCapacity: true) } }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        try atHand(line, key) ?? store.page(of: line, holding: key)
    }

    private func atHand(_ line: LineID, _ key: EventKey) -> Page? { pages[line]?.first { $0.holds(key) } }
}
