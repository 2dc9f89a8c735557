public import EventLog
public import EventModel
internal import Foundation
internal import Locks
public import ProjectionStore
internal import Timeline

/// Folds one partition of the log into its projections, and shows them while it does (DESIGN 1.5–1.8).
///
/// Two threads: one reads, decodes and folds; the other commits what the first hands over, so that neither a commit nor
/// a question holds up what was just acknowledged from showing. Create it, ``start()`` it, ``stop()`` it once.
public final class Projector: Sendable {
    public let partition: PartitionIndex
    let log: any EventLog
    let store: ProjectionStore
    let configuration: ProjectorConfiguration
    let state: Guarded<State>
    let commits: CommitHandover
    private let readers = Guarded<[StoreReader]>([])

    /// What the threads share. The lock is held to fold one record or to take a copy, never during IO other than the
    /// load of a page that is not in memory.
    struct State: Sendable {
        var fold: PartitionFold
        var end: EndSight
        var share = FoldShare.whole
        var waiters: [Waiter] = []
        var failure: Failure?
        /// The fold failed inside a record: what it holds belongs to no position.
        var isTorn = false
        /// Both threads have ended: somebody else may write the store now, so this memory no longer goes with it.
        var isClosed = false
        var isStopping = false
        var runningThreads = 0
        var statistics = FoldStatistics()
    }

    /// Why the projector stopped.
    struct Failure: Sendable {
        var message: String
        var isRetriable: Bool
    }

    /// Somebody who waits for the fold to pass an offset.
    struct Waiter: Sendable {
        var offset: LogOffset
        var deadline: ContinuousClock.Instant
        var body: @Sendable (Bool) -> Void
    }

    /// Opens the fold where the store stands.
    ///
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks records that
    ///   come next; `LogError` and `StoreError` when one of them cannot be read.
    public init(
        log: any EventLog, partition: PartitionIndex = PartitionIndex(0), store: ProjectionStore,
        configuration: ProjectorConfiguration = ProjectorConfiguration()
    ) throws {
        self.log = log
        self.partition = partition
        self.store = store
        self.configuration = configuration
        let fold = try store.load()
        let asked = ContinuousClock.now
        let end = try AnchorCheck.run(log, partition, next: fold.nextOffset, fingerprint: fold.fingerprint)
        state = Guarded(State(fold: fold, end: EndSight(offset: end, seenAt: asked)))
        commits = CommitHandover()
    }

