internal import EventModel

/// The resident pages of one worker in one class.
///
/// Invariant: the pages are sorted by fence and do not overlap; only the store has the ranges between them. No IO: a
/// caller that needs a page that is not resident loads and adds it (``WorkerTimelines``).
struct TimeLine: Sendable {
    private(set) var pages: [Page] = []
    /// Whether the store has pages of this line, or a commit will bring it some.
    var isStored = false

    var mayHaveEvents: Bool { isStored }

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
        isStored = true
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

    /// The resident page with this fence.
    ///
    /// - Precondition: it is resident.
    func page(withFence fence: EventKey) -> Page {
        let page = pages[firstPage(above: fence) - 1]
        precondition(page.fence == fence, "a page that the store lacks has left memory")
        return page
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
/// Commits are numbered; a changed page gets the number of the next one. So a commit takes all dirty pages by counting
/// on, without visiting them.
///
/// Invariant: a page is dirty exactly while it has the number of the next commit, and then it is in the list of dirty
/// pages, once. At most one commit is in flight.
struct PageChanges: Sendable {
    /// A page is identified by line and fence, which never change.
    typealias Name = (line: LineIndex, fence: EventKey)

    private(set) var dirty: [Name] = []
    /// Entries added since the last commit was taken.
    var insertedEntries = 0
    /// Counts records; the measure of "least recently used".
    private(set) var clock: UInt64 = 0
    /// Number of page rows assigned so far, in the whole partition.
    private(set) var pageCount: Int64 = 0
    /// Number of the next commit; wraps around after more commits than a process makes.
    private var nextCommit: UInt32 = 1
    private var inFlight: [Name] = []

    mutating func beginRecord(pageCount: Int64) {
        clock += 1
        self.pageCount = pageCount
    }

    @inline(__always)
    mutating func note(_ page: inout Page, of line: LineIndex) {
        page.lastUse = clock
        guard page.commit != nextCommit else { return }
        page.commit = nextCommit
        if page.id == 0 {
            pageCount += 1
            page.id = pageCount
        }
        dirty.append((line, page.fence))
    }

    /// Moves the dirty pages into flight.
    mutating func take() {
        swap(&inFlight, &dirty)
        nextCommit &+= 1
        insertedEntries = 0
    }

    /// The store has the pages of the commit.
    mutating func finishCommit() -> [Name] {
        defer { inFlight = [] }
        return inFlight
    }

    /// Whether the store does not have the page in its current state.
    func isPinned(_ page: Page) -> Bool {
        page.commit == nextCommit || (!inFlight.isEmpty && page.commit == nextCommit &- 1)
    }
}
