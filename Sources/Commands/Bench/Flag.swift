internal import Synchronization

/// A condition that becomes true once. Hot loops check it, so it is an atomic and not a lock.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
