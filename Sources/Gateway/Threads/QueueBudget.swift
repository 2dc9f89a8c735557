internal import Synchronization

/// Bounds what waits or is being appended over all partitions of a gateway together.
///
/// A queue may hold as much as is still free: one partition that stands still takes half of all, a second one a third
/// each, and there is always room for those that move. Nobody has to know how many partitions have trouble.
final class QueueBudget: Sendable {
    /// As much as one queue alone, and its group: the memory of a gateway does not depend on the number of partitions.
    static let requestsMaximum = WorkQueue.requestsMaximum + WorkQueue.groupMaximum
    static let bytesMaximum = WorkQueue.bytesMaximum + WorkQueue.groupBytesMaximum

    private let requests = Atomic(0)
    private let bytes = Atomic(0)

    /// Takes room for one request.
    /// - Parameters:
    ///   - heldRequests: What the queue has of it so far.
    ///   - heldBytes: Likewise.
    /// - Returns: false when there is none; then nothing is taken.
    func take(_ size: Int, heldRequests: Int, heldBytes: Int) -> Bool {
        let freeRequests = Self.requestsMaximum - requests.add(1, ordering: .relaxed).newValue
        let freeBytes = Self.bytesMaximum - bytes.add(size, ordering: .relaxed).newValue
        if freeRequests > heldRequests, freeBytes >= 0, heldBytes == 0 || freeBytes >= heldBytes { return true }
        give(requests: 1, bytes: size)
        return false
    }

    func give(requests givenRequests: Int, bytes givenBytes: Int) {
        requests.subtract(givenRequests, ordering: .relaxed)
        bytes.subtract(givenBytes, ordering: .relaxed)
    }
}
