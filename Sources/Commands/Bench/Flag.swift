internal import Synchronization

/// Something that becomes true once; asked in hot loops, so an atomic and no lock.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
