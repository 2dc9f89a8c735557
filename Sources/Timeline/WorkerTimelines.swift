internal import EventModel

/// The time lines of a site's workers, one per class (``LineIndex``): insertion, and pages in memory or in the store.
///
/// Invariant: the pages of a line, resident and stored, tile all keys; each page stores the last state event before it.
/// Pages that the store lacks are resident and dirty until a commit takes them.
struct WorkerTimelines: Sendable {
    private let siteID: SiteID
    private let site: UInt32
    private var lines: [TimeLine] = []
    private var changes = PageChanges()
    /// Whether only the store has some of the pages.
    private(set) var lacksPages = false
    /// Pages loaded since ``takeLoadedPages()``.
    private var loaded: [PageChanges.Name] = []

    /// - Parameter site: number of the site in its partition.
    init(siteID: SiteID, site: UInt32) {
        self.siteID = siteID
        self.site = site
    }

    /// The outcome of inserting an entry.
    enum Insertion {
        /// The line already has the winner for this key.
        case lost
        case inserted(Neighbours)
        case replaced(TimelineEntry, Neighbours)
    }

    /// The state events before and after an accepted state event; empty for other events.
    struct Neighbours {
        var previous: TimelineEntry?
        var next: TimelineEntry?
    }

    var dirtyPageCount: Int { changes.dirty.count }
    var insertedEntries: Int { changes.insertedEntries }
    var isEmpty: Bool { lines.allSatisfy { !$0.mayHaveEvents } }
    /// All lines, in order.
    var indices: some Sequence<LineIndex> { lines.indices.lazy.map { LineIndex($0) } }

    mutating func addWorker() {
        for _ in 0..<LineIndex.perWorker { lines.append(TimeLine()) }
    }

    /// Records that the store has pages of a line.
    mutating func markStored(_ line: LineIndex) {
        lines[line.value].isStored = true
        lacksPages = true
    }

    func mayHaveEvents(_ line: LineIndex) -> Bool { lines[line.value].mayHaveEvents }

    /// Number of page rows assigned so far, in the whole partition.
    var pageCount: Int64 { changes.pageCount }

    /// Starts a new record: entries from now on count as used later than those before.
    ///
    /// - Parameter pageCount: number of page rows assigned so far; new pages get the next numbers.
    mutating func beginRecord(pageCount: Int64) { changes.beginRecord(pageCount: pageCount) }

    /// Prefetches the end of a line into the processor's cache; the value is meaningless.
    @inline(__always)
    func readAhead(_ line: LineIndex) -> Int64 { lines[line.value].readAhead }

