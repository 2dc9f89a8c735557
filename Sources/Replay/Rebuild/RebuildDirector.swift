internal import Clocks
internal import EventModel
internal import HTTPServer
internal import Locks

/// Starts and changes rebuilds for operators, and says how they are: what stands behind the routes, without HTTP.
///
/// Calls block, so they run on threads of their own. Refusals are problems, ready to be answered.
final class RebuildDirector: Sendable {
    /// How long an answer waits until all holders have done what is wanted; those that have not are named in it.
    static let waitMilliseconds = 5000
    /// How often they are asked meanwhile.
    static let askMilliseconds = 200
    /// How often a change is tried again that came second to another one.
    static let triesMaximum = 8

    private let board: any JobBoard
    private let holders: any RebuildHolders
    private let clock: any ProcessClock
    private let isStopping = Monitor(false)

    init(_ board: any JobBoard, _ holders: any RebuildHolders, _ clock: any ProcessClock) {
        (self.board, self.holders, self.clock) = (board, holders, clock)
    }

    /// Answers no longer wait for holders.
    func stop() { isStopping.update { $0 = true } }

    // MARK: Looking

    func jobs() throws(Problem) -> [RebuildJob] {
        do throws(ReplayError) { return try board.jobs() } catch { throw Problem(error) }
    }

    /// All rebuilds, newest first. Only of the newest that was not cancelled the holders are asked.
    func list() throws(Problem) -> [RebuildStatus] {
        let jobs = try jobs()
        return jobs.map { job in
            let isActing = job.id == jobs.acting?.id
            return RebuildStatus(job, isActing && job.isActive ? holders.reports(job, isActing: true) : nil)
        }
    }

    func status(_ id: JobID) throws(Problem) -> RebuildStatus {
        let jobs = try jobs()
        let job = try Self.find(id, jobs)
        return RebuildStatus(job, holders.reports(job, isActing: job.id == jobs.acting?.id))
    }

    private static func find(_ id: JobID, _ jobs: [RebuildJob]) throws(Problem) -> RebuildJob {
        guard let job = jobs.first(where: { $0.id == id }) else {
            throw Problem(404, detail: "there is no rebuild \(id)")
        }
        return job
    }

    /// Compares the generations of all partitions.
    /// - Throws: 409 where there is nothing to compare.
    func differences(_ id: JobID, limit: Int) throws(Problem) -> RebuildDifferences {
        let jobs = try jobs()
        let job = try Self.find(id, jobs)
        guard job.id == jobs.acting?.id, job.wanted != .rolledBack else {
            throw .conflict("rebuild \(id) is over, so there is nothing to compare", job, "over")
        }
        let gathered = holders.differences(id, limit: limit)
        return RebuildDifferences(job.id, gathered, limit: limit)
    }

    // MARK: Acting

    func start(by name: String, reason: String, pace: RebuildPace) throws(Problem) -> RebuildStatus {
        for _ in 0..<Self.triesMaximum {
            let job = RebuildJob(by: name, reason: reason, pace: pace, after: try jobs().first, at: clock.now)
            switch try put(job) {
            case .taken: return wait(for: job)
            case .busy(let other) where other.isActive:
                throw .conflict(
                    "rebuild \(other.id) by \(other.by) is \(other.wanted.words); one at a time", other, "busy")
            // It ended while this one was on its way, or the id is taken.
            case .busy, .changed: continue
            }
        }
        throw Problem(503, detail: "too many rebuilds are started at once", headers: [("Retry-After", "1")])
    }

    /// Pauses, resumes, cancels, rolls back.
    func act(_ act: RebuildAct, _ id: JobID, by name: String) throws(Problem) -> RebuildStatus {
        try change(id, act, by: name)
    }

