public import Clocks
internal import EventLog
public import EventModel
internal import Locks
public import Timeline

/// A fold that several threads share: only its ``FoldDriver`` changes it, everyone else copies or waits.
///
/// The lock is held to fold one record, to copy, to swap values, or for one of many short steps; never while loading a
/// page, and never for work that grows with the number of workers or of changed pages.
public final class SharedFold: Sendable {
    fileprivate struct State {
        var fold: PartitionFold
        var end: LogEndReading
        /// Questions are answered once the fold has passed everything before it.
        var answersFrom: LogOffset
        /// Whether an older version of the fold made it.
        var isOldGeneration = false
        var share = FoldShare.whole
        var waiters: [FoldWaiter] = []
        var access = Access.open
        /// Whether the fold will pass no more offsets.
        var hasEnded = false
        var failure: FoldFailure?
        /// Why it stands still.
        var halt: FoldFailure?
        var hindrances = FoldHindrances()
        var statistics = FoldStatistics()
    }

    /// Whether the memory may answer questions.
    fileprivate enum Access {
        case open
        /// The fold failed inside a record: its state matches no position.
        case torn
        /// Someone else may write the store now, so this memory may not match it any more.
        case closed
    }

    private let state: Guarded<State>

    /// - Parameters:
    ///   - end: the end of the log as far as known; no need to read the log for it.
    ///   - answersFrom: questions before the fold has passed everything before this offset get an error.
    ///   - isOldGeneration: whether an older version of the fold made it; it stands still then.
    public init(
        _ fold: PartitionFold, end: LogEndReading, answersFrom: LogOffset = .zero, isOldGeneration: Bool = false
    ) {
        state = Guarded(
            State(fold: fold, end: end, answersFrom: answersFrom, isOldGeneration: isOldGeneration))
    }

    // MARK: For everybody

    /// The progress of the fold.
    public func progress(at now: MonotonicTime) -> FoldProgress { state.withLock { $0.progress(at: now) } }

    /// Records what the log knows of its end; if it knows nothing, the last reading ages.
    public func note(_ reading: LogEndReading) { state.withLock { $0.end.add(reading) } }

    /// Whether the fold knows enough to answer questions.
    public var isAnswering: Bool { state.withLock { $0.fold.nextOffset >= $0.answersFrom } }

    /// Whether everything that the log is known to have is folded.
    var isLevel: Bool { state.withLock { $0.fold.nextOffset >= $0.end.offset } }

    /// Why the fold has failed; nil while it has not.
    public var failure: FoldFailure? { state.withLock { $0.failure } }

    /// Why the fold stands still at a record that cannot be read; nil while it goes on.
    public var halt: FoldFailure? { state.withLock { $0.halt } }

    /// What keeps it from going on at the moment; nil while nothing does.
    var hindrance: String? { state.withLock { $0.hindrances.first } }

    public var statistics: FoldStatistics { state.withLock { $0.statistics } }

    /// The current sites: copies, which share memory with the fold until either side changes.
    public var sites: [SiteFold] { state.withLock { $0.fold.sites } }

    /// Sets the fold's share of the memory limits from now on; the default is all of it.
    public func setShare(_ share: FoldShare) { state.withLock { $0.share = share } }

    /// The current state of a site and the progress of the fold, for a reader whose snapshot of the store starts in
    /// `begin`.
    ///
    /// Copying the memory and starting the snapshot are one step, so no commit's differences can be counted twice or
    /// missed in between.
    /// - Parameter begin: starts a snapshot of the store and returns the generation of its commit.
    /// - Returns: nil for a site that no folded record names.
    /// - Throws: ``ProjectorError`` when the memory may not answer questions any more; any error of `begin`.
    public func site(
        _ siteID: SiteID, at now: MonotonicTime, begin: () throws -> UInt64
    ) throws -> (site: SiteFold, progress: FoldProgress, clockDisputes: ClockDisputes)? {
        try state.withLock { state -> (site: SiteFold, progress: FoldProgress, clockDisputes: ClockDisputes)? in
            try state.checkAccess()
            let generation = try begin()
            guard let site = state.fold.site(siteID, storeGeneration: generation) else { return nil }
            return (site, state.progress(at: now), state.fold.clockDisputes)
        }
    }

