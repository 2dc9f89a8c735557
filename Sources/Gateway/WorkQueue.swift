internal import EventLog
internal import Locks

/// Requests on their way from the HTTP threads to the log thread; bounded, so that a slow log is seen by the clients as
/// 503 instead of by the machine as memory.
final class WorkQueue: Sendable {
    /// More requests than one group takes twice; each is a suspended connection.
    static let requestsMaximum = 4096
    static let bytesMaximum = 128 << 20
    /// Requests of one group. SQLite commits 89 thousand records a second in groups of 256, and no more in larger ones.
    static let groupMaximum = 512
    static let groupBytesMaximum = 16 << 20

    private struct State {
        var waiting: [Work] = []
        var bytes = 0
        var isClosed = false
    }

    private let state = Monitor(State())

    /// - Returns: false when the queue is full or closed; then nothing happened.
    func submit(_ work: Work) -> Bool {
        let size = work.sizeBytes
        return state.update { state in
            guard !state.isClosed, state.waiting.count < Self.requestsMaximum,
                state.bytes == 0 || state.bytes + size <= Self.bytesMaximum
            else { return false }
            state.waiting.append(work)
            state.bytes += size
            return true
        }
    }

    /// Waits for requests and takes as many as make one group, oldest first; nil once closed and empty.
    func takeGroup() -> [Work]? {
        state.wait { state -> [Work]?? in
            guard !state.waiting.isEmpty else { return state.isClosed ? .some(nil) : nil }
            var count = 0
            var bytes = 0
            while count < min(state.waiting.count, Self.groupMaximum), bytes < Self.groupBytesMaximum {
                bytes += state.waiting[count].sizeBytes
                count += 1
            }
            state.bytes -= bytes
            if count == state.waiting.count {
                var group: [Work] = []
                swap(&group, &state.waiting)
                return group
            }
            let group = Array(state.waiting[..<count])
            state.waiting.removeFirst(count)
            return group
        }
    }

    /// Takes no more requests; those that wait are still served.
    func close() { state.update { $0.isClosed = true } }
}

/// Parsers and requests to be used again, so that serving one more request allocates next to nothing.
final class IngestPool: Sendable {
    /// More would only hold memory: as many requests as one group takes.
    private static let requestsMaximum = WorkQueue.groupMaximum
    private static let parsersMaximum = 64

    private struct State {
        var parsers: [IngestParser] = []
        var requests: [ParsedRequest] = []
    }

    private let state = Monitor(State())

    /// nil without memory.
    func takeParser() -> IngestParser? { state.withLock { $0.parsers.popLast() } ?? IngestParser() }

    func give(_ parser: IngestParser) {
        state.withLock { if $0.parsers.count < Self.parsersMaximum { $0.parsers.append(parser) } }
    }

    func takeRequest() -> ParsedRequest { state.withLock { $0.requests.popLast() } ?? ParsedRequest() }

    func give(_ request: ParsedRequest) {
        request.removeAll()
        state.withLock { if $0.requests.count < Self.requestsMaximum { $0.requests.append(request) } }
    }
}
