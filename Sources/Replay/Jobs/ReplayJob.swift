public import Clocks
public import EventLog
public import EventModel
internal import Foundation
internal import Locks
public import Observability
internal import ProjectionStore
public import Projector

/// Folds a range of a log into stores of its own, and publishes nothing (SPEC 7.3).
///
/// Its progress is the position of the stores: stopped or killed at any moment, a job of the same plan goes on from
/// there. It reads the log by itself, so a server that writes it goes on undisturbed.
public final class ReplayJob: Sendable {
    /// Where the stores are, and how fast it may go.
    public struct Configuration: Sendable {
        /// The path of a partition's store.
        public var storePath: @Sendable (PartitionIndex) -> String
        /// Makes the store of a partition that begins with a snapshot, at the path where there is none yet; false when it
        /// was told to stop.
        public var restore: @Sendable (_ part: ReplayPlan.Part, _ path: String) throws -> Bool = { _, _ in true }
        /// So many events a second, shared out among the partitions that are folded at a time; nil for no limit.
        public var rate: Int?
        /// Partitions that are folded at a time; those of a replay that follows the log all are.
        public var partitionsAtATime = 4
        /// How long the log may be away before the job gives up.
        public var logPatienceMilliseconds = 120_000
        /// How long nothing can be stored, e.g. on a full disk, before the job gives up.
        public var storePatienceMilliseconds = 5_000
        /// Of all partitions that are folded at a time together.
        public var limits = FoldLimits()
        public var clock: any ProcessClock = .system
        public var journal = Journal.silent

        public init(storePath: @escaping @Sendable (PartitionIndex) -> String) { self.storePath = storePath }
    }

    private let plan: ReplayPlan
    private let log: any EventLog
    private let configuration: Configuration
    private let isStopping = Monitor(false)

    /// How often it looks how far its folds are: what follows a snapshot may be folded at once.
    private static let lookMilliseconds = 5

    public init(_ plan: ReplayPlan, log: any EventLog, _ configuration: Configuration) {
        self.plan = plan
        self.log = log
        self.configuration = configuration
    }

    /// Lets ``run(_:)`` store what is folded and return. From any thread.
    public func stop() {
        isStopping.update { $0 = true }
        log.wakeReaders()
    }

    /// Folds until all of the plan is folded, or ``stop()`` is called.
    ///
    /// - Parameter report: called often with the partitions that are being folded, those that are through and those that
    ///   wait.
    /// - Returns: whether everything is folded.
    /// - Throws: ``ReplayError`` when one of the folds cannot go on; what all of them had folded is stored. `LogError`
    ///   and `StoreError` when one of them cannot be opened.
    public func run(_ report: ([ReplayProgress]) -> Void) throws -> Bool {
        var waiting = try plan.parts.filter { try !isThrough($0) }[...]
        var through = plan.parts.filter { !waiting.contains($0) }.map { ReplayProgress(through: $0, events: 0) }
        var running: [PartitionReplay] = []
        do {
            while !hasStopped {
                try start(&waiting, &running, &through)
                let progresses = running.map(\.progress)
                report(through + progresses + waiting.map { ReplayProgress(waiting: $0, next: stored($0)) })
                if running.isEmpty { return waiting.isEmpty }
                _ = isStopping.wait(milliseconds: Self.lookMilliseconds) { $0 ? () : nil }
                for replay in running { try replay.check() }
                let done = running.filter(\.isDone)
                guard !done.isEmpty else { continue }
                running.removeAll { replay in done.contains { $0 === replay } }
                for replay in done {
                    let events = replay.progress.events
                    try replay.end()
                    through.append(ReplayProgress(through: replay.part, events: events))
                }
                setPace(running, after: waiting)
            }
        } catch {
            // All of them store what they can; the first error says why it ends.
            for replay in running { try? replay.end() }
            throw error
        }
        try end(running)
        return false
    }

    private var hasStopped: Bool { isStopping.withLock { $0 } }

    private var atATime: Int {
        plan.request.follows ? plan.parts.count : max(1, min(configuration.partitionsAtATime, plan.parts.count))
    }

    private func start(
        _ waiting: inout ArraySlice<ReplayPlan.Part>, _ running: inout [PartitionReplay],
        _ through: inout [ReplayProgress]
    ) throws {
        let before = running.count
        while running.count < atATime, let part = waiting.first, !hasStopped {
            guard try restore(part) else { return stop() }
            // A snapshot may hold all of it.
            if part.snapshot != nil, part.from == part.until, try isThrough(part) {
                through.append(ReplayProgress(through: part, events: 0))
            } else {
                running.append(
                    try PartitionReplay(
                        part, plan, log, configuration.rate == nil ? .unlimited : .paused, configuration))
            }
            waiting.removeFirst()
        }
        if running.count > before { setPace(running, after: waiting) }
    }

    /// - Returns: false when it was told to stop.
    private func restore(_ part: ReplayPlan.Part) throws -> Bool {
        guard part.snapshot != nil else { return true }
        let path = configuration.storePath(part.partition)
        return try FileManager.default.fileExists(atPath: path) || configuration.restore(part, path)
    }

    /// Shares out memory and rate among those that are folded.
    private func setPace(_ running: [PartitionReplay], after waiting: ArraySlice<ReplayPlan.Part>) {
        for replay in running {
            replay.share(FoldShare(of: running.count))
            if let rate = configuration.rate { replay.setPace(.eventsPerSecond(max(1, rate / running.count))) }
        }
    }

    private func end(_ running: [PartitionReplay]) throws {
        var first: (any Error)?
        for replay in running {
            do { try replay.end() } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    // MARK: What an earlier job has folded

    private func stored(_ part: ReplayPlan.Part) -> LogOffset {
        let place = StorePlace.read(path: configuration.storePath(part.partition))
        return max(part.from, place?.nextOffset ?? part.from)
    }

    /// Not even its log is needed any more, which may have lost the records since.
    private func isThrough(_ part: ReplayPlan.Part) throws -> Bool {
        let path = configuration.storePath(part.partition)
        guard let until = part.until, let place = StorePlace.read(path: path), place.nextOffset >= until else {
            return false
        }
        return try !StoreReader(path: path).load().isRederiving
    }
}

/// How far the replay of one partition is.
public struct ReplayProgress: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case waiting, folding
        /// All records are folded; hours are still being rebuilt for a definition.
        case finishing
        case through
    }

    public var partition: PartitionIndex
    public var from: LogOffset
    /// The next offset to fold.
    public var next: LogOffset
    /// Where it ends; for a replay that follows the log, where the log ends.
    public var end: LogOffset
    /// Events that this job has folded.
    public var events: Int64
    public var state: State

    public init(
        partition: PartitionIndex, from: LogOffset, next: LogOffset, end: LogOffset, events: Int64, state: State
    ) {
        self.partition = partition
        self.from = from
        self.next = next
        self.end = end
        self.events = events
        self.state = state
    }

    fileprivate init(through part: ReplayPlan.Part, events: Int64) {
        let end = part.until ?? part.from
        self.init(
            partition: part.partition, from: part.from, next: end, end: end, events: events, state: .through)
    }

    fileprivate init(waiting part: ReplayPlan.Part, next: LogOffset) {
        self.init(
            partition: part.partition, from: part.from, next: next, end: part.until ?? next, events: 0,
            state: .waiting)
    }

    /// Records that are read, and how many there are.
    public var done: Int64 { next.value - from.value }
    public var total: Int64 { end.value - from.value }
}
