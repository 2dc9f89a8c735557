internal import Locks

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
