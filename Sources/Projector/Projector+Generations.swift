internal import Clocks
internal import EventLog
public import EventModel
internal import Locks
internal import Observability
public import ProjectionStore

/// How far a generation of a job is.
public struct GenerationProgress: Sendable, Equatable {
    public var generation: Int64
    public var state: Generation.State
    /// The next offset to fold.
    public var next: LogOffset
    /// The end of the log as last seen.
    public var end: LogOffset
    /// Folded since this process opened it.
    public var events: Int64
    public var startedAt: Timestamp
    public var eventsPerSecond: Int64
    /// Whether it has all that the log has, or that the live one has.
    public var isLevel: Bool
    /// Why it does not go on until somebody acts; nil while it does.
    public var failure: String?
    /// What holds it up for now: it goes on by itself.
    public var hindrance: String?
    /// Whether this process folds it, or did until it failed.
    public var isFolded = true
}

/// A generation of an older fold answers, and one of this fold is being built.
public struct GenerationUpgrade: Sendable, Equatable {
    /// Where the old one stands.
    public var standsAt: LogOffset
    /// The next offset of the new one.
    public var next: LogOffset
    /// The end of the log; nil before it is known.
    public var end: LogOffset?

    /// For readiness and operators.
    public var text: String {
        let goal = end.map { " of \($0.value)" } ?? ""
        return "an older version of Andon made the projections, which answer and stand at offset \(standsAt.value); "
            + "new ones are at offset \(next.value)\(goal)"
    }
}

// Generations beside the live one: a job builds one with a reader of its own, at its own pace, and publishes nothing
// (DESIGN 7).
extension Projector {
    /// Makes the generation of a job beside the live one, or goes on with the one that is there.
    ///
    /// - Throws: ``ProjectorError`` when too many are folded already or the log is not the one that was folded;
    ///   `LogError`, `StoreError` and `GenerationError` when one of them cannot be used.
    public func build(job: String, pace: FoldPace) throws {
        try changes.withLock { _ in
            if fold(of: job) != nil { return setPace(pace, ofJob: job) }
            try addFold(pace) { try generations.build(job, needs, at: configuration.clock.now) }
        }
    }

    /// How far the generation of a job is; nil when this process has none.
    public func progress(ofJob job: String) -> GenerationProgress? {
        guard let fold = fold(of: job) else { return waiting(ofJob: job) }
        let progress = fold.progress
        let listed = (try? generations.list())?.first { $0.id == fold.id }
        return GenerationProgress(
            generation: fold.id, state: fold === live ? .live : listed?.state ?? fold.generation.state,
            next: progress.nextOffset, end: progress.logEnd, events: fold.run.shared.statistics.events,
            startedAt: fold.startedAt, eventsPerSecond: fold.eventsPerSecond, isLevel: isLevel(fold),
            failure: fold.failure?.message ?? fold.run.shared.halt?.message,
            hindrance: hasRoom(fold) ? fold.run.shared.hindrance : Self.noRoom)
    }

    private func isLevel(_ fold: GenerationFold) -> Bool {
        // The live one first: it may go on meanwhile.
        let folded = live.isOld ? nil : live.run.shared.nextOffset
        return fold.progress.isLevel || folded.map { fold.run.shared.nextOffset >= $0 } ?? false
    }

    /// Goes on at another pace.
    public func setPace(_ pace: FoldPace, ofJob job: String) {
        guard let fold = fold(of: job), fold !== live else { return }
        fold.orders?.set(pace)
    }

    /// Ends the fold of a job and removes its generation.
    /// - Throws: ``ProjectorError`` when it is live; `GenerationError` when it cannot be removed.
    public func cancel(job: String) throws {
        try changes.withLock { _ in
            if let fold = fold(of: job) {
                guard fold !== live else { throw ProjectorError.isLive(job) }
                try remove(fold)
                return
            }
            for generation in try generations.list() where generation.job == job {
                guard generation.state != .live else { throw ProjectorError.isLive(job) }
                try remove(generation.id)
            }
        }
    }

    /// The fold of a job's generation, live or not.
    func fold(of job: String) -> GenerationFold? {
        state.withLock { state in
            if state.live.generation.job == job { return state.live }
            return state.beside.last { $0.generation.job == job }
        }
    }

    /// What takes the place of a generation of an older fold, while that one answers; nil otherwise.
    public var upgrade: GenerationUpgrade? {
        let live = live
        guard live.isOld else { return nil }
        let next = state.withLock { $0.successor }?.progress
        return GenerationUpgrade(
            standsAt: live.run.shared.nextOffset, next: next?.nextOffset ?? .zero, end: next?.logEnd)
    }

    // MARK: Folds

    /// Opens a generation and folds it beside the live one. For who has ``changes``.
    @discardableResult
    private func addFold(_ pace: FoldPace, _ open: () throws -> OpenedGeneration) throws -> GenerationFold {
        try checkRoomForFold()
        let opened = try open()
        let source = try configuration.separateLog?() ?? SeparateLog(log)
        let fold: GenerationFold
        do {
            fold = try GenerationFold(opened, source, partition, beside(opened, pace))
        } catch {
            source.close()
            throw error
        }
        let isWanted = state.update { state in
            guard !state.isStopping else { return false }
            state.beside.append(fold)
            state.divideMemory()
            return true
        }
        guard isWanted else {
            fold.stop()
            throw ProjectorError.isStopped
        }
        waitingAt.withLock { $0[fold.id] = nil }
        configuration.journal.record(.generationBegins(partition, fold.id, job: opened.generation.job))
        fold.start()
        return fold
    }

