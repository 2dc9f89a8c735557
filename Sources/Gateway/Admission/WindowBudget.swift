internal import Synchronization

/// Shares the memory for the keys of duplicate windows among the partitions of a gateway, by the same rule.
final class WindowBudget: Sendable {
    let keysMaximum: Int
    private let partitionCount: Int
    private let keys = Atomic(0)

    /// - Parameter keysMaximum: Keys of 8 bytes; at most twice as many are held over all partitions.
    init(keysMaximum: Int, partitionCount: Int) {
        self.keysMaximum = keysMaximum
        self.partitionCount = partitionCount
    }

    /// Notes how many keys a window holds now.
    /// - Returns: how many it may hold: as many as are free, and an equal part in any case.
    func limit(heldBefore: Int, held: Int) -> Int {
        let all = keys.add(held - heldBefore, ordering: .relaxed).newValue
        return partitionCount == 1 ? keysMaximum : max(keysMaximum / partitionCount, keysMaximum - all)
    }
}
