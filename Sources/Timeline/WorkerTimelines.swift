internal import EventModel

/// The time lines of a site's workers, one a class (``LineIndex``): insertion, and pages in memory or in the store.
///
/// Invariant: the pages of a line, resident and stored, tile all keys; each knows the last state event before it. What
/// the store lacks is resident and dirty until a commit takes it.
struct WorkerTimelines: Sendable {
    private let siteID: SiteID
    private let site: UInt32
    private var lines: [TimeLine] = []
    private var changes = PageChanges()
    /// Whether pages of some line are in the store alone.
    private(set) var lacksPages = false
    /// Pages that were loaded since ``takeLoadedPages()``.
    private var loaded: [PageChanges.Name] = []

    /// - Parameter site: number of the site in its partition.
    init(siteID: SiteID, site: UInt32) {
        self.siteID = siteID
        self.site = site
    }

    /// What became of an entry.
    enum Insertion {
        /// The same key is there with a winner that stays.
        case lost
        case inserted(Neighbours)
        case replaced(TimelineEntry, Neighbours)
    }

    /// The state events around an accepted state event; none around others.
    struct Neighbours {
        var previous: TimelineEntry?
        var next: TimelineEntry?
    }

    var dirtyPageCount: Int { changes.dirty.count }
    var insertedEntries: Int { changes.insertedEntries }
    var isEmpty: Bool { lines.allSatisfy { !$0.mayHaveEvents } }
    /// All lines, in order.
    var indices: some Sequence<LineIndex> { lines.indices.lazy.map { LineIndex($0) } }

    /// - Parameter isStored: whether the store may hold events of the worker.
    mutating func addWorker(isStored: Bool) {
        for _ in 0..<LineIndex.perWorker { lines.append(TimeLine(isStored: isStored)) }
        if isStored { lacksPages = true }
    }

    func mayHaveEvents(_ line: LineIndex) -> Bool { lines[line.value].mayHaveEvents }

    /// Entries of the records to come count as used later than those before.
    mutating func beginRecord() { changes.beginRecord() }

    /// Reads the end of a line, so that the processor has it at hand; the value means nothing.
    @inline(__always)
    func readAhead(_ line: LineIndex) -> Int64 { lines[line.value].readAhead }

    /// The page of a line that holds `key`, from memory or from the store; nil where the line has none.
    func page(of line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Page? {
        if let index = lines[line.value].pageIndex(holding: key) { return lines[line.value].pages[index] }
        guard lines[line.value].isStored else { return nil }
        return try reader.page(of: LineID(site: site, line), holding: key)
    }

    /// Puts an entry into its line.
    /// - Throws: ``TimelineError`` where the store lacks a page, or what the reader throws.
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

    /// A new last state event of a page holds into the pages after it, up to the next state event, which is returned.
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

    /// Index of the resident page of `line` that holds `key`; loads it, or makes the first one.
    @inline(__always)
    private mutating func residentPage(
        _ line: LineIndex, holding key: EventKey, _ reader: any PageReader
    ) throws -> Int {
        if let index = lines[line.value].pageIndex(holding: key) { return index }
        return try load(line, holding: key, reader)
    }

    private mutating func load(_ line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Int {
        if lines[line.value].isStored, var page = try reader.page(of: LineID(site: site, line), holding: key) {
            page.lastUse = changes.clock
            loaded.append((line, page.fence))
            return lines[line.value].add(page)
        }
        guard lines[line.value].pages.isEmpty else { throw TimelineError.missingPage(siteID, line: line, key: key) }
        return lines[line.value].add(Page(id: 0, fence: .lowest, limit: .highest, entry: nil, entries: []))
    }

    /// Hands over the dirty pages for a commit; new ones get the next numbers of `pageCount`.
    mutating func takeDirtyPages(generation: UInt64, pageCount: inout Int64) -> [CommitSet.DirtyPage] {
        changes.take(generation: generation).map { line, fence in
            let (page, isNew) = lines[line.value].takeDirty(fence, generation, pageCount: &pageCount)
            return CommitSet.DirtyPage(line: LineID(site: site, line), page: page, isNew: isNew)
        }
    }

    /// The store has what was taken.
    /// - Returns: those pages.
    mutating func finishCommit() -> [PageChanges.Name] { changes.finishCommit() }

    /// Pages that were loaded since the last call.
    mutating func takeLoadedPages() -> [PageChanges.Name] {
        if loaded.isEmpty { return [] }
        defer { loaded.removeAll() }
        return loaded
    }
}

/// Which pages are in memory, and which may leave it.
extension WorkerTimelines {
    /// A resident page as eviction sees it.
    struct Residence {
        /// The fold's use counter when it was last changed or loaded.
        var lastUse: UInt64
        var byteCount: Int
        /// Whether it is at the end of its line, as far as that is resident.
        var isLast: Bool
        /// Whether the store does not have it as it is: it is dirty, or in the commit in flight.
        var isPinned: Bool
    }

    /// Whether the page that holds `key` is in the store alone.
    func isAbsent(_ line: LineIndex, _ key: EventKey) -> Bool {
        lines[line.value].isStored && lines[line.value].pageIndex(holding: key) == nil
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

    /// Notes that ``ResidentPages`` knows a page from now on.
    /// - Returns: nil where it is not in memory, or was known already.
    mutating func admit(_ line: LineIndex, _ fence: EventKey) -> Residence? {
        guard let residence = residence(line, fence), lines[line.value].admit(fence) else { return nil }
        return residence
    }

    /// Drops a page from memory; one that the store does not have as it is stays.
    mutating func drop(_ line: LineIndex, _ fence: EventKey) {
        guard let residence = residence(line, fence), !residence.isPinned else { return }
        lines[line.value].drop(fence)
        lacksPages = true
    }
}
