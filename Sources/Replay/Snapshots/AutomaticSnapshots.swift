public import Clocks
public import EventLog
internal import EventModel
internal import Locks
public import Observability
internal import ProjectionStore
public import Projector
internal import Synchronization

/// Takes snapshots of the partitions that a process folds, on a thread of its own, one at a time.
///
/// Of the live store alone, and not while that one is being rebuilt. A failure, e.g. a full disk, is recorded; the fold
/// notices nothing of it, and another snapshot is tried later.
public final class AutomaticSnapshots: Sendable {
    /// One partition that is folded.
    public struct Subject {
        var partition: PartitionIndex
        var nextOffset: LogOffset
        var source: SnapshotMaker.Source

        /// - Returns: nil while the projector's store is being rebuilt, while one of an older fold answers, or when the
        ///   fold has failed.
        public init?(_ projector: Projector) {
            guard projector.rebuild == nil, projector.upgrade == nil, projector.failure == nil else { return nil }
            self.init(
                projector.partition, next: projector.progress.nextOffset,
                SnapshotMaker.Source(projector.store, projector.partition))
        }

        init(_ partition: PartitionIndex, next: LogOffset, _ source: SnapshotMaker.Source) {
            self.partition = partition
            nextOffset = next
            self.source = source
        }
    }

    /// What is taken when, and kept for how long.
    public struct Configuration: Sendable {
        public var schedule: SnapshotSchedule
        public var retention = SnapshotRetention(count: SnapshotRetention.countDefault)
        /// The version of this program.
        public var program = ""
        public var clock: any ProcessClock = .system
        public var journal = Journal.silent

        public init(_ schedule: SnapshotSchedule) { self.schedule = schedule }
    }

    private struct Last {
        var nextOffset: LogOffset
        var createdAt: Timestamp
    }

    /// What is known about a partition.
    private struct Course {
        var last: Last?
        var failures = 0
        var retryAt = MonotonicTime(microseconds: 0)
    }

    private static let tickMilliseconds = 1000
    /// Delay after the first failure, doubled with each further one.
    private static let retryMilliseconds = 60_000
    private static let retryDoublingsMaximum = 6

    private let snapshots: any SnapshotStore
    private let log: LogEpoch
    private let configuration: Configuration
    private let subjects: @Sendable () -> [Subject]
    private let ticker: Ticker
    private let isStopping = Atomic(false)
    private let courses = Guarded<[PartitionIndex: Course]>([:])

    /// - Parameter subjects: what is folded at the moment.
    public init(
        _ snapshots: any SnapshotStore, of log: LogEpoch, _ configuration: Configuration,
        subjects: @escaping @Sendable () -> [Subject]
    ) {
        self.snapshots = snapshots
        self.log = log
        self.configuration = configuration
        self.subjects = subjects
        ticker = Ticker(milliseconds: Self.tickMilliseconds, clock: configuration.clock)
    }

    /// Starts the thread, once.
    public func start() {
        ticker.start("snapshots") { [self] in
            BackgroundThread.giveWay()
            tick()
        }
    }

    /// Ends the snapshot under way, of which nothing is left, and returns when the thread has ended.
    public func stop() {
        isStopping.store(true, ordering: .relaxed)
        ticker.stop()
    }

    /// Takes what is due.
    func tick() {
        for subject in subjects() where !isStopping.load(ordering: .relaxed) {
            let partition = subject.partition
            let now = configuration.clock.uptime
            guard var course = courses.withLock({ $0[partition] }) ?? begin(partition, now), course.retryAt <= now,
                configuration.schedule.isDue(
                    at: subject.nextOffset, configuration.clock.now,
                    last: course.last.map { ($0.nextOffset, $0.createdAt) })
            else { continue }
            take(subject, &course, now)
            courses.withLock { $0[partition] = course }
        }
    }

    /// Finds the newest snapshot of earlier.
    /// - Returns: nil when that cannot be found out at the moment.
    private func begin(_ partition: PartitionIndex, _ now: MonotonicTime) -> Course? {
        var course = Course()
        do {
            let newest = try snapshots.list().manifests.first {
                $0.partition == partition && $0.log == log && $0.versions == .current
            }
            course.last = newest.map { Last(nextOffset: $0.nextOffset, createdAt: $0.createdAt) }
        } catch { fail(&course, partition, error, now) }
        courses.withLock { $0[partition] = course }
        return course
    }

    private func take(_ subject: Subject, _ course: inout Course, _ now: MonotonicTime) {
        do {
            let maker = SnapshotMaker(snapshots, program: configuration.program, clock: configuration.clock)
            let taken = try maker.take(subject.source) { _, _ in !isStopping.load(ordering: .relaxed) }
            guard let taken else { return }
            let milliseconds = (configuration.clock.uptime - now) / 1000
            configuration.journal.record(.snapshotTaken(taken, milliseconds: milliseconds))
            course = Course(last: Last(nextOffset: taken.nextOffset, createdAt: taken.createdAt))
            let removed = try configuration.retention.apply(
                to: snapshots, subject.partition, at: configuration.clock.now)
            for id in removed { configuration.journal.record(.snapshotRemoved(subject.partition, id)) }
        } catch { fail(&course, subject.partition, error, now) }
    }

    private func fail(_ course: inout Course, _ partition: PartitionIndex, _ error: any Error, _ now: MonotonicTime) {
        configuration.journal.record(.snapshotFailed(partition, error.forOperator))
        let delay = Self.retryMilliseconds << min(course.failures, Self.retryDoublingsMaximum)
        course.failures += 1
        course.retryAt = now.advanced(milliseconds: delay)
    }
}
