public import EventModel

/// Reading time lines: what holds when, derived from events alone (SPEC 4).
extension SiteFold {
    /// The page of a line that holds `key`, from memory or from the store.
    func page(of line: Int, holding key: Int64, _ source: any PageSource) throws -> Page? {
        if let page = lines[line].page(holding: key) { return page }
        guard lines[line].isStored else { return nil }
        return try source.page(of: LineID(site: index, line: line), holding: key)
    }

    /// Hands on the visible winners of a line with keys in [from, to), in order.
    func forEachEntry(
        _ line: Int, from: Int64, to: Int64, knownAt: Int64, _ source: any PageSource,
        _ body: (TimelineEntry) throws -> Void
    ) throws {
        var key = from
        while key < to, let page = try page(of: line, holding: key, source) {
            var index = page.lowerBound(key)
            let count = page.entries.count
            while index < count {
                let entry = page.entries[index]
                if entry.key >= to { return }
                if entry.createdAt <= knownAt { try body(entry) }
                index += 1
            }
            if page.limit == Int64.max { return }
            key = page.limit
        }
    }

    /// The last visible state event of a worker with a key below `key`.
    func state(
        _ worker: UInt32, before key: Int64, knownAt: Int64, _ source: any PageSource
    ) throws -> TimelineEntry? {
        try last(worker, before: key, statesOnly: true, knownAt: knownAt, source)
    }

    /// The last visible event of any type with a key below `key`.
    func lastEvent(
        _ worker: UInt32, before key: Int64, knownAt: Int64, _ source: any PageSource
    ) throws -> TimelineEntry? {
        try last(worker, before: key, statesOnly: false, knownAt: knownAt, source)
    }

    private func last(
        _ worker: UInt32, before key: Int64, statesOnly: Bool, knownAt: Int64, _ source: any PageSource
    ) throws -> TimelineEntry? {
        var key = key
        let line = Int(worker) * 3
        var found = try page(of: line, holding: key == Int64.max ? Int64.max - 1 : key, source)
        while let page = found {
            var index = page.lowerBound(key)
            while index > 0 {
                index -= 1
                let entry = page.entries[index]
                if entry.createdAt <= knownAt && (entry.isState || !statesOnly) { return entry }
            }
            if statesOnly {
                // The page knows the last state before it.
                guard let entry = page.entry else { return nil }
                if entry.createdAt <= knownAt { return entry }
            }
            if page.fence == Int64.min { return nil }
            key = page.fence
            found = try self.page(of: line, holding: key - 1, source)
        }
        return nil
    }

    /// Hands on what a worker did in [from, to): intervals clipped to it, in order, and counts (SPEC 4.3–4.4, 5.9).
    public func derive(
        _ worker: UInt32, from: Int64, to: Int64, _ view: KnowledgeView, _ source: any PageSource,
        interval: (_ owner: TimelineEntry, _ start: Int64, _ end: Int64) -> Void,
        count: (TimelineEntry) -> Void
    ) throws {
        guard from < to else { return }
        let reachLimit = min(to, view.clip(worker))
        var holding = try state(worker, before: TimelineEntry.key(at: from), knownAt: view.knownAt, source)
        func emit(_ owner: TimelineEntry, until next: Int64) {
            let start = max(owner.time, from)
            let end = min(next, owner.time + view.ttl, reachLimit)
            if start < end { interval(owner, start, end) }
        }
        try forEachEntry(
            Int(worker) * 3, from: TimelineEntry.key(at: from), to: TimelineEntry.key(at: to), knownAt: view.knownAt,
            source
        ) { entry in
            guard entry.isState else { return count(entry) }
            if let owner = holding { emit(owner, until: entry.time) }
            holding = entry
        }
        if let owner = holding { emit(owner, until: Int64.max) }
    }
}

/// What holds at one state of knowledge: which events and definitions are visible (SPEC 5.1, 7.2).
public struct KnowledgeView: Sendable {
    /// Visible is what has a created_at at or below this; `Int64.max` when everything is.
    public let knownAt: Int64
    /// Sequence number of the newest visible definition; nil without one.
    public let definition: Int?
    /// Microseconds.
    public let ttl: Int64
    private let clips: @Sendable (UInt32) -> Int64

    init(knownAt: Int64, definition: Int?, ttl: Int64, clips: @escaping @Sendable (UInt32) -> Int64) {
        self.knownAt = knownAt
        self.definition = definition
        self.ttl = ttl
        self.clips = clips
    }

    /// Where the intervals of a dropped worker end; `Int64.max` otherwise.
    func clip(_ worker: UInt32) -> Int64 { clips(worker) }
}

extension SiteFold {
    /// What is visible at `knownAt`, nil for all that the fold has.
    public func view(knownAt: Timestamp?) -> KnowledgeView {
        let known = knownAt?.microseconds ?? Int64.max
        let visible = definitions.indices.filter { definitions[$0].createdAt <= known }
        let newest = visible.last
        let ttl = newest.map { definitions[$0].settings.observationTTL } ?? FoldParameters().ttl
        if visible.count == definitions.count {
            let states = workerStates
            return KnowledgeView(knownAt: known, definition: newest, ttl: ttl) { states[Int($0)].clip }
        }
        let fold = self
        return KnowledgeView(knownAt: known, definition: newest, ttl: ttl) { fold.clip($0, visible: visible) }
    }

    /// SPEC 3: created_at of the first visible definition after the last visible one that names the worker.
    private func clip(_ worker: UInt32, visible: [Int]) -> Int64 {
        for run in workerStates[Int(worker)].named.reversed() {
            let after = visible.partitioningIndex { $0 >= run.upperBound }
            guard after > 0, visible[after - 1] >= run.lowerBound else { continue }
            return after < visible.count ? definitions[visible[after]].createdAt : Int64.max
        }
        return Int64.max
    }

    /// Settings of the newest visible definition.
    public func settings(_ view: KnowledgeView) -> SiteDefinition? { view.definition.map { definitions[$0].settings } }

    /// Whether the newest visible definition names the worker.
    public func names(_ worker: UInt32, _ view: KnowledgeView) -> Bool {
        guard let sequence = view.definition else { return false }
        return workerStates[Int(worker)].named.contains { $0.contains(sequence) }
    }
}

extension [Int] {
    /// First index whose element meets a condition that all later ones meet too.
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
