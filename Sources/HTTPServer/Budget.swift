import Synchronization

/// A limit on what all connections use of one thing together, e.g. bytes.
final class Budget: Sendable {
    private let used = Atomic(0)
    let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    /// - Returns: False when that would be too much; then nothing is taken.
    func take(_ amount: Int) -> Bool {
        guard amount > 0 else { return true }
        let (_, total) = used.add(amount, ordering: .relaxed)
        if total <= maximum { return true }
        release(amount)
        return false
    }

    func release(_ amount: Int) {
        if amount > 0 { used.subtract(amount, ordering: .relaxed) }
    }

    /// Whether that much could be taken at the moment.
    func hasRoom(for amount: Int) -> Bool { used.load(ordering: .relaxed) + amount <= maximum }

    /// What is taken at the moment.
    var inUse: Int { used.load(ordering: .relaxed) }
}