    /// The page of a line that covers `key`, from memory or from the store; nil when the line has none.
    func page(of line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Page? {
        if let index = lines[line.value].pageIndex(holding: key) { return lines[line.value].pages[index] }
        guard lines[line.value].isStored else { return nil }
        return try reader.page(of: id(of: line), holding: key)
    }

    /// Inserts an entry into its line.
    /// - Throws: ``TimelineError`` when the store lacks a page, or any error of the reader.
    @inline(__always)
    mutating func insert(
        _ entry: TimelineEntry, _ worker: UInt32, _ eventClass: EventClass, _ reader: any PageReader
    ) throws -> Insertion {
        let line = LineIndex(worker, eventClass)
        let index = try residentPage(line, holding: entry.key, reader)
        let (insertion, page) = lines[line.value].insert(entry, at: index, line, &changes)
        let hasNeighbours = eventClass == .accepted && entry.isState
        switch insertion {
        case .lost, .needsSplit: return .lost
        case .inserted(let index):
            return .inserted(hasNeighbours ? try neighbours(entry, line, page, index, reader) : Neighbours())
        case .replaced(let old, let index):
            return .replaced(old, hasNeighbours ? try neighbours(entry, line, page, index, reader) : Neighbours())
        }
    }

    @inline(__always)
    private mutating func neighbours(
        _ entry: TimelineEntry, _ line: LineIndex, _ page: Int, _ index: Int, _ reader: any PageReader
    ) throws -> Neighbours {
        let previous = lines[line.value].pages[page].state(before: index)
        if let next = lines[line.value].pages[page].state(from: index + 1) {
            return Neighbours(previous: previous, next: next)
        }
        let limit = lines[line.value].pages[page].limit
        let next = limit == .highest ? nil : try passOn(entry, line, from: limit, reader)
        return Neighbours(previous: previous, next: next)
    }

    /// Propagates a new last state event of a page into the pages after it, up to the next state event, which it
    /// returns.
    private mutating func passOn(
        _ entry: TimelineEntry, _ line: LineIndex, from limit: EventKey, _ reader: any PageReader
    ) throws -> TimelineEntry? {
        var limit = limit
        while limit != .highest {
            let page = try residentPage(line, holding: limit, reader)
            if let next = lines[line.value].setEntry(entry, at: page, line, &changes) { return next }
            limit = lines[line.value].pages[page].limit
        }
        return nil
    }

    /// Index of the resident page of `line` that covers `key`; loads the page, or creates the line's first one.
    @inline(__always)
    private mutating func residentPage(
        _ line: LineIndex, holding key: EventKey, _ reader: any PageReader
    ) throws -> Int {
        if let index = lines[line.value].pageIndex(holding: key) { return index }
        return try load(line, holding: key, reader)
    }

    private mutating func load(_ line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Int {
        if lines[line.value].isStored, var page = try reader.page(of: id(of: line), holding: key) {
            page.lastUse = changes.clock
            loaded.append((line, page.fence))
            return lines[line.value].add(page)
        }
        guard lines[line.value].pages.isEmpty else { throw TimelineError.missingPage(siteID, line: line, key: key) }
        return lines[line.value].add(Page(id: 0, fence: .lowest, limit: .highest, entry: nil, entries: []))
    }

    /// The pages that differ from their rows in the store.
    ///
    /// - Parameter storedPages: number of page rows that the store has; a page with a higher number is new.
    func dirtyPages(storedPages: Int64) -> [CommitSet.DirtyPage] {
        changes.dirty.map { line, fence in
            let page = lines[line.value].page(withFence: fence)
            return CommitSet.DirtyPage(line: id(of: line), page: page, isNew: page.id > storedPages)
        }
    }

    /// Puts the dirty pages in flight.
    mutating func beginCommit() { changes.take() }

    func id(of line: LineIndex) -> LineID { LineID(site: site, line) }

    /// The store has the pages of the commit.
    /// - Returns: those pages.
    mutating func finishCommit() -> [PageChanges.Name] { changes.finishCommit() }

    /// Pages loaded since the last call.
    mutating func takeLoadedPages() -> [PageChanges.Name] {
        if loaded.isEmpty { return [] }
        defer { loaded.removeAll() }
        return loaded
    }
}

/// Which pages are in memory, and which may leave it.
extension WorkerTimelines {
    /// The state of a resident page for eviction.
    struct Residence {
        /// Value of the fold's use counter at the last change or load.
        var lastUse: UInt64
        var byteCount: Int
        /// Whether it is the last resident page of its line.
        var isLast: Bool
        /// Whether the store does not have its current state: it is dirty, or in the commit in flight.
        var isPinned: Bool
    }

    /// Whether only the store has the page that covers `key`.
    func isAbsent(_ line: LineIndex, _ key: EventKey) -> Bool {
        lines[line.value].isStored && lines[line.value].pageIndex(holding: key) == nil
    }

    /// See ``Page/reach(of:createdAt:)``, for a page in memory; nil for an empty line.
    func reachOfResident(_ key: EventKey, createdAt: Int64, on line: LineIndex) -> EventKey? {
        guard let index = lines[line.value].pageIndex(holding: key) else { return nil }
        return lines[line.value].pages[index].reach(of: key, createdAt: createdAt)
    }

    /// See ``Page/limitWithoutState``, for a page in memory; nil for an empty line.
    func limitOfResident(_ key: EventKey, on line: LineIndex) -> EventKey? {
        guard let index = lines[line.value].pageIndex(holding: key) else { return nil }
        return lines[line.value].pages[index].limitWithoutState
    }

    /// The pages of a line that are in memory, in order.
    func residentPages(of line: LineIndex) -> [Page] { lines[line.value].pages }

    /// nil where the page is not in memory.
    func residence(_ line: LineIndex, _ fence: EventKey) -> Residence? {
        guard let index = lines[line.value].pageIndex(fence) else { return nil }
        let page = lines[line.value].pages[index]
        return Residence(
            lastUse: page.lastUse, byteCount: page.byteCount, isLast: index == lines[line.value].pages.count - 1,
            isPinned: changes.isPinned(page))
    }

    /// Records that ``ResidentPages`` tracks a page.
    /// - Returns: nil when the page is not in memory, or was tracked already.
    mutating func admit(_ line: LineIndex, _ fence: EventKey) -> Residence? {
        guard let residence = residence(line, fence), lines[line.value].admit(fence) else { return nil }
        return residence
    }

    /// Drops a page from memory, unless the store lacks its current state.
    mutating func drop(_ line: LineIndex, _ fence: EventKey) {
        guard let residence = residence(line, fence), !residence.isPinned else { return }
        lines[line.value].drop(fence)
        lacksPages = true
    }
}
