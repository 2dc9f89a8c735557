internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// How the figures of a worker, a workstation or the factory changed as knowledge arrived, newest first (SPEC 7.7).
struct HistoryPage: Equatable, Sendable {
    var items: [HistoryItem]
    /// Where the next page continues; nil on the last page.
    var nextCursor: String?
}

/// One created_at at which figures changed.
struct HistoryItem: Equatable, Sendable {
    enum Cause: String, Sendable {
        case event
        /// A later event of the same worker was known before.
        case lateEvent = "late_event"
        case definition
    }

    /// Microseconds.
    var createdAt: Int64
    /// Of the definition, else of the first of the events.
    var position: Position
    var cause: Cause
    /// How many events became known with it, by type; types without any are left out.
    var events: [EventCount]
    /// Version of the definition that became known; nil without one.
    var definition: Int64?
    /// The members that changed, in the order of the entity's list.
    var before: [FigureMember]
    var after: [FigureMember]

    struct EventCount: Equatable, Sendable {
        var type: EventType
        var count: Int64
    }
}

extension Question {
    static let historyDefault = 20
    /// Most created_ats that one page looks at: many may change nothing, such as a state that is seen again.
    private static let stepsMaximum = 1000
    /// While a window was not over, each created_at takes a look at every worker's state: so many looks for a page.
    private static let looksMaximum = 100_000
    /// Most events in a window, of those whom the question is about: reading them once takes a second or two.
    private static let historyEventsMaximum = 10_000_000

    /// - Throws: ``Problem`` if the cursor belongs to another question, or the window holds too much.
    func history(_ partition: PartitionIndex) throws -> HistoryPage {
        let cursors = EventCursor(self)
        var newest = knownAt?.microseconds ?? Int64.max
        if let cursor = parameters.cursor { newest = min(newest, try cursors.read(cursor).time - 1) }
        let subject = try historySubject()
        guard let from = from?.microseconds, let to = to?.microseconds, from < min(to, newest) else {
            return HistoryPage(items: [])
        }
        let limit = parameters.limit ?? Question.historyDefault
        let looked = stepsLookedAt(subject, limit)
        var search = KnowledgeSearch(
            workers: Array(0..<UInt32(site.workers.count)), range: from..<to, createdAt: from + 1...newest,
            // One more than looked at reveals whether there is a next page.
            stepsMaximum: looked + 1, eventsMaximum: Question.historyEventsMaximum)
        switch subject {
        case .worker(let worker): search.workers = [worker]
        case .workstation(let station): search.station = station
        case .factory: break
        }
        guard let found = try site.knowledge(search, reader) else {
            throw Problem.query(
                "to", "the time range holds more than \(Question.historyEventsMaximum) events: ask for less")
        }
        var history = HistoryReading(self, partition, subject, from..<to, found.workers)
        let steps = found.steps.prefix(looked)
        var last: Int64?
        for step in steps where history.items.count < limit {
            try history.read(step)
            last = step.createdAt
        }
        let isLast = last == found.steps.last?.createdAt
        return HistoryPage(
            items: history.items,
            nextCursor: isLast
                ? nil : last.map { cursors.text(.init(time: $0, position: PackedPosition(rawValue: 0))) })
    }

    private func stepsLookedAt(_ subject: KnowledgeWalk.Subject, _ limit: Int) -> Int {
        if case .worker = subject { return Question.stepsMaximum }
        return max(limit, min(Question.stepsMaximum, Question.looksMaximum / max(1, site.workers.count)))
    }

    private func historySubject() throws -> KnowledgeWalk.Subject {
        if let id = parameters.workers.first {
            guard let number = site.workers.number(of: id.bytes), try site.isKnown(number, view, reader) else {
                throw Problem.unknown("worker_id", "the site knows no worker \(id)")
            }
            return .worker(number)
        }
        if let id = parameters.workstations.first {
            let isListed = settings?.workstations.contains { $0.workstationID == id } ?? false
            guard let number = site.stations.number(of: id.bytes), try isListed || isSeen(number) else {
                throw Problem.unknown("workstation_id", "the site knows no workstation \(id)")
            }
            return .workstation(number)
        }
        return .factory
    }
}

