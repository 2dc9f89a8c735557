internal import Clocks
internal import EventModel
internal import Projector

/// What the holder of a partition does there for one rebuild (DESIGN 7). Pure: it reads no clock and asks nobody; whoever
/// drives it carries out the action, then says what became of it.
///
/// States, for each what it waits for, and its exits:
/// - *untouched*: nothing was asked of the partition since it is held here; what was built before waits in its store.
///   Exits: *told*, *over*, *waiting*.
/// - *told* (a pace): the generation builds or follows at this pace. Exits: *told* with another pace; *over*;
///   *untouched* when the generation is gone; *waiting*.
/// - *waiting*: an action failed, or the build stands still. Exits: whatever it came from, when the time has come or
///   something else is wanted.
/// - *over*: what is wanted is so. Exits: *told*, when something else is wanted or the generation is gone.
///
/// What it decides follows from what is wanted and from what the partition says, so a process that was killed at any
/// moment, or that gets the partition later, goes on where the last one stood.
struct RebuildMachine: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case nothing
        case build(FoldPace)
        case setPace(FoldPace)
        case cancel
        case promote
        case rollback
    }

    /// Time until a failed action is tried again, e.g. while the disk is full.
    static let retryMilliseconds = 10_000
    /// A partition that comes later builds a promoted rebuild for so long: it may come with a store from before. After
    /// that the former generation is gone everywhere, and the rebuild is history.
    static let promotedMicroseconds = Microseconds.day

    /// The pace that the partition was told; nil: nothing was asked of it.
    private(set) var pace: FoldPace?
    /// Whether the partition was told to remove what there is.
    private var isClean = false
    private var revision: Int64 = 0
    private var retryAt: MonotonicTime?
    /// Why the last action failed.
    private(set) var failure: String?

    init() {}

    /// What to do next.
    /// - Parameters:
    ///   - isActing: whether it is the newest rebuild that was not cancelled. Others are cleaned up alone.
    ///   - progress: what the partition says of it now.
    ///   - time: the wall clock.
    mutating func next(
        _ job: RebuildJob, isActing: Bool, _ progress: BuildProgress?, now: MonotonicTime, time: Timestamp
    ) -> Action {
        if job.revision != revision {
            // Somebody wants something: at once, whatever was tried before.
            (revision, retryAt) = (job.revision, nil)
        }
        if progress?.isFolded != true { pace = nil }
        let action = wanted(job, isActing, progress, time)
        guard action != .nothing else {
            (retryAt, failure) = (nil, nil)
            return .nothing
        }
        if isStandingStill(progress), retryAt == nil, case .build = action {
            retryAt = now.advanced(milliseconds: Self.retryMilliseconds)
        }
        if let retryAt, now < retryAt { return .nothing }
        return action
    }

    /// The action was carried out.
    mutating func did(_ action: Action) {
        (failure, retryAt) = (nil, nil)
        switch action {
        case .build(let pace), .setPace(let pace): (self.pace, isClean) = (pace, false)
        case .cancel: (pace, isClean) = (nil, true)
        case .nothing, .promote, .rollback: break
        }
    }

    /// The action failed, and is tried again later.
    mutating func failed(_ message: String, now: MonotonicTime) {
        failure = message
        retryAt = now.advanced(milliseconds: Self.retryMilliseconds)
    }

    /// Whether what is wanted is so in this partition.
    func hasActed(_ job: RebuildJob, isActing: Bool, _ progress: BuildProgress?, time: Timestamp) -> Bool {
        guard failure == nil, wanted(job, isActing, progress, time) == .nothing else { return false }
        // On its way to being promoted it waits to become level.
        return job.wanted != .promoted || !isActing || progress.map { $0.isLive || $0.isRetired } ?? true
    }

    // MARK: Decision

    private func wanted(
        _ job: RebuildJob, _ isActing: Bool, _ progress: BuildProgress?, _ time: Timestamp
    ) -> Action {
        switch job.wanted {
        case .cancelled:
            // What a former process built may lie there without anybody folding it.
            return progress?.isLive == true || progress == nil && isClean ? .nothing : .cancel
        case .rolledBack: return progress?.isLive == true ? .rollback : .nothing
        case .running: return isActing ? building(job, progress, isPaused: false) : .nothing
        case .paused: return isActing ? building(job, progress, isPaused: true) : .nothing
        case .promoted:
            guard isActing else { return .nothing }
            guard let progress else {
                return time - job.changedAt <= Self.promotedMicroseconds
                    ? building(job, nil, isPaused: false) : .nothing
            }
            // What something newer has taken the place of stays retired.
            if progress.isLive || progress.isRetired { return .nothing }
            let next = building(job, progress, isPaused: false)
            return next == .nothing && progress.isLevel ? .promote : next
        }
    }

    /// What makes a partition build at the right pace.
    private func building(_ job: RebuildJob, _ progress: BuildProgress?, isPaused: Bool) -> Action {
        if progress?.isLive == true || progress?.isRetired == true { return .nothing }
        let isFolded = progress?.isFolded == true
        if isPaused { return !isFolded || pace == .paused ? .nothing : .setPace(.paused) }
        let wanted = job.pace.foldPace
        guard isFolded, let pace, !isStandingStill(progress) else { return .build(wanted) }
        return pace == wanted ? .nothing : .setPace(wanted)
    }

    private func isStandingStill(_ progress: BuildProgress?) -> Bool { progress?.failure != nil && pace != nil }
}

extension BuildProgress {
    /// Whether questions are answered from it.
    var isLive: Bool { state == "live" }
    var isRetired: Bool { state == "retired" }
}

extension RebuildMachine.Action {
    /// For the journal.
    var words: String {
        switch self {
        case .nothing: "nothing"
        case .build(let pace): "builds at pace \(pace.words)"
        case .setPace(let pace): "goes on at pace \(pace.words)"
        case .cancel: "cancelled, and its generation removed"
        case .promote: "promoted"
        case .rollback: "rolled back"
        }
    }
}

extension FoldPace {
    fileprivate var words: String {
        switch self {
        case .unlimited: "unlimited"
        case .auto: "auto"
        case .eventsPerSecond(let rate): "\(rate) events/s"
        case .paused: "paused"
        }
    }
}
