public import EventModel

/// Part of one worker's time line in one class: a block in memory and a row in the store (DESIGN 1.6).
///
/// The pages of a line tile all keys: a page covers [fence, limit), the first one starts at ``EventKey/lowest``, the
/// last one ends at ``EventKey/highest``. Fences never move and pages never merge, so (line, fence) identifies a page
/// permanently.
public struct Page: Sendable, Equatable {
    /// Row in the store; 0 until the page is first noted as changed.
    public var id: Int64
    public var fence: EventKey
    public internal(set) var limit: EventKey
    /// The last state event before this page: the state at its start.
    public internal(set) var entry: TimelineEntry?
    /// Sorted by key; keys are unique.
    public internal(set) var entries: [TimelineEntry]

    /// End of the month of the entries, computed on first use: computing it for each event is expensive.
    private var monthEnd = Int64.min
    /// Key of the last entry. Cached because most events come after it, and reading it from the array would be a cache
    /// miss.
    private var lastKey: EventKey

    /// Whether ``ResidentPages`` tracks it.
    var isResident = false
    /// The last commit that includes it, or will; 0 for none. See ``PageChanges``.
    var commit: UInt32 = 0
    /// Value of the fold's use counter at the last change or load.
    var lastUse: UInt64 = 0

    /// Larger pages make late events more expensive, smaller ones commits: 128 was the best of the measured sizes.
    public static let entriesMaximum = 128
    /// Memory of a page besides its entries: the struct and the header of its array.
    static let overheadBytes = 160

    public init(id: Int64, fence: EventKey, limit: EventKey, entry: TimelineEntry?, entries: [TimelineEntry]) {
        self.id = id
        self.fence = fence
        self.limit = limit
        self.entry = entry
        self.entries = entries
        lastKey = entries.last?.key ?? .lowest
    }

    /// See ``WorkerTimelines/readAhead(_:)``.
    @inline(__always)
    var readAhead: Int64 { entries.isEmpty ? 0 : entries[entries.count - 1].createdAt }

    /// Whether `key` is in the page's range.
    public func holds(_ key: EventKey) -> Bool { fence <= key && key < limit }

    var byteCount: Int { entries.capacity * 32 + Page.overheadBytes }

    /// The outcome of inserting an entry into a page.
    enum Insertion {
        /// The page already has the winner for this key.
        case lost
        case replaced(TimelineEntry, index: Int)
        case inserted(index: Int)
        /// No room, or another month: call ``Page/split(for:)`` first. Nothing was changed.
        case needsSplit
    }

    /// Index of the first entry whose key is not below `key`.
    func lowerBound(_ key: EventKey) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) >> 1
            if entries[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ entry: TimelineEntry) -> Insertion {
        let isLast = entry.key > lastKey
        let index = isLast ? entries.count : lowerBound(entry.key)
        if !isLast, entries[index].key == entry.key {
            let old = entries[index]
            guard entry.wins(over: old) else { return .lost }
            entries[index] = entry
            return .replaced(old, index: index)
        }
        let count = entries.count
        if count >= Page.entriesMaximum || (count > 0 && !isSameMonth(entry.time, isLast)) { return .needsSplit }
        if entries.capacity == count { entries.reserveCapacity(min(Page.entriesMaximum, max(2, count * 2))) }
        if isLast {
            entries.append(entry)
            lastKey = entry.key
        } else {
            entries.insert(entry, at: index)
        }
        return .inserted(index: index)
    }

    /// No page crosses a UTC month, so that months can be archived or erased by row (DESIGN 1.6).
    private mutating func isSameMonth(_ time: Int64, _ isLast: Bool) -> Bool {
        if isLast && time < monthEnd { return true }
        let first = entries[0].time
        if time >= first && time < monthEnd { return true }
        let month = Timestamp.utcMonthBounds(ofMicroseconds: first)
        monthEnd = month.end
        return time >= month.start && time < month.end
    }

    /// Splits the page so that one of the halves has room for `key`, and returns the upper half, which has no row yet.
    mutating func split(for key: EventKey) -> Page {
        let time = key.time
        let boundary: EventKey
        let isLast = key > lastKey
        if !isSameMonth(time, isLast) {
            let month = Timestamp.utcMonthBounds(ofMicroseconds: max(time, entries[0].time))
            boundary = EventKey(at: month.start)
        } else if isLast {
            boundary = key  // In order: leave the full page as it is.
        } else {
            boundary = entries[entries.count / 2].key
        }
        let cut = lowerBound(boundary)
        var upper = Page(
            id: 0, fence: boundary, limit: limit, entry: state(before: cut), entries: Array(entries[cut...]))
        upper.lastUse = lastUse
        entries.removeSubrange(cut...)
        lastKey = entries.last?.key ?? .lowest
        limit = boundary
        return upper
    }

    /// The last state event before `index`, also from before the page.
    func state(before index: Int) -> TimelineEntry? {
        var candidate = index
        while candidate > 0 {
            candidate -= 1
            if entries[candidate].isState { return entries[candidate] }
        }
        return entry
    }

    /// The first state event at or after `index` in this page.
    func state(from index: Int) -> TimelineEntry? {
        var candidate = index
        while candidate < entries.count {
            if entries[candidate].isState { return entries[candidate] }
            candidate += 1
        }
        return nil
    }
}

/// Reads what a fold needs and does not have in memory: from the store, or from nowhere.
public protocol PageReader: AnyObject {
    /// The page of `line` whose range holds `key`, or nil when the line has no stored page there.
    func page(of line: LineID, holding key: EventKey) throws -> Page?

    /// The stored winner of a key among the quarantined events of a site; nil when there is none.
    func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace?
}

/// For folds that keep everything in memory.
public final class NoPages: PageReader, QuarantineReader {
    public init() {}
    public func page(of line: LineID, holding key: EventKey) -> Page? { nil }
    public func quarantinedWinner(site: UInt32, _ key: QuarantineKey) -> QuarantinedPlace? { nil }
    public func forEachQuarantined(
        site: UInt32, createdAt range: ClosedRange<Int64>, _ body: (QuarantinedEvent) -> Bool
    ) {}
    public func quarantined(site: UInt32, after key: QuarantineKey?, limit: Int) -> [QuarantinedEvent] { [] }
}
