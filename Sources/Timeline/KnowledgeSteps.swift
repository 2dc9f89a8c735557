public import EventModel

/// What became known about a site at one created_at: the visible knowledge changes at these and at no other times
/// (SPEC 7.2, 7.7).
public struct KnowledgeStep: Sendable, Equatable {
    /// In microseconds since 1970.
    public var createdAt: Int64
    /// Sequence number of the newest definition with this created_at; nil without one.
    public var definition: Int?
    /// By worker, in ascending order.
    public var changes: [WorkerChange] = []
}

/// The events of one worker that became known at one created_at.
public struct WorkerChange: Sendable, Equatable {
    public var worker: UInt32
    /// The earliest event.
    public var first: EventKey
    /// The latest event time.
    public var last: Int64
    /// Whether one of them sets a state, so that it reaches beyond its own time.
    public var hasStates: Bool
    /// The first of them in the log.
    public var position: PackedPosition
    /// Number of events by the raw value of their type.
    public var counts = InlineArray<4, Int32>(repeating: 0)

    init(_ worker: UInt32, _ entry: TimelineEntry) {
        self.worker = worker
        first = entry.key
        last = entry.time
        hasStates = false
        position = entry.position
        add(entry)
    }

    mutating func add(_ entry: TimelineEntry) {
        first = min(first, entry.key)
        last = max(last, entry.time)
        hasStates = hasStates || entry.isState
        position = min(position, entry.position)
        counts[Int(entry.type.rawValue)] += 1
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.worker == right.worker && left.first == right.first && left.last == right.last
            && left.position == right.position && left.counts.indices.allSatisfy { left.counts[$0] == right.counts[$0] }
    }
}

/// Which steps of knowledge a question looks for.
public struct KnowledgeSearch: Sendable {
    /// Whose events.
    public var workers: [UInt32]
    /// Only workers who were at this station; nil: wherever they were.
    public var station: UInt32?
    /// Event time, in microseconds: events inside count, and states that reach into it.
    public var range: Range<Int64>
    /// created_at; only steps inside.
    public var createdAt: ClosedRange<Int64>
    /// Only the newest steps are kept.
    public var stepsMaximum: Int
    /// How many events may be looked at: the bound of the work.
    public var eventsMaximum: Int

    public init(
        workers: [UInt32], at station: UInt32? = nil, range: Range<Int64>, createdAt: ClosedRange<Int64>,
        stepsMaximum: Int, eventsMaximum: Int
    ) {
        self.workers = workers
        self.station = station
        self.range = range
        self.createdAt = createdAt
        self.stepsMaximum = stepsMaximum
        self.eventsMaximum = eventsMaximum
    }
}

/// The steps that a search found.
public struct FoundKnowledge: Sendable {
    /// Newest first.
    public var steps: [KnowledgeStep]
    /// Those of the workers asked for who have been seen, at the station if one was asked for.
    public var workers: [UInt32]
}

extension SiteFold {
    /// What became known when, by one pass over the events of the range; it keeps the newest steps only.
    ///
    /// An event that happens after its own created_at (a camera's clock is ahead) is no step: when it becomes known, it
    /// lies beyond every window.
    /// - Returns: nil if there are more events than may be looked at.
    public func knowledge(_ search: KnowledgeSearch, _ reader: any PageReader) throws -> FoundKnowledge? {
        var scan = KnowledgeScan(site: self, search: search, reader)
        for worker in search.workers where hasEvents(worker) {
            guard try scan.scan(worker) else { return nil }
        }
        return scan.found
    }

    /// Whether a later event of the worker had become known before these did: then they repair the past.
    ///
    /// - Parameter lead: how far ahead of its created_at an event may be, in microseconds: nothing later is looked at.
    public func isLate(
        _ change: WorkerChange, createdAt: Int64, lead: Int64, _ reader: any PageReader
    ) throws -> Bool {
        let line = LineIndex(change.worker, .accepted)
        var key = EventKey(at: change.first.time + 1)
        let end = EventKey(at: min(max(createdAt, change.first.time), Timestamp.latest.microseconds) + lead + 1)
        while key < end, let page = try page(of: line, holding: key, reader) {
            for entry in page.entries[page.lowerBound(key)...] {
                if entry.key >= end { return false }
                if entry.createdAt < createdAt { return true }
            }
            if page.limit == .highest { return false }
            key = page.limit
        }
        return false
    }
}

