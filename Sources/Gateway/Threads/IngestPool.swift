internal import Locks

/// Parsers and requests for reuse, so that serving one more request allocates almost nothing.
final class IngestPool: Sendable {
    /// More would only hold memory: one group takes no more requests than this.
    private static let requestsMaximum = WorkQueue.groupMaximum
    private static let parsersMaximum = 64

    private struct State {
        var parsers: [IngestParser] = []
        var requests: [ParsedRequest] = []
    }

    private let state = Monitor(State())

    /// nil if out of memory.
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
