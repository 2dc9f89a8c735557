internal import EventModel

/// What a process says about the partitions that it holds: the life of its records, without any IO.
///
/// A partition is: not held (nothing to say) → announced, by `announce` → said again with every beat → withdrawn, by
/// `withdraw`, until its tombstone has arrived → not held. A send that failed is repeated with the next beat.
struct AnnouncerMachine: Sendable {
    struct Holding: Sendable, Equatable {
        var role: HolderRole
        var since: Timestamp
    }

    /// One record to send; nil for the holding is a tombstone.
    struct Message: Sendable, Equatable {
        var partition: PartitionIndex
        var holding: Holding?
        /// Tells the tombstone of this withdrawal from that of an earlier one.
        var withdrawal: Int?
    }

    private var held: [PartitionIndex: Holding] = [:]
    /// Withdrawn, and the tombstone is not known to have arrived.
    private var withdrawn: [PartitionIndex: Int] = [:]
    private var withdrawals = 0
    /// Changed since ``messages()`` was last asked.
    private var due: Set<PartitionIndex> = []

    /// The process holds a partition from now on, or has it in another role.
    mutating func announce(_ partition: PartitionIndex, _ role: HolderRole, at now: Timestamp) {
        guard held[partition]?.role != role else { return }
        held[partition] = Holding(role: role, since: now)
        withdrawn[partition] = nil
        due.insert(partition)
    }

    /// The process holds a partition no more. Harmless where it did not.
    mutating func withdraw(_ partition: PartitionIndex) {
        guard held.removeValue(forKey: partition) != nil else { return }
        withdrawals += 1
        withdrawn[partition] = withdrawals
        due.insert(partition)
    }

    /// The process ends: its last words are all that it has to say.
    mutating func withdrawAll() {
        for partition in Array(held.keys) { withdraw(partition) }
        due = Set(withdrawn.keys)
    }

    /// A heartbeat is due: all that is held is said again, and what may not have arrived.
    mutating func beat() {
        due.formUnion(held.keys)
        due.formUnion(withdrawn.keys)
    }

    /// A tombstone has arrived.
    mutating func arrived(_ message: Message) {
        if withdrawn[message.partition] == message.withdrawal { withdrawn[message.partition] = nil }
    }

    var hasMessages: Bool { !due.isEmpty }

    /// What is to be sent now, each at most once until something changes or a beat comes.
    mutating func messages() -> [Message] {
        defer { due = [] }
        return due.sorted().map { Message(partition: $0, holding: held[$0], withdrawal: withdrawn[$0]) }
    }

    /// Tombstones that may not have arrived.
    var pendingWithdrawals: Int { withdrawn.count }
}
