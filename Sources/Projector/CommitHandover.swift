internal import Clocks
internal import Locks
internal import ProjectionStore
internal import Timeline

/// Passes one commit from the fold thread to the committer and its outcome back, and handles stop.
///
/// ```
/// idle     give → waiting
/// waiting  take → writing
/// writing  ended → done
/// done     takeOutcome → idle
/// ```
final class CommitHandover: Sendable {
    fileprivate struct State {
        var phase = Phase.idle
        var isStopping = false
        /// No more commits will follow.
        var isClosed = false
    }

    fileprivate enum Phase {
        case idle
        case waiting(CommitSet)
        case writing
        case done(Outcome)
    }

    enum Outcome: Sendable {
        case committed
        case failed(StoreError)

        var input: FoldInput {
            switch self {
            case .committed: .committed
            case .failed(let error): .commitFailed(error)
            }
        }
    }

    private let state = Monitor(State())

    // MARK: The fold thread

    /// Passes on a commit; the previous one must have ended.
    func give(_ set: CommitSet) { state.update { $0.phase = .waiting(set) } }

    /// The outcome of the commit, returned once; nil when there is no commit or it is still being written.
    func takeOutcome() -> Outcome? { state.withLock { $0.takeOutcome() } }

    /// Waits until the commit has ended, a stop is requested or `deadline` has passed.
    func awaitOutcome(
        until deadline: MonotonicTime, by clock: any ProcessClock, evenIfStopping: Bool
    ) -> Outcome? {
        clock.wait(for: state, until: deadline) { state -> Outcome?? in
            if let outcome = state.takeOutcome() { return .some(outcome) }
            return state.isStopping && !evenIfStopping ? .some(nil) : nil
        } ?? nil
    }

    /// Call when no more commits will follow.
    func close() { state.update { $0.isClosed = true } }

    // MARK: The committer

    /// Waits for the next commit; nil when there will be none.
    func take() -> CommitSet? {
        state.wait { state -> CommitSet?? in
            if case .waiting(let set) = state.phase {
                state.phase = .writing
                return .some(set)
            }
            return state.isClosed ? .some(nil) : nil
        }
    }

    func ended(_ outcome: Outcome) { state.update { $0.phase = .done(outcome) } }

    // MARK: Stop

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func requestStop() { state.update { $0.isStopping = true } }
}

extension CommitHandover.State {
    fileprivate mutating func takeOutcome() -> CommitHandover.Outcome? {
        guard case .done(let outcome) = phase else { return nil }
        phase = .idle
        return outcome
    }
}