    private func checkRoomForFold() throws {
        try state.withLock { state in
            guard !state.isStopping else { throw ProjectorError.isStopped }
            guard state.beside.count < ProjectorConfiguration.foldsBesideMaximum else {
                throw ProjectorError.tooManyFolds
            }
        }
    }

    /// The configuration of a fold that gives way to the live one.
    private func beside(_ opened: OpenedGeneration, _ pace: FoldPace) -> ProjectorConfiguration {
        var configuration = configuration.reporting(opened.generation.id, to: liveID)
        let (id, path, freeBytes) = (opened.generation.id, opened.store.path, configuration.freeBytes)
        configuration.orders = FoldOrders(pace: pace) { [liveID] in
            guard liveID.value != id, let free = freeBytes(path) else { return false }
            return free < ProjectorConfiguration.freeBytesMinimum
        } live: { [weak self] in
            guard let self, case let live = live, live.id != id, !live.isOld else { return nil }
            let progress = live.progress
            return LiveLoad(
                lagRecords: max(0, progress.logEnd.value - progress.nextOffset.value),
                events: live.run.shared.statistics.events)
        }
        return configuration
    }

    private func hasRoom(_ fold: GenerationFold) -> Bool {
        guard liveID.value != fold.id, let free = configuration.freeBytes(fold.run.store.path) else { return true }
        return free >= ProjectorConfiguration.freeBytesMinimum
    }

    private static let noRoom =
        "waits for room on the disk: \(ProjectorConfiguration.freeBytesMinimum >> 20) MiB are left to the live fold"

    private func remove(_ fold: GenerationFold) throws {
        state.update { $0.beside.removeAll { $0 === fold } }
        fold.stop()
        try remove(fold.id)
    }

    private func remove(_ id: Int64) throws {
        try generations.remove(id, at: configuration.clock.now)
        configuration.journal.record(.generationRemoved(partition, id))
    }

    // MARK: Care

    /// What is done at intervals: notes what is level, switches from an older generation, follows the one before the live
    /// one, removes what is no longer kept.
    func lookAfterGenerations() {
        let (live, beside) = state.withLock { ($0.live, $0.beside) }
        for fold in beside { fold.sample() }
        do {
            if live.isOld { try replaceOld() }
            guard live.isOld || !beside.isEmpty || generations.hasList else { return }
            try noteLevel(beside)
            try changes.withLock { _ in
                try removeExpired()
                followReplaced()
            }
        } catch {
            let error = error.forOperator
            if error.isRetriable || !isStopping { configuration.journal.record(.generationsTroubled(partition, error)) }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func noteLevel(_ folds: [GenerationFold]) throws {
        guard folds.contains(where: { $0.generation.state == .building && isLevel($0) }) else { return }
        let listed = try generations.list()
        for fold in folds where isLevel(fold) {
            guard listed.contains(where: { $0.id == fold.id && $0.state == .building }) else { continue }
            try generations.markLevel(fold.id, at: configuration.clock.now)
            configuration.journal.record(.generationIsLevel(partition, fold.id))
        }
    }

    /// Builds what takes the place of a generation of an older fold, and lets it do so when it can.
    private func replaceOld() throws {
        try changes.withLock { _ in
            guard let next = state.withLock({ $0.successor }) else {
                let next = try addFold(.unlimited) {
                    let now = configuration.clock.now
                    if let successorID { return try generations.follow(successorID, needs, at: now) }
                    return try generations.build(Generation.upgradeJob, needs, at: now)
                }
                return state.update { $0.successor = next }
            }
            if isLevel(next) { try switchLive(to: next) }
        }
    }

    private func removeExpired() throws {
        let (live, beside) = state.withLock { ($0.live, $0.beside) }
        let expired = try generations.expired(
            keepHours: configuration.keepGenerationsHours, at: configuration.clock.now)
        for id in expired where id != live.id {
            if let fold = beside.first(where: { $0.id == id }) { try remove(fold) } else { try removeUnused(id) }
        }
    }

    /// Somebody else may fold it, or have removed it.
    private func removeUnused(_ id: Int64) throws {
        do { try remove(id) } catch let error as GenerationError where error.code == .inUse || error.code == .unknown {}
    }

    /// Follows the generation that the live one replaced, so that going back is as quick as the switch was.
    private func followReplaced() {
        let (live, beside) = state.withLock { ($0.live, $0.beside) }
        guard !live.isOld, beside.isEmpty, let listed = try? generations.list(),
            let replaced = listed.first(where: { $0.state == .live })?.replaces,
            listed.contains(where: { $0.id == replaced && $0.state == .retired && $0.versions == needs.versions })
        else { return }
        try? follow(replaced)
    }

    /// Folds on a generation that is there. For who has ``changes``.
    func follow(_ id: Int64) throws {
        try addFold(.auto) { try generations.follow(id, needs, at: configuration.clock.now) }
    }
}
