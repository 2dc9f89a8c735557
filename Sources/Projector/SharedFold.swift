public import Clocks
public import EventModel
internal import Locks
public import Timeline

/// A fold as several threads see it: its ``FoldDriver`` alone changes it, everybody else copies or waits.
///
/// The lock is held to fold one record, to copy, or to exchange one value for another; never while a page is loaded that
/// could have been loaded before, and never for work that grows with the number of workers.
public final class SharedFold: Sendable {
    fileprivate struct State {
        var fold: PartitionFold
        var end: EndSight
        var share = FoldShare.whole
        var waiters: [FoldWaiter] = []
        var access = Access.open
        /// Whether the fold will pass no further offset.
        var hasEnded = false
        var failure: FoldFailure?
        var statistics = FoldStatistics()
    }

    /// Whether questions may be answered from the memory.
    fileprivate enum Access {
        case open
        /// The fold failed inside a record: what it holds belongs to no position.
        case torn
        /// Somebody else may write the store now, so this memory no longer goes with it.
        case closed
    }

    private let state: Guarded<State>

    /// - Parameter end: the end of the log as far as anybody knows; it need not be read for this.
    public init(_ fold: PartitionFold, end: EndSight) {
        state = Guarded(State(fold: fold, end: end))
    }

    // MARK: For everybody

    /// How far the fold is.
    public func progress(at now: MonotonicTime) -> FoldProgress { state.withLock { $0.progress(at: now) } }

    /// Takes over what the log knows of its end; where it knows nothing, the last sight grows old.
    public func note(_ sight: EndSight) { state.withLock { $0.end.add(sight) } }

    /// Why the fold has failed; nil while it has not.
    public var failure: FoldFailure? { state.withLock { $0.failure } }

    public var statistics: FoldStatistics { state.withLock { $0.statistics } }

    /// The sites as they stand: copies, which share their memory with the fold until one of the two changes.
    public var sites: [SiteFold] { state.withLock { $0.fold.sites } }

    /// Which part of the memory limits this fold may take from now on; the whole unless it is told otherwise.
    public func setShare(_ share: FoldShare) { state.withLock { $0.share = share } }

    /// A site as it stands, and how far the fold is, for a reader that begins to see the store inside `begin`.
    ///
    /// Copying the memory and beginning to read are one step: no commit's differences are taken for written, or for
    /// unwritten, in between.
    /// - Parameter begin: begins to read one state of the store and returns its commit's generation.
    /// - Returns: nil for a site that no folded record names.
    /// - Throws: ``ProjectorError`` when the memory may not be shown any more; what `begin` throws.
    public func site(
        _ siteID: SiteID, at now: MonotonicTime, begin: () throws -> UInt64
    ) throws -> (site: SiteFold, progress: FoldProgress)? {
        try state.withLock { state -> (site: SiteFold, progress: FoldProgress)? in
            switch state.access {
            case .open: break
            case .torn: throw ProjectorError.isTorn
            case .closed: throw ProjectorError.isStopped
            }
            let generation = try begin()
            guard let site = state.fold.site(siteID, storeGeneration: generation) else { return nil }
            return (site, state.progress(at: now))
        }
    }

    /// Calls `waiter.body` once, from any thread: true when the fold has passed the offset, false when the time is up or
    /// the fold ends before.
    public func wait(_ waiter: FoldWaiter) {
        let isPassed: Bool? = state.withLock { state in
            if state.fold.nextOffset > waiter.offset { return true }
            if state.hasEnded { return false }
            state.waiters.append(waiter)
            return nil
        }
        if let isPassed { waiter.body(isPassed) }
    }

    /// Shows nothing more: the store may be another's from now on.
    public func close() { state.withLock { $0.access = .closed } }

    // MARK: For the driver

    var nextOffset: LogOffset { state.withLock { $0.fold.nextOffset } }
    var fingerprint: RecordFingerprint? { state.withLock { $0.fold.fingerprint } }
    var isRederiving: Bool { state.withLock { $0.fold.isRederiving } }

    /// The fold as a value to compute with while others look at it.
    var fold: PartitionFold { state.withLock { $0.fold } }

    /// Looks something up. Must be short: questions wait for it.
    func read<Result>(_ body: (PartitionFold) -> Result) -> Result { state.withLock { body($0.fold) } }

    /// Folds one record in place, and lets about as many pages leave memory as it may have brought. A failure tears the
    /// memory, but for a gap, which is found before anything is touched.
    /// - Returns: those who waited for it.
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

    /// Lets some pages leave memory, for times when no records come.
    /// - Returns: whether too much waits for a commit.
    func evictSome(_ limits: FoldLimits) -> Bool {
        state.withLock { state in
            state.fold.evict(limits.memory(state.share), pageLimit: FoldLimits.pagesExaminedPerStep)
            return limits.isFull(state.fold.backlog, state.share)
        }
    }

    /// The next hours to make again; nil when all are made.
    func takeRederiveSlice() -> RederiveSlice? {
        var slice: RederiveSlice?
        state.withLock { slice = $0.fold.takeRederiveSlice() }
        return slice
    }

    func finish(_ slice: inout RederiveSlice) { state.withLock { $0.fold.finish(&slice) } }

    /// Puts a fold in place that one record was folded into meanwhile.
    /// - Returns: those who waited for it.
    func replace(_ fold: inout PartitionFold, eventCount: Int) -> [FoldWaiter] {
        state.withLock { state in
            swap(&state.fold, &fold)
            return state.folded(eventCount: eventCount)
        }
    }

    /// What changed since the last commit, on its way to the store from now on; nil when nothing did.
    func takeCommit() -> CommitInFlight? {
        var taken: CommitInFlight?
        state.withLock { taken = $0.fold.takeCommit() }
        return taken
    }

    /// The commit is durable.
    func finish(_ commit: consuming CommitInFlight) {
        var finished: CommitInFlight? = consume commit
        state.withLock { state in
            guard let commit = finished.take() else { return }
            state.statistics.commits += 1
            state.statistics.committedPages += Int64(commit.set.sites.reduce(0) { $0 + $1.pages.count })
            state.fold.finishCommit(commit)
        }
    }

    func count(_ body: (inout FoldStatistics) -> Void) { state.withLock { body(&$0.statistics) } }

    /// Removes those whose time is up.
    func takeExpired(at now: MonotonicTime) -> [FoldWaiter] {
        state.withLock { state in state.takeWaiters { $0.deadline <= now } }
    }

    /// When the first waiter's time is up; nil without one.
    var firstDeadline: MonotonicTime? { state.withLock { $0.waiters.lazy.map(\.deadline).min() } }

    /// Nothing more will be folded.
    /// - Returns: all who wait.
    func end(_ failure: FoldFailure? = nil) -> [FoldWaiter] {
        state.withLock { state in
            state.hasEnded = true
            if let failure { state.failure = failure }
            return state.takeWaiters { _ in true }
        }
    }
}

extension SharedFold.State {
    fileprivate func progress(at now: MonotonicTime) -> FoldProgress {
        FoldProgress(
            nextOffset: fold.nextOffset, newestCreatedAt: fold.newestCreatedAt, logEnd: end.offset,
            endAgeMicroseconds: now - end.seenAt)
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
