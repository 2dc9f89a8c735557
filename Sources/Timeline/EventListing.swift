public import EventModel

/// Which events `GET /api/events` lists (SPEC 8.5). Bounds are half-open, in microseconds.
public struct EventFilter: Sendable {
    public var worker: UInt32?
    public var station: UInt32?
    public var type: EventType?
    public var from = Int64(0)
    public var to = Timestamp.latest.microseconds + 1
    /// nil: no lower bound.
    public var createdFrom: Int64?
    /// nil: no upper bound.
    public var createdTo: Int64?
    /// Continues after this event.
    public var after: Cursor?
    public var limit = 100

    public init() {}

    /// Position of an event in the listing: newest event time first, then position in the log.
    public struct Cursor: Sendable, Equatable {
        public var time: Int64
        public var position: PackedPosition

        public init(time: Int64, position: PackedPosition) {
            self.time = time
            self.position = position
        }
    }
}

/// One event in the listing.
public struct ListedEvent: Sendable, Equatable {
    public var worker: UInt32
    public var isLowConfidence: Bool
    public var entry: TimelineEntry

    public init(worker: UInt32, isLowConfidence: Bool, entry: TimelineEntry) {
        self.worker = worker
        self.isLowConfidence = isLowConfidence
        self.entry = entry
    }

    public var cursor: EventFilter.Cursor { EventFilter.Cursor(time: entry.time, position: entry.position) }
}

extension SiteFold {
    /// Visible winners, accepted and low-confidence, newest event time first, then by position.
    public func events(
        _ filter: EventFilter, _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> [ListedEvent] {
        var merge = try listingHeads(filter, view, reader)
        var listed: [ListedEvent] = []
        while listed.count < filter.limit, let time = merge.newestTime {
            var group: [ListedEvent] = []
            while merge.newestTime == time, let event = try merge.next(self, reader) {
                if isListed(event, filter) { group.append(event) }
            }
            group.sort { $0.entry.position < $1.entry.position }
            listed.append(contentsOf: group)
        }
        return Array(listed.prefix(filter.limit))
    }

    private func isListed(_ event: ListedEvent, _ filter: EventFilter) -> Bool {
        let entry = event.entry
        if let after = filter.after, entry.time == after.time, entry.position <= after.position { return false }
        if let station = filter.station, origins[entry.origin].station != station { return false }
        if let type = filter.type, entry.type != type { return false }
        if let from = filter.createdFrom, entry.createdAt < from { return false }
        if let to = filter.createdTo, entry.createdAt >= to { return false }
        return true
    }

    private func listingHeads(
        _ filter: EventFilter, _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> EventMerge {
        var merge = EventMerge(knownAt: view.knownAt, from: filter.from)
        let to = filter.after.map { min(filter.to, $0.time + 1) } ?? filter.to
        let workers = filter.worker.map { $0..<($0 + 1) } ?? 0..<UInt32(workers.count)
        for worker in workers {
            for eventClass in [EventClass.accepted, .lowConfidence] {
                let line = LineIndex(worker, eventClass)
                guard hasEvents(line) else { continue }
                try merge.add(self, line: line, before: EventKey(at: to), reader)
            }
        }
        return merge
    }
}

/// Merges many lines backwards, newest event first: a binary heap with one head per line.
private struct EventMerge {
    private struct Head {
        var line: LineIndex
        var page: Page
        var index: Int
        var entry: TimelineEntry { page.entries[index] }
    }

    private let knownAt: KnowledgeLimit
    private let from: Int64
    private var heads: [Head] = []

    init(knownAt: KnowledgeLimit, from: Int64) {
        self.knownAt = knownAt
        self.from = from
    }

    var newestTime: Int64? { heads.first?.entry.time }

    mutating func add(_ site: SiteFold, line: LineIndex, before key: EventKey, _ reader: any PageReader) throws {
        guard let page = try site.page(of: line, holding: key, reader) else { return }
        let start = Head(line: line, page: page, index: page.lowerBound(key))
        guard let head = try advance(start, site, reader) else { return }
        heads.append(head)
        var child = heads.count - 1
        while child > 0, heads[(child - 1) / 2].entry.time < heads[child].entry.time {
            heads.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next(_ site: SiteFold, _ reader: any PageReader) throws -> ListedEvent? {
        guard let top = heads.first else { return nil }
        if let head = try advance(top, site, reader) {
            heads[0] = head
        } else {
            heads.swapAt(0, heads.count - 1)
            heads.removeLast()
        }
        sink()
        return ListedEvent(
            worker: top.line.worker, isLowConfidence: top.line.eventClass == .lowConfidence,
            entry: top.entry)
    }

    /// The visible entry before `head`, from its page or an earlier one.
    private func advance(_ head: Head, _ site: SiteFold, _ reader: any PageReader) throws -> Head? {
        var head = head
        while true {
            while head.index > 0 {
                head.index -= 1
                if head.entry.time < from { return nil }
                if knownAt.covers(head.entry.createdAt) { return head }
            }
            let fence = head.page.fence
            guard fence > EventKey(at: max(from, 0)),
                let page = try site.page(of: head.line, holding: fence.predecessor, reader)
            else { return nil }
            head.page = page
            head.index = page.entries.count
        }
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var largest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heads.count {
                if heads[child].entry.time > heads[largest].entry.time { largest = child }
            }
            if largest == parent { return }
            heads.swapAt(parent, largest)
            parent = largest
        }
    }
}
