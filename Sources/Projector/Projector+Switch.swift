internal import Clocks
internal import EventModel
internal import Locks
internal import Observability
internal import ProjectionStore

// Questions and publisher move to another generation at once, while questions go on: none fails, and none sees an older
// position than one before (DESIGN 7).
//
// ```
// the new generation catches up → the list names it as live → questions move
// ```
// What ends the process between them leaves the one live that the list names; both have what was answered.
extension Projector {
    /// Makes the generation of a job the live one; the one before keeps following. Does nothing when it is live.
    ///
    /// - Throws: ``ProjectorError`` when it does not catch up, or has failed; `GenerationError` when that cannot be made
    ///   durable. Then nothing has changed.
    public func promote(job: String) throws {
        try changes.withLock { _ in
            guard let next = fold(of: job) else { throw ProjectorError.noGeneration(of: job, partition) }
            if next !== live { try switchLive(to: next) }
        }
    }

    /// Goes back to the generation that was live before that of a job, which keeps following. Does nothing when that has
    /// been done.
    ///
    /// - Throws: ``ProjectorError`` when the job's generation is not live or the one before is gone.
    public func rollback(job: String) throws {
        try changes.withLock { _ in
            guard let made = fold(of: job) else { throw ProjectorError.noGeneration(of: job, partition) }
            let listed = try generations.list()
            guard made === live else {
                if listed.contains(where: { $0.id == made.id && $0.state == .retired }) { return }
                throw ProjectorError.isNotLive(job)
            }
            guard let before = listed.first(where: { $0.state == .live })?.replaces else {
                throw ProjectorError.isGone(job)
            }
            if fold(before) == nil { try follow(before) }
            guard let next = fold(before) else { throw ProjectorError.isGone(job) }
            try switchLive(to: next)
        }
    }

    private func fold(_ id: Int64) -> GenerationFold? { state.withLock { $0.beside.first { $0.id == id } } }

    /// For who has ``changes``.
    func switchLive(to next: GenerationFold) throws {
        let before = live
        let deadline = configuration.clock.uptime.advanced(milliseconds: ProjectorConfiguration.switchMilliseconds)
        let pace = next.orders?.pace
        next.orders?.set(.unlimited)
        do {
            try catchUp(next, with: before, until: deadline)
            let durable = try generations.switchLive(to: next.id, at: configuration.clock.now)
            do { try moveQuestions(from: before, to: next, until: deadline) } catch {
                try generations.undo(durable, at: configuration.clock.now)
                throw error
            }
        } catch {
            if let pace { next.orders?.set(pace) }
            throw error
        }
        configuration.journal.record(.generationIsLive(partition, next.id, before: before.id))
    }

    /// Waits until a fold has folded what another one has folded now.
    private func catchUp(
        _ next: GenerationFold, with other: GenerationFold, until deadline: MonotonicTime
    ) throws {
        let goal = other.run.shared.nextOffset
        guard goal > .zero else { return }
        let passed = Monitor<Bool?>(nil)
        let run = next.run
        run.shared.wait(
            FoldWaiter(offset: LogOffset(goal.value - 1), deadline: deadline) { isPassed in
                passed.update { $0 = isPassed }
            })
        // The fold answers every waiter by its deadline, or when it ends.
        guard passed.wait(until: { $0 }) else {
            if let failure = next.failure { throw ProjectorError.hasFailed(failure) }
            throw ProjectorError.isBehind(next: run.shared.nextOffset, goal: goal)
        }
    }

    private func moveQuestions(
        from before: GenerationFold, to next: GenerationFold, until deadline: MonotonicTime
    ) throws {
        while true {
            if let failure = next.failure { throw ProjectorError.hasFailed(failure) }
            let isDone = try state.update { state in
                guard !state.isStopping else { throw ProjectorError.isStopped }
                // The one before folds nothing meanwhile, so that nobody has seen a later position of it.
                return before.run.shared.whileStanding { position in
                    guard next.run.shared.nextOffset >= position, next.rebuild == nil else { return false }
                    state.beside.removeAll { $0 === next }
                    state.beside.append(before)
                    state.live = next
                    liveID.set(next.id)
                    return true
                }
            }
            if isDone { break }
            guard configuration.clock.uptime < deadline else {
                throw ProjectorError.isBehind(
                    next: next.run.shared.nextOffset, goal: before.run.shared.nextOffset)
            }
            try catchUp(next, with: before, until: deadline)
        }
        state.update { $0.divideMemory() }
        // It passes no more offsets: its waiters go on with the new one.
        if before.isOld { before.endWaiters(until: .distantFuture) }
    }
}
