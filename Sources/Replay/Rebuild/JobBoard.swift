internal import Locks
internal import Observability
internal import SQLite

/// Where the wanted state of rebuilds stands, durable and the same for all processes (DESIGN 7). A port:
/// ``InMemoryJobBoard``, ``JobStore`` (a file) and ``TopicJobBoard``. From any thread.
public protocol JobBoard: AnyObject, Sendable {
    /// All jobs that are kept, newest first.
    /// - Throws: ``ReplayError``
    func jobs() throws(ReplayError) -> [RebuildJob]

    /// Stores a new job of revision 1, or the next revision of one that is there. When it returns ``JobVerdict/taken``
    /// the job is durable.
    ///
    /// Of several changes to one revision one is taken, and of several new jobs one, whichever processes they come from.
    /// - Throws: ``ReplayError``; then it is not known whether the job was stored.
    func put(_ job: RebuildJob) throws(ReplayError) -> JobVerdict

    /// Calls `changed` after every change that this board learns of, on any thread, which must not block. One watcher:
    /// the newest.
    func watch(_ changed: @escaping @Sendable () -> Void)

    /// Why changes of other processes no longer arrive; nil while they do.
    var failure: String? { get }
}

extension ReplayError {
    /// What an error of a file or of the brokers means for the jobs.
    init(_ error: any Error, _ place: String) {
        let cause = error.forOperator
        let isDamage = (error as? SQLiteError)?.isCorrupt ?? false
        self.init(
            isDamage ? .jobsDamaged : .jobsUnavailable,
            "the rebuilds in \(place) cannot be read or written: \(cause.message)", hint: cause.hint,
            isRetriable: cause.isRetriable)
    }
}

/// The board's twin in memory, for tests.
public final class InMemoryJobBoard: JobBoard {
    private let table = Guarded(JobTable())
    private let watcher = JobWatcher()

    public init() {}

    public func jobs() -> [RebuildJob] { table.withLock { $0.newestFirst } }

    public func put(_ job: RebuildJob) -> JobVerdict {
        let verdict = table.withLock { table in
            let surplus = table[job.id] == nil ? table.surplus : []
            let verdict = table.put(job)
            if verdict == .taken { for id in surplus { table.remove(id) } }
            return verdict
        }
        watcher.tell()
        return verdict
    }

    public func watch(_ changed: @escaping @Sendable () -> Void) { watcher.set(changed) }

    public var failure: String? { nil }
}

/// Whom a board tells that something changed.
final class JobWatcher: Sendable {
    private let changed = Guarded<(@Sendable () -> Void)?>(nil)

    func set(_ changed: @escaping @Sendable () -> Void) { self.changed.withLock { $0 = changed } }

    func tell() { changed.withLock { $0 }?() }
}
