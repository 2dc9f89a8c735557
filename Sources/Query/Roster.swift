internal import EventModel
internal import HTTPServer
internal import Locks
internal import Timeline

/// The workers and stations that lists show: those in the newest visible definition, by id bytes (SPEC 3, 8.5).
struct Roster: Sendable {
    /// Numbers of ``SiteFold/workers``.
    let workers: [UInt32]
    /// Workstations of the definition.
    let workstations: [SiteDefinition.Workstation]

    static let empty = Roster(workers: [], workstations: [])

    private init(workers: [UInt32], workstations: [SiteDefinition.Workstation]) {
        self.workers = workers
        self.workstations = workstations
    }

    /// - Parameter settings: of the definition.
    init(_ site: SiteFold, definition: Int, _ settings: SiteDefinition) {
        let ids = site.workers(namedIn: definition).map { (number: $0, id: WorkerID(bytes: Array(site.workers[$0]))) }
        workers = ids.sorted { $0.id < $1.id }.map(\.number)
        workstations = settings.workstations.sorted { $0.workstationID < $1.workstationID }
    }
}

extension Roster {
    /// The workers that are asked for, in the order of the roster.
    /// - Throws: ``Problem``, 404, if the definition does not name one of them.
    func workers(_ asked: [WorkerID], of site: SiteFold) throws -> [UInt32] {
        let named = Set(workers)
        let numbers = try asked.map { id in
            guard let number = site.workers.number(of: id.bytes), named.contains(number) else {
                throw Problem.unknown("worker_id", "the site has no worker \(id)")
            }
            return number
        }
        let wanted = Set(numbers)
        return workers.filter { wanted.contains($0) }
    }

    /// Like ``workers(_:of:)``.
    func workstations(_ asked: [WorkstationID]) throws -> [SiteDefinition.Workstation] {
        let wanted = Set(asked)
        let found = workstations.filter { wanted.contains($0.workstationID) }
        let known = Set(found.map(\.workstationID))
        if let unknown = asked.first(where: { !known.contains($0) }) {
            throw Problem.unknown("workstation_id", "the site has no workstation \(unknown)")
        }
        return found
    }
}

/// Rosters and names of recently asked sites: sorting ten thousand ids for every question takes longer than
/// computing their figures.
final class RosterCache: Sendable {
    private struct Entry: Sendable {
        /// Definitions never change once they are in the log, so this identifies the roster.
        var definition: Int
        var roster: Roster
    }

    private struct Names: Sendable {
        /// Kept so that its memory is not reused for another list: same memory, same list.
        var definition: PlacedDefinition
        var workers: [WorkerID: String]
    }

    private struct State: Sendable {
        var rosters: [SiteID: Entry] = [:]
        var names: [SiteID: Names] = [:]
    }

    private let state = Guarded(State())
    /// At this size the cache is emptied and filled again. 10 thousand workers take about a megabyte.
    private static let sitesMaximum = 64

    func roster(_ question: Question) -> Roster {
        guard let definition = question.view.definition, let settings = question.settings else { return .empty }
        let siteID = question.site.siteID
        if let known = state.withLock({ $0.rosters[siteID] }), known.definition == definition { return known.roster }
        let roster = Roster(question.site, definition: definition, settings)
        state.withLock { state in
            if state.rosters.count >= RosterCache.sitesMaximum { state.rosters.removeAll() }
            state.rosters[siteID] = Entry(definition: definition, roster: roster)
        }
        return roster
    }

    /// Names of workers, also of those that were dropped since; only the registry has them (SPEC 3).
    func workerNames(_ registered: PlacedDefinition?) -> [WorkerID: String] {
        guard let registered else { return [:] }
        let known = state.withLock { $0.names[registered.siteID] }
        if let known, known.definition.definition.workers.isSameMemory(as: registered.definition.workers),
            known.definition.former.workers.isSameMemory(as: registered.former.workers)
        {
            return known.workers
        }
        let names = registered.workerNames
        let made = Names(definition: registered, workers: names)
        state.withLock { state in
            if state.names.count >= RosterCache.sitesMaximum { state.names.removeAll() }
            state.names[registered.siteID] = made
        }
        return names
    }
}

extension Array {
    fileprivate func isSameMemory(as other: [Element]) -> Bool {
        withUnsafeBufferPointer { own in
            other.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress && own.count == $0.count }
        }
    }
}