/// Makes the items of one page, step by step.
private struct HistoryReading {
    private let question: Question
    private let partition: PartitionIndex
    private let subject: KnowledgeWalk.Subject
    private let range: Range<Int64>
    private let concerned: [UInt32]
    private var walk: KnowledgeWalk?
    private(set) var items: [HistoryItem] = []

    private var site: SiteFold { question.site }

    init(
        _ question: Question, _ partition: PartitionIndex, _ subject: KnowledgeWalk.Subject, _ range: Range<Int64>,
        _ concerned: [UInt32]
    ) {
        self.question = question
        self.partition = partition
        self.subject = subject
        self.range = range
        self.concerned = concerned
    }

    mutating func read(_ step: KnowledgeStep) throws {
        try walk?.goBack(to: step.createdAt)
        var walk =
            try self.walk
            ?? KnowledgeWalk(
                site, question.reader, of: subject, in: range, concerned: concerned, from: step.createdAt)
        let known = walk.view
        let sums = walk.sums
        let moved = try walk.unlearn(step)
        self.walk = walk
        guard !moved.isEmpty || step.definition != nil else { return }
        let after = try members(sums, walk.window, known)
        let before = try members(walk.sums, walk.window, walk.view)
        let changed = after.indices.filter { after[$0] != before[$0] }
        guard !changed.isEmpty else { return }
        items.append(
            HistoryItem(
                createdAt: step.createdAt, position: position(step, moved), cause: try cause(step, moved, known),
                events: EventType.allCases.compactMap { type in
                    let count = moved.reduce(0) { $0 + Int64($1.counts[Int(type.rawValue)]) }
                    return count > 0 ? .init(type: type, count: count) : nil
                },
                definition: step.definition.map { Int64($0) + 1 }, before: changed.map { before[$0] },
                after: changed.map { after[$0] }))
    }

    /// Every figure of the subject.
    private func members(
        _ sums: KnowledgeWalk.Sums, _ window: Window, _ view: KnowledgeView
    ) throws -> [FigureMember] {
        let settings = try site.settings(view, question.reader)
        switch (subject, sums) {
        case (.workstation(let station), .entity(let sums)):
            let id = site.stations[station]
            let listed = settings?.workstations.first { $0.workstationID.bytes[...] == id }
            return FigureMember.list(
                WorkstationItem.figures,
                of: WorkstationFigures(sums, elapsed: window.elapsed, capacity: listed?.capacity))
        case (_, .entity(let sums)):
            return FigureMember.list(WorkerFigures.figures, of: WorkerFigures(sums, elapsed: window.elapsed))
        case (_, .factory(let totals)):
            let zone = question.zones.zone(settings?.timeZone ?? "UTC")
            return FigureMember.list(
                FactoryFigures.figures, of: FactoryFigures(totals, over: window, settings, zone))
        }
    }

    private func position(_ step: KnowledgeStep, _ moved: [WorkerChange]) -> Position {
        func at(_ offset: LogOffset, _ index: Int) -> Position {
            Position(record: RecordPosition(partition: partition, offset: offset), index: index)
        }
        if let definition = step.definition { return at(site.definitions[definition].offset, 0) }
        let first = moved.map(\.position).min() ?? PackedPosition(rawValue: 0)
        return at(first.offset, first.index)
    }

    private func cause(
        _ step: KnowledgeStep, _ moved: [WorkerChange], _ view: KnowledgeView
    ) throws -> HistoryItem.Cause {
        if step.definition != nil { return .definition }
        let settings = try site.settings(view, question.reader) ?? SiteDefinition(siteID: site.siteID)
        let lead = settings.maxFutureSeconds * Microseconds.second
        let isLate = try moved.contains {
            try site.isLate($0, createdAt: step.createdAt, lead: lead, question.reader)
        }
        return isLate ? .lateEvent : .event
    }
}
