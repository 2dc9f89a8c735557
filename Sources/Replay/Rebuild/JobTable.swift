/// The jobs of a board, and which changes it takes: the same on every board, and for every reader of a topic, so that of
/// two operators who act at once the same one wins everywhere.
struct JobTable: Sendable {
    /// More are not kept: the oldest that are over go when another one begins.
    static let jobsMaximum = 100

    private(set) var jobs: [JobID: RebuildJob] = [:]

    subscript(id: JobID) -> RebuildJob? { jobs[id] }

    /// Newest first.
    var newestFirst: [RebuildJob] {
        jobs.values.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    }

    /// Judges a job that somebody wants to store, and takes it if nothing is against it.
    mutating func put(_ job: RebuildJob) -> JobVerdict {
        if jobs[job.id] == nil, let other = newestFirst.first(where: \.isActive) { return .busy(other) }
        return take(job)
    }

    /// Takes what was stored, in the order in which it was.
    ///
    /// A change counts if its revision is higher than the known one, so of two changes to one revision the first stands.
    /// Of two jobs that follow the same one the first stands, and one that was changed since: only one that stood could be.
    mutating func take(_ job: RebuildJob) -> JobVerdict {
        if let known = jobs[job.id] {
            if known == job { return .taken }
            guard job.revision > known.revision else { return .changed(known) }
        } else if let rival = jobs.values.first(where: { $0.follows == job.follows }) {
            guard job.revision > 1, rival.revision == 1 else { return .busy(rival) }
            jobs[rival.id] = nil
        }
        jobs[job.id] = job
        return .taken
    }

    mutating func remove(_ id: JobID) { jobs[id] = nil }

    /// What has to go before another job fits.
    var surplus: [JobID] {
        let over = newestFirst.filter { !$0.isActive }
        return over.suffix(max(0, jobs.count - Self.jobsMaximum + 1)).map(\.id)
    }
}

/// What a board made of a job that it was to store.
public enum JobVerdict: Sendable, Equatable {
    /// It is durable and in force.
    case taken
    /// Another change came first; this is in force.
    case changed(RebuildJob)
    /// Another rebuild is active, or was started at the same moment.
    case busy(RebuildJob)
}

extension [RebuildJob] {
    /// Of jobs in order, newest first, the one that holders build, promote or roll back: the newest that is not cancelled.
    public var acting: RebuildJob? { first { $0.wanted != .cancelled } }
}
