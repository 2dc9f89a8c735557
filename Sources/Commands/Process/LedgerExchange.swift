internal import EventModel
internal import HTTPServer
internal import JSON

/// The client of a ledger that a worker computes: what this gateway has refused is added to the answer, because the
/// worker cannot know it (SPEC 7.4).
final class LedgerExchange: HTTPExchange {
    private let client: any HTTPExchange
    private let rejected: @Sendable () -> [(String, Int)]

    /// - Parameter rejected: Events refused and not stored, by the code of their verdict.
    init(_ client: any HTTPExchange, rejected: @escaping @Sendable () -> [(String, Int)]) {
        self.client = client
        self.rejected = rejected
    }

    func complete(_ response: HTTPResponse) { client.complete(Self.adding(rejected(), to: response)) }

    /// Answers other than a ledger stay as they are.
    static func adding(_ rejected: [(String, Int)], to response: HTTPResponse) -> HTTPResponse {
        guard response.status == 200, case .object(var members)? = JSONValue(response.body) else { return response }
        members["rejected"] = .object(
            Dictionary(rejected.map { ($0.0, JSONValue.integer($0.1)) }) { first, _ in first })
        var writer = JSONWriter(reservedBytes: response.body.count + 64 * rejected.count)
        writer.value(.object(members))
        var response = response
        response.body = writer.bytes
        // It names the worker's bytes.
        response.headers.removeAll { $0.name.lowercased() == "etag" }
        return response
    }
}
