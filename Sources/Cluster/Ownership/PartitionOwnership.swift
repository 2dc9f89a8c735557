/// The life of one partition in a worker: who may fold it, publish it and answer for it, and when (DESIGN 5).
///
/// Decides only. Methods are events and return what is to be done, in order; the shell does it and reports back.
/// Opening and stopping take long, so both are begun here and end with an event.
package struct PartitionOwnership: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// Not ours; nothing is open. The file stays for next time. Exit: `assigned` → restoring.
        case closed
        /// Ours; its store is being opened. Exits: `opened` → folding; `failed` → waiting or failed; `revoked`, `lost` →
        /// abandoning.
        case restoring
        /// Not ours any more while its store is being opened. Exits: `opened`, `failed` → closed; `assigned` → restoring,
        /// where the same opening counts.
        case abandoning
        /// Ours: folds, publishes, answers. Exits: `revoked`, `lost` → draining, then closed; `failed` → draining, then
        /// waiting or failed; `pollOverdue` → suspended.
        case folding
        /// Ours as far as is known, but the group was not heard from for too long, so another may have it: folds and
        /// answers, publishes nothing. Exits: `pollResumed` → folding; `revoked`, `lost`, `failed` as in folding.
        case suspended
        /// The fold ends: it commits what it has. Exits: `drained` → what is named; `assigned`, `revoked`, `lost` change
        /// what is named.
        case draining(then: Afterwards)
        /// Ours; something failed that may pass. Exits: `retryDue` → restoring; `revoked`, `lost` → closed.
        case waiting
        /// Ours; something failed that will not pass by itself. Exits: `mended` → restoring; `revoked`, `lost` → closed.
        case failed
    }

    /// What comes when a fold has ended.
    package enum Afterwards: Sendable, Equatable {
        case closed, restoring, waiting, failed
    }

    /// What the shell has to do, in the order in which it is returned.
    package enum Action: Sendable, Equatable {
        /// Ends with `opened` or `failed`.
        case openStore
        case startFold, startPublishing, announceHolder
        /// When it is done nothing is published any more.
        case stopPublishing
        case withdrawHolder
        /// Commits what was folded, and ends with `drained`.
        case stopFold
        /// Lets go of a store that was opened and not folded into.
        case closeStore
        /// Ends with `retryDue`, after a while.
        case retryLater
    }

    package private(set) var state = State.closed

    package init() {}

    /// Whether this worker may send records about the partition at this moment.
    package var mayPublish: Bool { state == .folding }

    /// Whether questions are answered from here.
    package var answers: Bool { state == .folding || state == .suspended }

    /// Whether the group gave it to this worker, as far as is known.
    package var isOurs: Bool {
        switch state {
        case .restoring, .folding, .suspended, .waiting, .failed: true
        case .closed, .abandoning: false
        case .draining(let then): then != .closed
        }
    }

    package mutating func assigned() -> [Action] {
        switch state {
        case .closed:
            state = .restoring
            return [.openStore]
        case .abandoning: state = .restoring
        case .draining(then: .closed): state = .draining(then: .restoring)
        case .restoring, .folding, .suspended, .draining, .waiting, .failed: break
        }
        return []
    }

    /// The store is open and stands where the fold goes on.
    package mutating func opened() -> [Action] {
        switch state {
        case .restoring:
            state = .folding
            return [.startFold, .startPublishing, .announceHolder]
        case .abandoning:
            state = .closed
            return [.closeStore]
        case .closed, .folding, .suspended, .draining, .waiting, .failed: return []
        }
    }

    /// The store cannot be opened, or the fold has stopped.
    package mutating func failed(isRetriable: Bool) -> [Action] {
        switch state {
        case .restoring:
            state = isRetriable ? .waiting : .failed
            return isRetriable ? [.retryLater] : []
        case .abandoning:
            state = .closed
            return []
        case .folding: return drain(then: isRetriable ? .waiting : .failed, publishes: true)
        case .suspended: return drain(then: isRetriable ? .waiting : .failed, publishes: false)
        case .closed, .draining, .waiting, .failed: return []
        }
    }

    /// The group takes the partition back.
    package mutating func revoked() -> [Action] { leave() }

    /// The group has given it away already. No last word: whoever has it now may have spoken.
    package mutating func lost() -> [Action] { leave() }

    /// The fold has ended and everything that it had is committed.
    package mutating func drained() -> [Action] {
        guard case .draining(let then) = state else { return [] }
        switch then {
        case .closed: state = .closed
        case .failed: state = .failed
        case .waiting:
            state = .waiting
            return [.retryLater]
        case .restoring:
            state = .restoring
            return [.openStore]
        }
        return []
    }

    package mutating func retryDue() -> [Action] {
        guard state == .waiting else { return [] }
        state = .restoring
        return [.openStore]
    }

    /// An operator has done what the partition waited for.
    package mutating func mended() -> [Action] {
        guard state == .failed else { return [] }
        state = .restoring
        return [.openStore]
    }

    /// The group was not heard from for so long that the partition may be another's.
    package mutating func pollOverdue() -> [Action] {
        guard state == .folding else { return [] }
        state = .suspended
        return [.stopPublishing]
    }

    /// The group was heard from again, and did not take the partition away.
    package mutating func pollResumed() -> [Action] {
        guard state == .suspended else { return [] }
        state = .folding
        return [.startPublishing]
    }

    private mutating func leave() -> [Action] {
        switch state {
        case .restoring: state = .abandoning
        case .folding: return drain(then: .closed, publishes: true)
        case .suspended: return drain(then: .closed, publishes: false)
        case .draining: state = .draining(then: .closed)
        case .waiting, .failed: state = .closed
        case .closed, .abandoning: break
        }
        return []
    }

    private mutating func drain(then: Afterwards, publishes: Bool) -> [Action] {
        state = .draining(then: then)
        return (publishes ? [.stopPublishing] : []) + [.withdrawHolder, .stopFold]
    }
}