    /// Checks that questions are answered, as ``site(_:at:begin:)`` does.
    func checkAccess() throws { try state.withLock { try $0.checkAccess() } }

    /// Calls `waiter.body` once, from any thread: true when the fold has passed the offset, false on timeout or when
    /// the fold ends first.
    public func wait(_ waiter: FoldWaiter) {
        let isPassed: Bool? = state.withLock { state in
            if state.fold.nextOffset > waiter.offset { return true }
            if state.hasEnded { return false }
            state.waiters.append(waiter)
            return nil
        }
        if let isPassed { waiter.body(isPassed) }
    }

    /// Answers no more questions: someone else may write the store from now on.
    public func close() { state.withLock { $0.access = .closed } }

    // MARK: For the driver

    var nextOffset: LogOffset { state.withLock { $0.fold.nextOffset } }
    var fingerprint: RecordFingerprint? { state.withLock { $0.fold.fingerprint } }
    var isRederiving: Bool { state.withLock { $0.fold.isRederiving } }

    /// Runs `body` with the next offset, which does not move meanwhile. Must be short.
    func whileStanding<Result>(_ body: (LogOffset) -> Result) -> Result { state.withLock { body($0.fold.nextOffset) } }

    /// Whether somebody holds the lock at this moment, the caller included: for tests of what happens without it.
    var isLocked: Bool { state.isLocked }

    /// A copy of the fold for computations while others read it.
    var fold: PartitionFold { state.withLock { $0.fold } }

    /// Reads a value. Must be short, because questions wait for it.
    func read<Result>(_ body: (PartitionFold) -> Result) -> Result { state.withLock { body($0.fold) } }

    /// Folds one record in place, and evicts about as many pages as it may have loaded. A failure leaves the memory
    /// torn, except for a gap, which is detected before any change.
    /// - Returns: the waiters for this record.
    func apply(
        eventCount: Int, _ limits: FoldLimits, _ body: (inout PartitionFold) throws -> Void
    ) throws -> [FoldWaiter] {
        try state.withLock { state in
            do { try body(&state.fold) } catch {
                if (error as? TimelineError)?.code != .gap { state.access = .torn }
                throw error
            }
            let pages = FoldLimits.pagesExaminedPerEvent * eventCount + FoldLimits.pagesExaminedPerRecord
            state.fold.evict(limits.memory(state.share), pageLimit: pages)
            return state.folded(eventCount: eventCount)
        }
    }

    /// Goes on at a later offset, where the log has declared what is between as skipped.
    /// - Returns: the waiters for what was passed.
    /// - Throws: `TimelineError` at a gap that nobody has declared, before any change.
    func pass(to offset: LogOffset, over skips: [LogSkip]) throws -> [FoldWaiter] {
        try state.withLock { state in
            let next = state.fold.nextOffset
            guard offset > next else { return [] }
            guard skips.cover(next..<offset) else { throw TimelineError.gap(expected: next, found: offset) }
            state.fold.pass(to: offset)
            return state.takeWaiters { $0.offset < offset }
        }
    }

    /// Goes on behind a record that this fold does not take.
    /// - Returns: the waiters for it.
    func leaveOut(_ offset: LogOffset) -> [FoldWaiter] {
        state.withLock { state in
            guard offset >= state.fold.nextOffset else { return [] }
            state.fold.pass(to: offset.next)
            return state.takeWaiters { $0.offset <= offset }
        }
    }

    /// The next record cannot be read.
    /// - Returns: whether this is news.
    func halt(_ failure: FoldFailure) -> Bool {
        state.withLock { state in
            defer { state.halt = failure }
            return state.halt != failure
        }
    }

    /// Records were folded again.
    func resume() { state.withLock { $0.halt = nil } }

    /// Evicts some pages, for times without records.
    /// - Returns: whether too much is uncommitted.
    func evictSome(_ limits: FoldLimits) -> Bool {
        state.withLock { state in
            state.fold.evict(limits.memory(state.share), pageLimit: FoldLimits.pagesExaminedPerStep)
            return limits.isFull(state.fold.backlog, state.share)
        }
    }

