internal import Synchronization

/// Limits the requests that wait or are being appended, over all partitions of a gateway together.
///
/// A queue may hold as much as is still free. One stalled partition takes half of the total, two take a third each, and
/// there is always room for those that move. Nobody has to know how many partitions are in trouble.
final class QueueBudget: Sendable {
    /// As much as a single queue and its group: the memory of a gateway does not depend on the number of partitions.
    static let requestsMaximum = WorkQueue.requestsMaximum + WorkQueue.groupMaximum
    static let bytesMaximum = WorkQueue.bytesMaximum + WorkQueue.groupBytesMaximum

    private let requests = Atomic(0)
    private let bytes = Atomic(0)

    /// Reserves room for one request.
    /// - Parameters:
    ///   - heldRequests: Requests that the queue holds already.
    ///   - heldBytes: Bytes that the queue holds already.
    /// - Returns: false if there is no room; then nothing is reserved.
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
