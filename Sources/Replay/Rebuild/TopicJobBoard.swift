public import EventLog
internal import EventModel
internal import Locks
public import Observability

/// The jobs as a compacted topic of one partition (DESIGN 3): every process that has rebuilds to carry out or to answer
/// for follows it.
///
/// The order of the topic decides: every reader takes the same changes and passes over the same ones (``JobTable``).
/// Compaction keeps the newest record of a job, even one that was passed over, so whoever lost writes what is in force
/// once more, with the next revision; a process that starts makes up for one that died before it could.
public final class TopicJobBoard: JobBoard {
    /// Longest time to read to the end, and to wait for a delivery.
    public static let waitMilliseconds = 10_000

    /// What stands in the topic; separate from the board, so that following does not keep the board alive.
    private final class Reading: Sendable {
        struct State {
            var table = JobTable()
            /// Jobs whose newest record is not what is in force, with the revision that it claims.
            var overwritten: [JobID: Int64] = [:]
        }

        let state = Guarded(State())
        let watcher = JobWatcher()
        private let journal: Journal

        init(_ journal: Journal) { self.journal = journal }

        func handle(_ record: FollowedRecord) {
            guard let text = String(validating: record.key, as: UTF8.self), let id = JobID(text) else { return }
            guard let value = record.value else {
                state.withLock { state in
                    state.table.remove(id)
                    state.overwritten[id] = nil
                }
                return watcher.tell()
            }
            guard let job = RebuildJobRecord.job(value, id: id) else { return journal.record(.jobUnreadable(id.text)) }
            state.withLock { state in
                state.overwritten[id] = state.table.take(job) == .taken ? nil : job.revision
            }
            watcher.tell()
        }
    }

    private let topics: any Topics
    private let topic: String
    private let journal: Journal
    private let reading: Reading
    private let following: any TopicFollowing
    /// Held by one writer of this process at a time.
    private let turn = Guarded(())

    /// Reads all jobs, and continues to follow the topic.
    /// - Throws: ``ReplayError`` when the topic cannot be read to its end.
    public init(
        topics: any Topics, names: TopicNames = TopicNames(), journal: Journal = .silent
    ) throws(ReplayError) {
        (self.topics, topic, self.journal) = (topics, names.jobs, journal)
        let reading = Reading(journal)
        self.reading = reading
        do throws(LogError) {
            following = try topics.follow(names.jobs, nil, from: .beginning) { reading.handle($0) }
        } catch {
            throw ReplayError(error, "the topic \(names.jobs)")
        }
        do throws(ReplayError) {
            try readToEnd()
        } catch {
            following.stop()
            throw error
        }
        mend()
    }

    /// Stops reading; the jobs read so far stay.
    public func stop() { following.stop() }

    public func jobs() -> [RebuildJob] { reading.state.withLock { $0.table.newestFirst } }

    public func watch(_ changed: @escaping @Sendable () -> Void) { reading.watcher.set(changed) }

    public var failure: String? { following.failure.map { "the rebuilds cannot be read: \($0)" } }

    // MARK: Writing

    public func put(_ job: RebuildJob) throws(ReplayError) -> JobVerdict {
        let result: Result<JobVerdict, ReplayError> = turn.withLock { _ in
            Result { () throws(ReplayError) in try write(job) }
        }
        return try result.get()
    }

    private func write(_ job: RebuildJob) throws(ReplayError) -> JobVerdict {
        try readToEnd()
        var table = reading.state.withLock { $0.table }
        let surplus = table[job.id] == nil ? table.surplus : []
        // What cannot win is not written.
        let expected = table.put(job)
        guard expected == .taken else { return expected }
        do throws(LogError) {
            try send(job.id, RebuildJobRecord.json(job), at: job.changedAt)
        } catch {
            guard error.code == .uncertain else { throw ReplayError(error, "the topic \(topic)") }
        }
        try readToEnd()
        guard let verdict = reading.state.withLock({ Self.verdict(on: job, $0.table) }) else {
            throw ReplayError(
                .jobsUnavailable, "no broker has confirmed rebuild \(job.id)",
                hint: "andon rebuild status shows whether it is there", isRetriable: true)
        }
        if verdict == .taken { for id in surplus { forget(id, at: job.changedAt) } } else { mend(job) }
        return verdict
    }

    /// What has become of a job that was written; nil: it is not there.
    private static func verdict(on job: RebuildJob, _ table: JobTable) -> JobVerdict? {
        if var known = table[job.id] {
            // One that lost to it may have written it again since.
            if known.revision > job.revision { known.revision = job.revision }
            return known == job ? .taken : .changed(table[job.id] ?? known)
        }
        return table.newestFirst.first { $0.follows == job.follows }.map { .busy($0) }
    }

    /// After a record of this process was passed over.
    private func mend(_ job: RebuildJob) {
        if reading.state.withLock({ $0.table[job.id] == nil }) { forget(job.id, at: job.changedAt) } else { mend() }
    }

    /// Writes what is in force wherever something else is the newest record. Best effort: the next start does it too.
    private func mend() {
        let overwritten = reading.state.withLock { state in
            state.overwritten.compactMap { id, revision in
                state.table[id].map { job in
                    var job = job
                    job.revision = max(job.revision, revision) + 1
                    return job
                }
            }
        }
        for job in overwritten {
            do throws(LogError) { try send(job.id, RebuildJobRecord.json(job), at: job.changedAt) } catch {
                journal.record(.jobNotMended(job.id, error))
            }
        }
    }

    private func forget(_ id: JobID, at time: Timestamp) {
        do throws(LogError) { try send(id, nil, at: time) } catch { journal.record(.jobNotMended(id, error)) }
    }

    private func send(_ id: JobID, _ value: [UInt8]?, at time: Timestamp) throws(LogError) {
        let delivered = Monitor<Result<RecordPosition, LogError>?>(nil)
        try topics.send(
            TopicRecord(topic: topic, key: Array(id.text.utf8), value: value, timestamp: time)
        ) { result in delivered.update { $0 = result } }
        guard let result = delivered.wait(milliseconds: Self.waitMilliseconds, until: { $0 }) else {
            throw LogError(.uncertain, "no broker has confirmed the record about rebuild \(id)")
        }
        _ = try result.get()
    }

    private func readToEnd() throws(ReplayError) {
        guard following.readToEnd(timeoutMilliseconds: Self.waitMilliseconds) else {
            let failure =
                following.failure
                ?? LogError(
                    .unavailable, "the topic \(topic) could not be read to its end",
                    hint: "check that the brokers of its partitions are up")
            throw ReplayError(failure, "the topic \(topic)")
        }
    }
}