    /// The next hours to rebuild; nil when all are done.
    func takeRederiveSlice() -> RederiveSlice? {
        var slice: RederiveSlice?
        state.withLock { slice = $0.fold.takeRederiveSlice() }
        return slice
    }

    func finish(_ slice: inout RederiveSlice) { state.withLock { $0.fold.finish(&slice) } }

    /// Replaces the fold by a copy into which one record was folded.
    /// - Returns: the waiters for this record.
    func replace(_ fold: inout PartitionFold, eventCount: Int) -> [FoldWaiter] {
        state.withLock { state in
            swap(&state.fold, &fold)
            return state.folded(eventCount: eventCount)
        }
    }

    /// Takes the changes since the last commit, which are in flight from now on; nil when there are none.
    ///
    /// The set is built from a copy while questions read the fold. That is what a commit has to write, because nobody
    /// but the driver, which waits for this, changes the fold.
    func takeCommit() -> CommitInFlight? {
        while !state.withLock({ $0.fold.gatherHours(limit: FoldLimits.hoursGatheredPerStep) }) {}
        guard let set = fold.nextCommit() else { return nil }
        var taken: CommitInFlight?
        state.withLock { taken = $0.fold.beginCommit(set) }
        return taken
    }

    /// The commit is durable.
    func finish(_ commit: consuming CommitInFlight) {
        let pages = Int64(commit.set.sites.reduce(0) { $0 + $1.pages.count })
        var finished: CommitInFlight? = consume commit
        // What was written is let go of after the lock.
        let written: CommitSet? = state.withLock { state in
            guard let commit = finished.take() else { return nil }
            state.statistics.commits += 1
            state.statistics.committedPages += pages
            return state.fold.finishCommit(commit)
        }
        _ = consume written
    }

    func note(_ body: (inout FoldHindrances) -> Void) { state.withLock { body(&$0.hindrances) } }

    func count(_ body: (inout FoldStatistics) -> Void) { state.withLock { body(&$0.statistics) } }

    /// Removes and returns the waiters whose time is up.
    func takeExpired(at now: MonotonicTime) -> [FoldWaiter] {
        state.withLock { state in state.takeWaiters { $0.deadline <= now } }
    }

    /// When the first waiter's time is up; nil without waiters.
    var firstDeadline: MonotonicTime? { state.withLock { $0.waiters.lazy.map(\.deadline).min() } }

    /// Call when nothing more will be folded.
    /// - Returns: all waiters.
    func end(_ failure: FoldFailure? = nil) -> [FoldWaiter] {
        state.withLock { state in
            state.hasEnded = true
            if let failure { state.failure = failure }
            return state.takeWaiters { _ in true }
        }
    }
}

extension SharedFold.State {
    fileprivate func checkAccess() throws {
        switch access {
        case .open: break
        case .torn: throw ProjectorError.isTorn
        case .closed: throw ProjectorError.isStopped
        }
        if fold.nextOffset < answersFrom { throw ProjectorError.isBeingRebuilt }
    }

    fileprivate func progress(at now: MonotonicTime) -> FoldProgress {
        FoldProgress(
            nextOffset: fold.nextOffset, logEnd: end.offset, endAgeMicroseconds: now - end.seenAt,
            isHalted: halt != nil, isOldGeneration: isOldGeneration)
    }

    fileprivate mutating func folded(eventCount: Int) -> [FoldWaiter] {
        statistics.events += Int64(eventCount)
        statistics.records += 1
        guard !waiters.isEmpty else { return [] }
        let next = fold.nextOffset
        return takeWaiters { $0.offset < next }
    }

    fileprivate mutating func takeWaiters(_ isTaken: (FoldWaiter) -> Bool) -> [FoldWaiter] {
        guard !waiters.isEmpty else { return [] }
        let taken = waiters.filter(isTaken)
        if !taken.isEmpty { waiters.removeAll(where: isTaken) }
        return taken
    }
}
