internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// The figures of a site at two states of knowledge (SPEC 7.7).
struct ComparedAnswer: Equatable, Sendable {
    /// Before.
    var a: Side
    /// After.
    var b: Side
    var workers: [Entity]
    var workstations: [Entity]
    var factory: ComparedFigures
    /// How many are left out because they do not differ, and only what differs was asked for.
    var equalWorkers = 0
    var equalWorkstations = 0

    /// One of the two states of knowledge.
    struct Side: Equatable, Sendable {
        /// nil: now.
        var knownAt: Timestamp?
        /// Version of the newest definition that was visible; nil without one.
        var definition: Int64?

        init(_ question: Question) {
            knownAt = question.knownAt
            definition = question.view.definition.map { Int64($0) + 1 }
        }
    }

    /// A worker or a workstation.
    struct Entity: Equatable, Sendable {
        var id: ArraySlice<UInt8>
        /// nil: nothing has a name for it.
        var name: String?
        var figures: ComparedFigures
    }
}

extension Question {
    /// The question of a comparison is about the later state; the earlier one is asked about the same window.
    ///
    /// - Throws: ``Problem`` if a worker or a workstation is asked for that neither definition lists.
    func compared(_ rosters: RosterCache) throws -> ComparedAnswer {
        var earlier = parameters
        earlier.knownAt = parameters.knownAtA
        earlier.period = nil
        earlier.from = from.map { .instant($0) }
        earlier.to = to.map { .instant($0) }
        let before = try Question(
            kind, earlier, snapshot, clock: clock, zones: zones, registered: registered, remembered: remembered)
        let names = rosters.workerNames(registered)
        let filter = ComparedFilter(parameters)
        var answer = ComparedAnswer(
            a: .init(before), b: .init(self),
            workers: ComparedAnswer.pair(
                try before.workerItems(filter.workers(before, rosters), names).map(ComparedAnswer.entity),
                try workerItems(filter.workers(self, rosters), names).map(ComparedAnswer.entity)),
            workstations: ComparedAnswer.pair(
                try before.workstationItems(filter.workstations(before, rosters)).map(ComparedAnswer.entity),
                try workstationItems(filter.workstations(self, rosters)).map(ComparedAnswer.entity)),
            factory: ComparedFigures(a: try before.factoryMembers(), b: try factoryMembers()))
        try filter.check(answer)
        if parameters.differingOnly { answer.leaveOutEqual() }
        return answer
    }

    private func factoryMembers() throws -> [FigureMember] {
        FigureMember.list(FactoryFigures.figures, of: try factoryFigures())
    }
}

extension ComparedAnswer {
    /// An entity of one side.
    fileprivate struct Listed {
        var id: ArraySlice<UInt8>
        var name: String?
        var members: [FigureMember]
    }

    fileprivate static func entity(_ item: WorkerItem) -> Listed {
        Listed(id: item.id, name: item.name, members: FigureMember.list(WorkerFigures.figures, of: item.figures))
    }

    fileprivate static func entity(_ item: WorkstationItem) -> Listed {
        Listed(
            id: item.id, name: item.name,
            members: FigureMember.list(WorkstationItem.figures, of: item.figures)
                + FigureMember.list([WorkstationPresence.workers], of: item.presence))
    }

    /// Both sides by id; each is in the order of the ids' bytes.
    fileprivate static func pair(_ a: [Listed], _ b: [Listed]) -> [Entity] {
        var pairs: [Entity] = []
        var (left, right) = (a[...], b[...])
        while true {
            let (first, second) = (left.first, right.first)
            guard let id = [first?.id, second?.id].compactMap({ $0 }).min(by: { $0.lexicographicallyPrecedes($1) })
            else { return pairs }
            var entity = Entity(id: id, name: second?.name, figures: ComparedFigures(a: nil, b: nil))
            if let first, first.id == id {
                entity.name = first.name
                entity.figures.a = first.members
                left.removeFirst()
            }
            if let second, second.id == id {
                entity.name = second.name ?? entity.name
                entity.figures.b = second.members
                right.removeFirst()
            }
            pairs.append(entity)
        }
    }

    fileprivate mutating func leaveOutEqual() {
        let counts = (workers.count, workstations.count)
        workers.removeAll { !$0.figures.differs }
        workstations.removeAll { !$0.figures.differs }
        (equalWorkers, equalWorkstations) = (counts.0 - workers.count, counts.1 - workstations.count)
    }
}

/// Who is compared: everybody, or whom the question names, of both lists.
private struct ComparedFilter {
    private let askedWorkers: [WorkerID]
    private let askedWorkstations: [WorkstationID]
    private let isWhole: Bool

    init(_ parameters: QueryParameters) {
        askedWorkers = parameters.workers
        askedWorkstations = parameters.workstations
        isWhole = parameters.workers.isEmpty && parameters.workstations.isEmpty
    }

    func workers(_ question: Question, _ rosters: RosterCache) -> [UInt32] {
        let listed = rosters.roster(question).workers
        if isWhole { return listed }
        let asked = Set(askedWorkers.compactMap { question.site.workers.number(of: $0.bytes) })
        return asked.isEmpty ? [] : listed.filter { asked.contains($0) }
    }

    func workstations(_ question: Question, _ rosters: RosterCache) -> [SiteDefinition.Workstation] {
        let listed = rosters.roster(question).workstations
        if isWhole { return listed }
        let asked = Set(askedWorkstations)
        return asked.isEmpty ? [] : listed.filter { asked.contains($0.workstationID) }
    }

    /// - Throws: ``Problem``, 404.
    func check(_ answer: ComparedAnswer) throws {
        let workers = Set(answer.workers.map { Array($0.id) })
        if let unknown = askedWorkers.first(where: { !workers.contains($0.bytes) }) {
            throw Problem.unknown("worker_id", "the site had no worker \(unknown) at either time")
        }
        let workstations = Set(answer.workstations.map { Array($0.id) })
        if let unknown = askedWorkstations.first(where: { !workstations.contains($0.bytes) }) {
            throw Problem.unknown("workstation_id", "the site had no workstation \(unknown) at either time")
        }
    }
}