/// One pass over some time lines.
private struct KnowledgeScan {
    private let site: SiteFold
    private let search: KnowledgeSearch
    private let reader: any PageReader
    /// The longest time for which a visible definition lets a state hold.
    private let reach: Int64
    private var steps: [Int64: KnowledgeStep] = [:]
    /// Older steps are not kept any more.
    private var floor: Int64
    private var eventsLeft: Int
    private var seen: [UInt32] = []

    init(site: SiteFold, search: KnowledgeSearch, _ reader: any PageReader) {
        self.site = site
        self.search = search
        self.reader = reader
        reach = site.definitions.reduce(FoldParameters().ttl) { max($0, $1.ttl) }
        floor = search.createdAt.lowerBound
        eventsLeft = search.eventsMaximum
        for (sequence, definition) in site.definitions.enumerated()
        where search.createdAt.contains(definition.createdAt) {
            steps[definition.createdAt, default: KnowledgeStep(createdAt: definition.createdAt)].definition = sequence
        }
        forget(beyond: search.stepsMaximum)
    }

    var found: FoundKnowledge {
        let newest = steps.values.sorted { $0.createdAt > $1.createdAt }.prefix(search.stepsMaximum)
        return FoundKnowledge(steps: Array(newest), workers: seen)
    }

    /// What is collected of one worker.
    private struct Worker {
        var number: UInt32
        var changes: [Int64: WorkerChange] = [:]
        var isSeen: Bool
    }

    /// - Returns: false if there are too many events.
    mutating func scan(_ number: UInt32) throws -> Bool {
        var worker = Worker(number: number, isSeen: search.station == nil)
        let line = LineIndex(number, .accepted)
        try scanStatesBefore(line, &worker)
        try site.forEachEntry(
            line, from: EventKey(at: search.range.lowerBound), to: EventKey(at: search.range.upperBound),
            knownAt: KnowledgeLimit(search.createdAt.upperBound), reader
        ) { take($0, &worker) }
        guard eventsLeft >= 0 else { return false }
        guard worker.isSeen else { return true }
        seen.append(number)
        for (createdAt, change) in worker.changes where createdAt >= floor {
            steps[createdAt, default: KnowledgeStep(createdAt: createdAt)].changes.append(change)
        }
        if steps.count > 2 * search.stepsMaximum { forget(beyond: search.stepsMaximum) }
        return true
    }

    /// States before the range that may reach into it: back to one that has been known all the time.
    private mutating func scanStatesBefore(_ line: LineIndex, _ worker: inout Worker) throws {
        let start = search.range.lowerBound
        var key = EventKey(at: start)
        while let page = try site.page(of: line, holding: key.predecessor, reader) {
            var index = page.lowerBound(key)
            while index > 0 {
                index -= 1
                let entry = page.entries[index]
                guard entry.time + reach > start, eventsLeft >= 0 else { return }
                guard entry.isState, entry.createdAt <= search.createdAt.upperBound else { continue }
                take(entry, &worker)
                if entry.createdAt < search.createdAt.lowerBound { return }
            }
            if page.fence == .lowest { return }
            key = page.fence
        }
    }

    private mutating func take(_ entry: TimelineEntry, _ worker: inout Worker) {
        eventsLeft -= 1
        if !worker.isSeen { worker.isSeen = site.origins[entry.origin].station == search.station }
        guard entry.createdAt >= floor, entry.time < entry.createdAt else { return }
        if worker.changes[entry.createdAt]?.add(entry) == nil {
            worker.changes[entry.createdAt] = WorkerChange(worker.number, entry)
        }
    }

    private mutating func forget(beyond count: Int) {
        guard steps.count > count else { return }
        floor = steps.keys.sorted(by: >)[count - 1]
        steps = steps.filter { $0.key >= floor }
    }
}
