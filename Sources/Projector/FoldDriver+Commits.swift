internal import Clocks
internal import EventModel
internal import Observability
internal import ProjectionStore
internal import Timeline

// At most one commit is in flight, so memory holds at most one in addition to the dirty pages: the driver has one slot
// for it.
extension FoldDriver {
    /// Starts a commit when it is due, retries a failed one, and pauses the fold when too much is uncommitted.
    mutating func tendCommit(_ now: MonotonicTime, _ effects: inout [FoldEffect]) {
        (recordsSinceCheck, entriesSinceCheck) = (0, 0)
        let isFull = shared.evictSome(limits)
        if commit == nil {
            if isFull || now >= lastCommit.advanced(milliseconds: limits.commitMilliseconds) {
                beginCommit(now, &effects)
            }
        } else {
            retryCommit(now, &effects)
            if isFull, recordsInRead == 0, life == .catchingUp || life == .level { life = .full(since: now) }
        }
    }

    private mutating func beginCommit(_ now: MonotonicTime, _ effects: inout [FoldEffect]) {
        lastCommit = now
        commit = shared.takeCommit()
        if let set = commit?.set { effects.append(.commit(set)) }
    }

    private mutating func retryCommit(_ now: MonotonicTime, _ effects: inout [FoldEffect]) {
        guard let due = retryCommitAt, due <= now || life == .finishing else { return }
        retryCommitAt = nil
        if let set = commit?.set { effects.append(.commit(set)) }
    }

    mutating func committed(_ now: MonotonicTime) {
        guard let durable = commit.take() else { return }
        shared.finish(durable)
        shared.note { $0.store = nil }
        guard case .full(let since) = life else { return }
        shared.count { $0.waitedMicroseconds += now - since }
        life = .catchingUp
    }

    mutating func commitFailed(
        _ error: StoreError, _ now: MonotonicTime, _ effects: inout [FoldEffect]
    ) {
        guard error.isRetriable, !error.isStoreDamage, life.isFolding else { return fail(FoldFailure(error), &effects) }
        shared.note { $0.store = "\(error)" }
        effects.append(.record(.commitFailed(partition, error)))
        retryCommitAt = now.advanced(milliseconds: FoldLimits.commitRetryMilliseconds)
    }

    /// Commits the rest; the driver stops once that is durable.
    mutating func finish(_ now: MonotonicTime, _ effects: inout [FoldEffect]) {
        retryCommit(now, &effects)
        guard commit == nil else { return }
        beginCommit(now, &effects)
        if commit == nil { life = .stopped }
    }
}
