internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// The answer to a question as values, before anything is written (SPEC 5.2–5.10, 6.2, 6.3, 6.6, 7.4, 7.7, 8.5).
enum AnswerContent: Equatable, Sendable {
    case workers([WorkerItem])
    case workstations([WorkstationItem])
    /// With the window that they cover.
    case factory(FactoryFigures, from: Timestamp?, end: Timestamp)
    case shifts([ShiftFigures])
    case handovers([HandoverFigures])
    case trend(Trend)
    case heatMap(HeatMap)
    case modelHealth(HealthFigures, groups: [HealthGroup<HealthFigures>], HealthGrouping?)
    case healthTrend(HealthTrend, HealthGrouping?)
    case drift(DriftFigures, since: Window, groups: [HealthGroup<DriftFigures>], HealthGrouping?)
    case alerts([HealthAlert])
    case healthReport(HealthReport)
    case explanation(Explanation, elapsed: Int64)
    case history(HistoryPage)
    case compared(ComparedAnswer)
    case ledger(Ledger, rejected: [RejectedCount])
    case events(EventPage)
    case quarantine(QuarantinePage)
    case quarantineStats(QuarantineStats)

    /// Where the next page continues; nil on the last page.
    var nextCursor: String? {
        switch self {
        case .history(let page): page.nextCursor
        case .events(let page): page.nextCursor
        case .quarantine(let page): page.nextCursor
        default: nil
        }
    }
}

/// How many events of one verdict were refused and not stored (SPEC 7.4).
struct RejectedCount: Equatable, Sendable {
    var code: String
    var count: Int
}

extension Question {
    /// Maximum rows of one explanation: 100 thousand are about 20 MB of JSON. A week of one worker has some thousands.
    static let explainRowsMaximum = 100_000

    /// Computes the answer.
    ///
    /// - Parameter rejected: what was refused and not stored, for the ledger.
    /// - Throws: ``Problem`` if the answer would be too long, or the cursor belongs to another question.
    func content(
        _ rosters: RosterCache, _ partition: PartitionIndex, rejected: [RejectedCount]
    ) throws -> AnswerContent {
        switch kind {
        case .workers: .workers(try workers(rosters.roster(self), rosters.workerNames(registered)))
        case .workstations: .workstations(try workstations(rosters.roster(self)))
        case .factory: try factory()
        case .shifts: .shifts(try shifts())
        case .handover: .handovers(try handovers())
        case .trend: .trend(try trend())
        case .heatMap: .heatMap(try heatMap(rosters))
        case .modelHealth: try modelHealth()
        case .healthTrend: .healthTrend(try healthTrend(), parameters.grouping)
        case .drift: try drift()
        case .alerts: .alerts(try alerts())
        case .healthReport: .healthReport(try healthReport())
        case .explain: .explanation(try explanation(partition), elapsed: window.elapsed)
        case .history: .history(try history(partition))
        case .compare: .compared(try compared(rosters))
        case .ledger: .ledger(site.ledger, rejected: rejected)
        case .events: .events(try events(partition))
        case .quarantine: .quarantine(try quarantine(partition))
        case .quarantineStats: .quarantineStats(try quarantineStats())
        }
    }

    private func workers(_ roster: Roster, _ names: [WorkerID: String]) throws -> [WorkerItem] {
        let shown = try parameters.workers.isEmpty ? roster.workers : roster.workers(parameters.workers, of: site)
        return parameters.arranged(try workerItems(shown, names))
    }

    func workerItems(_ shown: [UInt32], _ names: [WorkerID: String]) throws -> [WorkerItem] {
        let figures = try site.figures(window, view, [.workers, .statuses], reader)
        return shown.map { number in
            let id = site.workers[number]
            return WorkerItem(
                id: id, name: names[WorkerID(bytes: Array(id))],
                figures: WorkerFigures(figures.workers[Int(number)], elapsed: window.elapsed),
                presence: WorkerPresence(figures.statuses[Int(number)], at: site))
        }
    }

    private func workstations(_ roster: Roster) throws -> [WorkstationItem] {
        let shown =
            try parameters.workstations.isEmpty ? roster.workstations : roster.workstations(parameters.workstations)
        return parameters.arranged(try workstationItems(shown))
    }

    func workstationItems(_ shown: [SiteDefinition.Workstation]) throws -> [WorkstationItem] {
        let figures = try site.figures(window, view, [.stations, .statuses], reader)
        let activities = try site.lastActivities(before: window.end, view, reader)
        let present = site.presentWorkers(figures.statuses)
        return shown.compactMap { workstation in
            guard let number = site.stations.number(of: workstation.workstationID.bytes).map(Int.init) else {
                return nil
            }
            return WorkstationItem(
                id: workstation.workstationID.bytes[...], name: workstation.name,
                figures: WorkstationFigures(
                    figures.stations[number], elapsed: window.elapsed, capacity: workstation.capacity),
                presence: WorkstationPresence(workers: present[number], lastActivity: activities[number]))
        }
    }

    private func factory() throws -> AnswerContent {
        .factory(try factoryFigures(), from: from, end: Timestamp(microseconds: window.end))
    }

    func factoryFigures() throws -> FactoryFigures {
        let figures = try site.figures(window, view, .factory, reader, remembered)
        return FactoryFigures(figures.factory, over: window, settings, zone)
    }

    private func modelHealth() throws -> AnswerContent {
        let health: [UInt32: HealthFigures] = try site.health(window, view, reader)
        let groups = parameters.grouping.map { site.groups(health, by: $0) } ?? []
        return .modelHealth(site.total(health), groups: groups, parameters.grouping)
    }

    private func explanation(_ partition: PartitionIndex) throws -> Explanation {
        guard let worker = parameters.workers.first, let number = site.workers.number(of: worker.bytes),
            try site.isKnown(number, view, reader)
        else { throw Problem.unknown("worker_id", "the site knows no such worker") }
        let explanation = try Explanation(
            of: number, at: site, window, view, reader, partition: partition, merges: parameters.merges,
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
