internal import Foundation
internal import Timeline

/// Hands commits from the fold to the committer: one at a time, so that memory holds at most one beside what is dirty.
///
/// ```
/// idle     give → waiting
/// waiting  take → writing
/// writing  done → idle, fail → ended
/// ```
final class CommitHandover: @unchecked Sendable {
    // Unchecked: everything below is touched only while `condition` is locked.
    private enum Phase {
        case idle
        case waiting(CommitSet)
        case writing, ended
    }
    private var phase = Phase.idle
    private var isFinishing = false
    private let condition = NSCondition()

    var isIdle: Bool { locked { if case .idle = phase { true } else { false } } }

    /// Fold: hands a commit over; the committer must be idle.
    func give(_ set: CommitSet) {
        locked {
            if case .idle = phase { phase = .waiting(set) }
            condition.broadcast()
        }
    }

    /// Fold: waits until nothing is being committed, or the committer has given up.
    func waitUntilIdle() {
        locked {
            while true {
                switch phase {
                case .idle, .ended: return
                case .waiting, .writing: condition.wait()
                }
            }
        }
    }

    /// Fold: there will be no more.
    func finish() {
        locked {
            isFinishing = true
            condition.broadcast()
        }
    }

    /// Committer: the next commit, or nil at the end.
    func take() -> CommitSet? {
        locked {
            while true {
                switch phase {
                case .waiting(let set):
                    phase = .writing
                    return set
                case .ended: return nil
                case .idle, .writing:
                    if isFinishing { return nil }
                    condition.wait()
                }
            }
        }
    }

    /// Committer: the commit is durable.
    func done() {
        locked {
            phase = .idle
            condition.broadcast()
        }
    }

    /// Committer: gives up.
    func fail() {
        locked {
            phase = .ended
            condition.broadcast()
        }
    }

    /// Committer: waits before it tries again; ``signal()`` ends the wait.
    func pause(milliseconds: Int) {
        locked { _ = condition.wait(until: Date(timeIntervalSinceNow: Double(milliseconds) / 1000)) }
    }

    func signal() { locked { condition.broadcast() } }

    /// Waits until `isTrue`, looking again at every signal.
    func waitUntil(_ isTrue: () -> Bool) {
        locked { while !isTrue() { _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1)) } }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }
}
