public import EventModel

/// Reads time lines: which state holds when, derived from events alone (SPEC 4).
extension SiteFold {
    /// The page of a line that holds `key`, from memory or from the store.
    func page(of line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Page? {
        try timelines.page(of: line, holding: key, reader)
    }

    /// Whether the worker may have accepted events.
    package func hasEvents(_ worker: UInt32) -> Bool { hasEvents(LineIndex(worker, .accepted)) }

    /// Whether the line may have events.
    func hasEvents(_ line: LineIndex) -> Bool { timelines.mayHaveEvents(line) }

    /// Calls the body with a worker's visible winners of one class with an event time in `range`, in order.
    package func forEachEntry(
        of worker: UInt32, _ eventClass: EventClass, in range: Range<Int64>, _ view: KnowledgeView,
        _ reader: any PageReader, _ body: (TimelineEntry) throws -> Void
    ) throws {
        let line = LineIndex(worker, eventClass)
        guard hasEvents(line) else { return }
        try forEachEntry(
            line, from: EventKey(at: range.lowerBound), to: EventKey(at: range.upperBound), knownAt: view.knownAt,
            reader, body)
    }

    /// Calls the body with the visible winners of a line with keys in [from, to), in order.
    func forEachEntry(
        _ line: LineIndex, from: EventKey, to: EventKey, knownAt: KnowledgeLimit, _ reader: any PageReader,
        _ body: (TimelineEntry) throws -> Void
    ) throws {
        var key = from
        while key < to, let page = try page(of: line, holding: key, reader) {
            var index = page.lowerBound(key)
            let count = page.entries.count
            while index < count {
                let entry = page.entries[index]
                if entry.key >= to { return }
                if knownAt.covers(entry.createdAt) { try body(entry) }
                index += 1
            }
            if page.limit == .highest { return }
            key = page.limit
        }
    }

    /// The last visible state event of a worker with a key below `key`.
    func state(
        _ worker: UInt32, before key: EventKey, knownAt: KnowledgeLimit, _ reader: any PageReader
    ) throws -> TimelineEntry? {
        try last(worker, before: key, statesOnly: true, knownAt: knownAt, reader)
    }

    /// The last visible event of any type with a key below `key`.
    func lastEvent(
        _ worker: UInt32, before key: EventKey, knownAt: KnowledgeLimit, _ reader: any PageReader
    ) throws -> TimelineEntry? {
        try last(worker, before: key, statesOnly: false, knownAt: knownAt, reader)
    }

    private func last(
        _ worker: UInt32, before key: EventKey, statesOnly: Bool, knownAt: KnowledgeLimit, _ reader: any PageReader
    ) throws -> TimelineEntry? {
        var key = key
        let line = LineIndex(worker, .accepted)
        var found = try page(of: line, holding: min(key, EventKey.highest.predecessor), reader)
        while let page = found {
            var index = page.lowerBound(key)
            while index > 0 {
                index -= 1
                let entry = page.entries[index]
                if knownAt.covers(entry.createdAt) && (entry.isState || !statesOnly) { return entry }
            }
            if statesOnly {
                // The page stores the last state before it.
                guard let entry = page.entry else { return nil }
                if knownAt.covers(entry.createdAt) { return entry }
            }
            if page.fence == .lowest { return nil }
            key = page.fence
            found = try self.page(of: line, holding: key.predecessor, reader)
        }
        return nil
    }

    /// Derives what a worker did in [from, to): intervals clipped to it, in order, and counts (SPEC 4.3–4.4, 5.9).
    public func derive(
        _ worker: UInt32, from: Int64, to: Int64, _ view: KnowledgeView, _ reader: any PageReader,
        interval: (_ owner: TimelineEntry, _ start: Int64, _ end: Int64) -> Void,
        count: (TimelineEntry) -> Void
    ) throws {
        guard from < to else { return }
        let reachLimit = view.clip(worker).limiting(to)
        var holding = try state(worker, before: EventKey(at: from), knownAt: view.knownAt, reader)
        func emit(_ owner: TimelineEntry, until next: Int64?) {
            let start = max(owner.time, from)
            let reach = min(owner.time + view.ttl, reachLimit)
            let end = next.map { min($0, reach) } ?? reach
            if start < end { interval(owner, start, end) }
        }
        try forEachEntry(
            LineIndex(worker, .accepted), from: EventKey(at: from), to: EventKey(at: to), knownAt: view.knownAt,
            reader
        ) { entry in
            guard entry.isState else { return count(entry) }
            if let owner = holding { emit(owner, until: entry.time) }
            holding = entry
        }
        if let owner = holding { emit(owner, until: nil) }
    }
}

/// One state of knowledge: which events and definitions are visible (SPEC 5.1, 7.2).
public struct KnowledgeView: Sendable {
    public let knownAt: KnowledgeLimit
    /// Sequence number of the newest visible definition; nil without one.
    public let definition: Int?
    /// Microseconds.
    public let ttl: Int64
    private let clips: @Sendable (UInt32) -> OldestTime

    init(knownAt: KnowledgeLimit, definition: Int?, ttl: Int64, clips: @escaping @Sendable (UInt32) -> OldestTime) {
        self.knownAt = knownAt
        self.definition = definition
        self.ttl = ttl
        self.clips = clips
    }

    /// The end of a dropped worker's intervals; none for other workers.
    func clip(_ worker: UInt32) -> OldestTime { clips(worker) }
}

extension SiteFold {
    /// What is visible at `knownAt`; nil means everything folded.
    public func view(knownAt: Timestamp?) -> KnowledgeView {
        let known = KnowledgeLimit(knownAt?.microseconds)
        if known.covers(definitionsKnownAt) {
            let ttl = definitions.last?.ttl ?? FoldParameters().ttl
            return KnowledgeView(knownAt: known, definition: definitions.indices.last, ttl: ttl) { [membership] in
                membership.clip($0).end
            }
        }
        let visible = definitions.indices.filter { known.covers(definitions[$0].createdAt) }
        let newest = visible.last
        let ttl = newest.map { definitions[$0].ttl } ?? FoldParameters().ttl
        return KnowledgeView(knownAt: known, definition: newest, ttl: ttl) { [membership, definitions] in
            membership.end(of: $0, visible: visible, definitions)
        }
    }

    /// Whether the newest visible definition names the worker.
    public func names(_ worker: UInt32, _ view: KnowledgeView) -> Bool {
        guard let sequence = view.definition else { return false }
        return membership.isNamed(worker, in: sequence)
    }
}

extension SiteFold {
    /// Whether a visible definition names the worker, or a visible accepted event does.
    package func isKnown(_ worker: UInt32, _ view: KnowledgeView, _ reader: any PageReader) throws -> Bool {
        let isNamed = definitions.indices.contains {
            view.knownAt.covers(definitions[$0].createdAt) && membership.isNamed(worker, in: $0)
        }
        return try isNamed || lastEvent(worker, before: .highest, knownAt: view.knownAt, reader) != nil
    }
}

extension [Int] {
    /// Index of the first element that satisfies the condition; all later elements must satisfy it too.
    func partitioningIndex(_ isBehind: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