    /// Starts both threads.
    public func start() {
        state.withLock { $0.runningThreads = 2 }
        let committer = Thread { [self] in
            commitLoop()
            threadEnded()
        }
        let folder = Thread { [self] in
            foldLoop()
            threadEnded()
        }
        for (thread, name) in [(committer, "andon-commit"), (folder, "andon-fold")] {
            thread.name = name
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    private func threadEnded() {
        state.withLock { $0.runningThreads -= 1 }
        commits.signal()
    }

    /// Folds no further, commits what was folded, and returns when both threads have ended.
    public func stop() {
        state.withLock { $0.isStopping = true }
        log.wakeReaders()
        commits.signal()
        commits.waitUntil { [self] in state.withLock { $0.runningThreads == 0 } }
        state.withLock { $0.isClosed = true }
        answerWaiters(passedTo: nil)
        readers.withLock { $0.removeAll() }
    }

    /// How far the fold is; asks nobody, so that it never waits for a broker.
    public var progress: FoldProgress {
        lookAtEnd()
        return state.withLock { $0.progress }
    }

    /// Takes over what the log knows of its end; where it knows nothing, the last sight grows old.
    @discardableResult
    func lookAtEnd() -> EndSight? {
        // Read before the end is: a sight that is dated later than it was would call settled what is not.
        let asked = ContinuousClock.now
        guard let known = try? log.knownEnd(partition) else { return nil }
        let sight = EndSight(offset: known.offset, seenAt: asked - .microseconds(max(0, known.ageMicroseconds)))
        state.withLock { $0.end.add(sight) }
        return sight
    }

    /// Why the fold stopped; nil while it runs.
    public var failure: String? { state.withLock { $0.failure?.message } }

    /// Whether a new projector on the same store may succeed where this one failed.
    public var isFailureRetriable: Bool { state.withLock { $0.failure?.isRetriable ?? false } }

    /// Notes why everything ends; the first reason counts.
    func fail(_ message: String, isRetriable: Bool) {
        let isFirst = state.withLock { state in
            guard state.failure == nil else { return false }
            state.failure = Failure(message: message, isRetriable: isRetriable)
            return true
        }
        guard isFirst else { return }
        configuration.report(message)
        configuration.failed()
    }

    /// Which part of the configuration's memory this fold may take from now on: all of it unless it is told otherwise.
    public func share(_ share: FoldShare) { state.withLock { $0.share = share } }

    public var statistics: FoldStatistics { state.withLock { $0.statistics } }

    /// The newest definition of every site, as the log has it, with its version and place: for gateways at start.
    public func newestDefinitions() -> [(
        definition: SiteDefinition, version: UInt64, offset: LogOffset, createdAt: Timestamp
    )] {
        let sites = state.withLock { $0.fold.sites }
        return sites.compactMap { site in
            guard let sequence = site.definitions.indices.last else { return nil }
            let stored = site.storedDefinition(sequence)
            return (stored.record.definition, UInt64(sequence + 1), stored.offset, stored.record.createdAt)
        }
    }

    /// A consistent view of one site; nil for a site that no record names.
    ///
    /// - Throws: ``ProjectorError`` after ``stop()`` and when the fold failed inside a record.
    public func snapshot(of siteID: SiteID) throws -> ProjectionSnapshot? {
        lookAtEnd()
        let reader = try readers.withLock({ $0.popLast() }) ?? store.reader()
        // Copying the memory and beginning to read are one step: no commit's differences are taken for done between.
        let deadline = ContinuousClock.now + .milliseconds(configuration.questionMilliseconds)
        let taken: (site: SiteFold, progress: FoldProgress)? = try state.withLock { state in
            if state.isClosed { throw ProjectorError.isStopped }
            if state.isTorn { throw ProjectorError.isTorn }
            let generation = try reader.begin(until: deadline)
            return state.fold.site(siteID, storeGeneration: generation).map { ($0, state.progress) }
        }
        guard let taken else {
            reader.end()
            giveBack(reader)
            return nil
        }
        return ProjectionSnapshot(site: taken.site, reader: reader, progress: taken.progress) { [weak self] in
            reader.end()
            self?.giveBack(reader)
        }
    }

    private func giveBack(_ reader: StoreReader) {
        readers.withLock { if $0.count < ProjectorConfiguration.idleReadersMaximum { $0.append(reader) } }
    }

    /// Calls `body` once, from any thread: true when the fold has passed `offset`, false after the timeout.
    public func whenPassed(
        _ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void
    ) {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        let isPassed: Bool? = state.withLock { state in
            if state.fold.nextOffset > offset { return true }
            if state.isStopping || state.failure != nil { return false }
            state.waiters.append(Waiter(offset: offset, deadline: deadline, body: body))
            return nil
        }
        if let isPassed { body(isPassed) }
    }

    /// Answers those whose offset was passed or whose time is up; with nil, everybody.
    func answerWaiters(passedTo next: LogOffset?) {
        let now = ContinuousClock.now
        let answers: [(Waiter, Bool)] = state.withLock { state in
            guard !state.waiters.isEmpty else { return [] }
            var answers: [(Waiter, Bool)] = []
            state.waiters.removeAll { waiter in
                let isPassed = next.map { $0 > waiter.offset } ?? false
                guard isPassed || next == nil || waiter.deadline <= now else { return false }
                answers.append((waiter, isPassed))
                return true
            }
            return answers
        }
        for (waiter, isPassed) in answers { waiter.body(isPassed) }
    }
}

extension Projector.State {
    var progress: FoldProgress {
        FoldProgress(
            nextOffset: fold.nextOffset, newestCreatedAt: fold.newestCreatedAt, logEnd: end.offset,
            endAgeMicroseconds: end.seenAt.duration(to: .now).microseconds)
    }
}

/// The end of the log as it was at an instant: nothing stood at or after `offset` then.
struct EndSight: Sendable {
    var offset: LogOffset
    var seenAt: ContinuousClock.Instant

    /// Joins another sight. A later instant may go with a larger end: what was not there at that end was not there
    /// after it either.
    mutating func add(_ other: EndSight) {
        offset = max(offset, other.offset)
        seenAt = max(seenAt, other.seenAt)
    }
}
