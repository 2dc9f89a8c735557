internal import Synchronization

/// Shares the memory for duplicate-window keys among the partitions of a gateway.
final class WindowBudget: Sendable {
    let keysMaximum: Int
    private let partitionCount: Int
    private let keys = Atomic(0)

    /// - Parameter keysMaximum: Keys of 8 bytes; at most twice as many are held over all partitions.
    init(keysMaximum: Int, partitionCount: Int) {
        self.keysMaximum = keysMaximum
        self.partitionCount = partitionCount
    }

    /// Records how many keys a window holds now.
    /// - Returns: how many it may hold: as many as are free, but never less than an equal share.
    func limit(heldBefore: Int, held: Int) -> Int {
        let all = keys.add(held - heldBefore, ordering: .relaxed).newValue
        return partitionCount == 1 ? keysMaximum : max(keysMaximum / partitionCount, keysMaximum - all)
    }
}
