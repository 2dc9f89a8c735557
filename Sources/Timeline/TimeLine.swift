internal import EventModel

/// The resident pages of one worker in one class.
///
/// Invariant: the pages are sorted by fence and do not overlap; only the store has the ranges between them. No IO: a
/// caller that needs a page that is not resident loads and adds it (``WorkerTimelines``).
struct TimeLine: Sendable {
    private(set) var pages: [Page] = []
    /// Whether the store may have pages of this line.
    private(set) var isStored: Bool

    init(isStored: Bool) { self.isStored = isStored }

    var mayHaveEvents: Bool { !pages.isEmpty || isStored }

    /// See ``WorkerTimelines/readAhead(_:)``.
    @inline(__always)
    var readAhead: Int64 { pages.isEmpty ? 0 : pages[pages.count - 1].readAhead }

    /// The page's index; nil when it is not resident.
    @inline(__always)
    func pageIndex(holding key: EventKey) -> Int? {
        let last = pages.count - 1
        if last >= 0, pages[last].holds(key) { return last }
        return search(key)
    }

    private func search(_ key: EventKey) -> Int? {
        let index = firstPage(above: key)
        return index > 0 && pages[index - 1].holds(key) ? index - 1 : nil
    }

    /// Index of the first resident page whose fence is above `key`.
    private func firstPage(above key: EventKey) -> Int {
        var low = 0
        var high = pages.count
        while low < high {
            let middle = (low + high) >> 1
            if pages[middle].fence <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds a page that was not resident, and returns its index.
    mutating func add(_ page: Page) -> Int {
        let index = firstPage(above: page.fence)
        pages.insert(page, at: index)
        return index
    }

    /// Inserts an entry into the resident page that covers its key; returns the outcome and the index of the page.
    @inline(__always)
    mutating func insert(
        _ entry: TimelineEntry, at index: Int, _ line: LineIndex, _ changes: inout PageChanges
    ) -> (insertion: Page.Insertion, page: Int) {
        var index = index
        var insertion = pages[index].insert(entry)
        while case .needsSplit = insertion {
            index = split(index, for: entry.key, line, &changes)
            insertion = pages[index].insert(entry)
        }
        switch insertion {
        case .lost, .needsSplit: break
        case .replaced: changes.note(&pages[index], of: line)
        case .inserted:
            changes.insertedEntries += 1
            changes.note(&pages[index], of: line)
        }
        return (insertion, index)
    }

    /// Splits a page and returns the index of the half that covers `key`.
    private mutating func split(
        _ index: Int, for key: EventKey, _ line: LineIndex, _ changes: inout PageChanges
    ) -> Int {
        let upper = pages[index].split(for: key)
        pages.insert(upper, at: index + 1)
        changes.note(&pages[index], of: line)
        changes.note(&pages[index + 1], of: line)
        return key < upper.fence ? index : index + 1
    }

    /// Makes `entry` the state at the start of a resident page.
    ///
    /// - Returns: the page's first state event, which ends the state of `entry`; nil when the state holds beyond the
    ///   page.
    mutating func setEntry(
        _ entry: TimelineEntry, at index: Int, _ line: LineIndex, _ changes: inout PageChanges
    ) -> TimelineEntry? {
        pages[index].entry = entry
        changes.note(&pages[index], of: line)
        return pages[index].state(from: 0)
    }

    /// Returns a dirty page for a commit and marks it as clean.
    ///
    /// - Parameter pageCount: the source of the next number, for pages without a row.
    mutating func takeDirty(
        _ fence: EventKey, _ generation: UInt64, pageCount: inout Int64
    ) -> (page: Page, isNew: Bool) {
        let index = firstPage(above: fence) - 1
        let isNew = pages[index].id == 0
        if isNew {
            pageCount += 1
            pages[index].id = pageCount
            isStored = true
        }
        pages[index].isDirty = false
        pages[index].commit = UInt32(truncatingIfNeeded: generation)
        return (pages[index], isNew)
    }

    /// Index of the resident page with this fence.
    func pageIndex(_ fence: EventKey) -> Int? {
        let index = firstPage(above: fence) - 1
        return index >= 0 && pages[index].fence == fence ? index : nil
    }

    /// - Returns: false when the page is not resident or was already admitted.
    mutating func admit(_ fence: EventKey) -> Bool {
        guard let index = pageIndex(fence), !pages[index].isResident else { return false }
        pages[index].isResident = true
        return true
    }

    mutating func drop(_ fence: EventKey) {
        if let index = pageIndex(fence) { pages.remove(at: index) }
    }
}

/// Which pages of a site differ from their rows in the store.
///
/// Invariant: a page is dirty exactly while it is in the list of dirty pages, once. At most one commit is in flight.
struct PageChanges: Sendable {
    /// A page is identified by line and fence, which never change.
    typealias Name = (line: LineIndex, fence: EventKey)

    private(set) var dirty: [Name] = []
    /// Entries added since the last commit was taken.
    var insertedEntries = 0
    /// Counts records; the measure of "least recently used".
    private(set) var clock: UInt64 = 0
    private var inFlight: (generation: UInt64, pages: [Name]) = (0, [])

    mutating func beginRecord() { clock += 1 }

    @inline(__always)
    mutating func note(_ page: inout Page, of line: LineIndex) {
        page.lastUse = clock
        guard !page.isDirty else { return }
        page.isDirty = true
        dirty.append((line, page.fence))
    }

    /// Moves the dirty pages into flight and returns them.
    mutating func take(generation: UInt64) -> [Name] {
        inFlight = (generation, dirty)
        dirty.removeAll()
        insertedEntries = 0
        return inFlight.pages
    }

    /// The store has the pages of the commit.
    mutating func finishCommit() -> [Name] {
        defer { inFlight = (0, []) }
        return inFlight.pages
    }

    /// Whether the store does not have the page in its current state.
    func isPinned(_ page: Page) -> Bool {
        page.isDirty
            || (inFlight.generation > 0 && page.commit == UInt32(truncatingIfNeeded: inFlight.generation))
    }
}
