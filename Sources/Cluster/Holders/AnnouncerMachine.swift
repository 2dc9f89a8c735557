internal import EventModel

/// Which records a process sends about the partitions that it holds, without any IO.
///
/// A partition is: not held (nothing to send) → announced, by `announce` → repeated with every heartbeat → withdrawn, by
/// `withdraw`, until its tombstone is delivered → not held. A failed send is repeated with the next heartbeat.
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
    /// Withdrawn, with a tombstone that is not known to be delivered.
    private var withdrawn: [PartitionIndex: Int] = [:]
    private var withdrawals = 0
    /// Changed since the last call of ``messages()``.
    private var due: Set<PartitionIndex> = []

    /// The process holds a partition from now on, or now holds it in another role.
    mutating func announce(_ partition: PartitionIndex, _ role: HolderRole, at now: Timestamp) {
        guard held[partition]?.role != role else { return }
        held[partition] = Holding(role: role, since: now)
        withdrawn[partition] = nil
        due.insert(partition)
    }

    /// The process no longer holds a partition. Harmless where it did not.
    mutating func withdraw(_ partition: PartitionIndex) {
        guard held.removeValue(forKey: partition) != nil else { return }
        withdrawals += 1
        withdrawn[partition] = withdrawals
        due.insert(partition)
    }

    /// The process ends: withdrawals are all that remains to be sent.
    mutating func withdrawAll() {
        for partition in Array(held.keys) { withdraw(partition) }
        due = Set(withdrawn.keys)
    }

    /// A heartbeat is due: everything held is sent again, and every withdrawal that may not be delivered.
    mutating func beat() {
        due.formUnion(held.keys)
        due.formUnion(withdrawn.keys)
    }

    /// A tombstone was delivered.
    mutating func arrived(_ message: Message) {
        if withdrawn[message.partition] == message.withdrawal { withdrawn[message.partition] = nil }
    }

    var hasMessages: Bool { !due.isEmpty }

    /// What has to be sent now; nothing twice until it changes or the next heartbeat is due.
    mutating func messages() -> [Message] {
        defer { due = [] }
        return due.sorted().map { Message(partition: $0, holding: held[$0], withdrawal: withdrawn[$0]) }
    }

    /// Tombstones that may not be delivered yet.
    var pendingWithdrawals: Int { withdrawn.count }
}
