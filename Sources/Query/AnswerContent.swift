internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// The answer to a question as values, before anything is written (SPEC 5.2–5.4, 5.9, 6.2, 7.4, 8.5).
enum AnswerContent: Equatable, Sendable {
    case workers([WorkerItem])
    case workstations([WorkstationItem])
    /// With the window that they cover.
    case factory(FactoryFigures, from: Timestamp?, end: Timestamp)
    case modelHealth(HealthFigures, groups: [HealthGroup], HealthGrouping?)
    case explanation(Explanation)
    case ledger(Ledger)
    case events(EventPage)

    /// Where the next page continues; nil on the last page.
    var nextCursor: String? { if case .events(let page) = self { page.nextCursor } else { nil } }
}

/// A worker of the list.
struct WorkerItem: Equatable, Sendable {
    var id: ArraySlice<UInt8>
    /// nil: the registry has no name.
    var name: String?
    var figures: WorkerFigures
    var presence: WorkerPresence
}

/// A workstation of the list.
struct WorkstationItem: Equatable, Sendable {
    var id: ArraySlice<UInt8>
    /// nil: the definition has no name.
    var name: String?
    var capacity: Int64
    var figures: WorkstationFigures
    var presence: WorkstationPresence
}

extension Question {
    /// Maximum rows of one explanation: 100 thousand are about 20 MB of JSON. A week of one worker has some thousands.
    static let explainRowsMaximum = 100_000

    /// Computes the answer.
    /// - Throws: ``Problem`` if the answer would be too long, or the cursor belongs to another question.
    func content(_ rosters: RosterCache, _ partition: PartitionIndex) throws -> AnswerContent {
        switch kind {
        case .workers: .workers(try workers(rosters.roster(self), names: rosters.workerNames(registered)))
        case .workstations: .workstations(try workstations(rosters.roster(self)))
        case .factory: try factory()
        case .modelHealth: try modelHealth()
        case .explain: .explanation(try explanation(partition))
        case .ledger: .ledger(site.ledger)
        case .events: .events(try events(partition))
        }
    }

    private func workers(_ roster: Roster, names: [WorkerID: String]) throws -> [WorkerItem] {
        let figures = try site.figures(window, view, [.workers, .statuses], reader)
        return roster.workers.map { number in
            let id = site.workers[number]
            return WorkerItem(
                id: id, name: names[WorkerID(bytes: Array(id))],
                figures: WorkerFigures(figures.workers[Int(number)], elapsed: window.elapsed),
                presence: WorkerPresence(figures.statuses[Int(number)], at: site))
        }
    }

    private func workstations(_ roster: Roster) throws -> [WorkstationItem] {
        let figures = try site.figures(window, view, [.stations, .statuses], reader)
        let activities = try site.lastActivities(before: window.end, view, reader)
        let present = site.presentWorkers(figures.statuses)
        return roster.workstations.compactMap { workstation in
            guard let number = site.stations.number(of: workstation.workstationID.bytes).map(Int.init) else {
                return nil
            }
            return WorkstationItem(
                id: workstation.workstationID.bytes[...], name: workstation.name, capacity: workstation.capacity,
                figures: WorkstationFigures(figures.stations[number], elapsed: window.elapsed),
                presence: WorkstationPresence(workers: present[number], lastActivity: activities[number]))
        }
    }

    private func factory() throws -> AnswerContent {
        let figures = try site.figures(window, view, .factory, reader)
        return .factory(
            FactoryFigures(figures.factory, over: window, settings, zone), from: from,
            end: Timestamp(microseconds: window.end))
    }

    private func modelHealth() throws -> AnswerContent {
        let health = try site.health(window, view, reader)
        let groups = parameters.grouping.map { site.groups(health, by: $0) } ?? []
        return .modelHealth(site.total(health), groups: groups, parameters.grouping)
    }

    private func explanation(_ partition: PartitionIndex) throws -> Explanation {
        guard let worker = parameters.worker, let number = site.workers.number(of: worker.bytes) else {
            return Explanation()
        }
        let explanation = try Explanation(
            of: number, at: site, window, view, reader, partition: partition,
            rowsMaximum: Question.explainRowsMaximum)
        guard explanation.rowCount <= Question.explainRowsMaximum else {
            throw Problem(
                400,
                detail: "the time range holds \(explanation.rowCount) rows, more than "
                    + "\(Question.explainRowsMaximum): ask for less")
        }
        return explanation
    }
}