    /// Promotes a rebuild that is level in every partition and in which nothing differs, or no more than is accepted.
    /// - Throws: 409 with what differs, or which partition is not level; 503 where a partition does not answer.
    func promote(
        _ id: JobID, by name: String, accepted: Int64?, forced: String?
    ) throws(Problem) -> RebuildStatus {
        // What would be refused, or is so already, needs no comparison.
        if let settled = try settled(id, by: name) { return wait(for: settled) }
        let job = try Self.find(id, jobs())
        let status = RebuildStatus(job, holders.reports(job, isActing: true))
        try status.requireLevel()
        let found = RebuildDifferences(id, holders.differences(id, limit: RebuildDifferences.refusalMaximum))
        // Whoever came first meanwhile has left nothing to compare.
        if let settled = try settled(id, by: name) { return wait(for: settled) }
        try found.requireComplete()
        if forced == nil { try found.require(differencesMaximum: accepted ?? 0) }
        let act = RebuildAct.promote(accepted: found.different > 0 && forced == nil ? accepted : nil, forced: forced)
        return try change(id, act, by: name)
    }

    /// The rebuild where it is promoted already; nil where it can be.
    private func settled(_ id: JobID, by name: String) throws(Problem) -> RebuildJob? {
        let jobs = try jobs()
        let job = try Self.find(id, jobs)
        return try Self.next(job, .promote(), jobs, name, clock.now) == nil ? job : nil
    }

    private func change(_ id: JobID, _ act: RebuildAct, by name: String) throws(Problem) -> RebuildStatus {
        for _ in 0..<Self.triesMaximum {
            let jobs = try jobs()
            let job = try Self.find(id, jobs)
            guard let next = try Self.next(job, act, jobs, name, clock.now) else { return wait(for: job) }
            if try put(next) == .taken { return wait(for: next) }
            // Somebody else came first: judged again by what is in force now.
        }
        throw Problem(503, detail: "rebuild \(id) changes too fast", headers: [("Retry-After", "1")])
    }

    private static func next(
        _ job: RebuildJob, _ act: RebuildAct, _ jobs: [RebuildJob], _ name: String, _ now: Timestamp
    ) throws(Problem) -> RebuildJob? {
        let next: RebuildJob?
        do throws(RebuildRefusal) { next = try job.after(act, by: name, at: now) } catch {
            throw .conflict(error.message, job, job.wanted.rawValue)
        }
        if act == .rollback, next != nil, let newer = jobs.acting, newer.id != job.id {
            throw .conflict("rebuild \(newer.id) is newer; cancel it or roll it back first", newer, "newer")
        }
        return next
    }

    private func put(_ job: RebuildJob) throws(Problem) -> JobVerdict {
        do throws(ReplayError) { return try board.put(job) } catch { throw Problem(error) }
    }

    /// Asks the holders until all have done what is wanted, or for as long as an answer may wait.
    private func wait(for job: RebuildJob) -> RebuildStatus {
        let deadline = clock.uptime.advanced(milliseconds: Self.waitMilliseconds)
        let isActing = (try? board.jobs())?.acting?.id == job.id
        while true {
            let status = RebuildStatus(job, holders.reports(job, isActing: isActing))
            guard !status.waiting.isEmpty || !status.missing.isEmpty, clock.uptime < deadline else { return status }
            let next = min(deadline, clock.uptime.advanced(milliseconds: Self.askMilliseconds))
            let isStopping: Void? = clock.wait(for: isStopping, until: next) { $0 ? () : nil }
            if isStopping != nil { return status }
        }
    }
}

extension Problem {
    /// The board cannot be read or written.
    init(_ error: ReplayError) {
        self.init(
            error.isRetriable ? 503 : 500, detail: error.description,
            headers: error.isRetriable ? [("Retry-After", "2")] : [])
    }

    /// What the act does not fit: 409 that names the rebuild, and in one word why.
    static func conflict(_ detail: String, _ job: RebuildJob, _ code: String) -> Problem {
        Problem(409, detail: detail, extensions: [("code", .string(code)), ("rebuild", .string(job.id.text))])
    }
}
