import EventLog
import EventModel

/// The partitions that a member of the group of workers may hold, from joining to leaving.
///
/// Eager: each rebalance revokes everything before it assigns anything, so that two members never hold one partition
/// (cooperative rebalancing has bugs in librdkafka before 2.10). The shell polls, calls the handler, and confirms.
struct MembershipMachine {
    enum State: Equatable {
        /// No partitions: the member is joining, or the group rebalances. Exits: `assigned` → holding; `expelled` →
        /// expelled; `leave` → leaving; `failed` → failed.
        case joining
        /// The group has dropped this member, and librdkafka's consumer is of no more use. Exits: `rejoined` → joining;
        /// `failed` → failed, when another process has taken its place; `leave` → leaving.
        case expelled
        /// Exits: `revoked` → joining; `expelled` → expelled; `leave` → leaving; `failed` → failed.
        case holding(Set<PartitionIndex>)
        /// Leaving was requested; held partitions are revoked first. Exits: `left` → left; `failed` → failed.
        case leaving(Set<PartitionIndex>)
        /// Final.
        case left
        /// The group or librdkafka refuses this member for good. Exit: `leave` → leaving.
        case failed
    }

    /// What the shell does, in this order.
    enum Action: Equatable {
        /// Calls the handler and waits for it.
        case notify(GroupChange)
        /// Confirms to librdkafka that partitions were taken over; without it the group stalls.
        case confirmAssignment
        /// Confirms that they were given up; only then do others get them.
        case confirmRevocation
        /// Asks librdkafka to leave the group.
        case close
        /// Lets go of the consumer.
        case discard
    }

    private(set) var state = State.joining

    var held: Set<PartitionIndex> {
        switch state {
        case .holding(let held), .leaving(let held): held
        case .joining, .expelled, .left, .failed: []
        }
    }

    /// The group assigns all partitions that this member is to hold.
    mutating func assigned(_ partitions: [PartitionIndex]) -> [Action] {
        switch state {
        case .joining:
            state = .holding(Set(partitions))
            return [.notify(.assigned(partitions.sorted())), .confirmAssignment]
        case .holding(let held):
            // Never seen with eager rebalancing. Partitions that are no longer named must be given up.
            state = .holding(Set(partitions))
            let given = Set(partitions).subtracting(held).sorted()
            let taken = held.subtracting(partitions).sorted()
            return (taken.isEmpty ? [] : [.notify(.revoked(taken))])
                + (given.isEmpty ? [] : [.notify(.assigned(given))]) + [.confirmAssignment]
        case .leaving, .left, .failed, .expelled: return [.confirmAssignment]
        }
    }

    /// The group revokes everything.
    /// - Parameter isLost: Others may hold the partitions already, because this member was silent for too long.
    mutating func revoked(isLost: Bool) -> [Action] {
        let held = held.sorted()
        switch state {
        case .holding: state = .joining
        case .leaving: state = .leaving([])
        case .joining, .left, .failed, .expelled: break
        }
        return (held.isEmpty ? [] : [.notify(isLost ? .lost(held) : .revoked(held))]) + [.confirmRevocation]
    }

    /// The group does not know this member any more, or librdkafka's consumer has ended by a fatal error.
    mutating func expelled(_ error: LogError) -> [Action] {
        let held = held.sorted()
        switch state {
        case .joining, .holding: state = .expelled
        case .leaving, .left, .failed, .expelled: return []
        }
        return (held.isEmpty ? [] : [.notify(.lost(held))]) + [.notify(.expelled(error)), .discard]
    }

    /// There is a new consumer.
    mutating func rejoined() {
        if state == .expelled { state = .joining }
    }

    /// This membership has failed for good.
    mutating func failed(_ error: LogError) -> [Action] {
        let held = held.sorted()
        switch state {
        case .failed, .left: return []
        case .joining, .holding, .leaving, .expelled: state = .failed
        }
        return (held.isEmpty ? [] : [.notify(.lost(held))]) + [.notify(.failed(error))]
    }

    /// The worker wants to stop.
    mutating func leave() -> [Action] {
        switch state {
        case .leaving, .left: return []
        case .joining, .holding, .failed, .expelled:
            state = .leaving(held)
            return [.close]
        }
    }

    /// librdkafka has left the group.
    mutating func left() -> [Action] {
        let held = held.sorted()
        state = .left
        return held.isEmpty ? [] : [.notify(.revoked(held))]
    }
}
