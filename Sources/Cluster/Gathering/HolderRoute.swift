internal import EventModel
internal import HTTPServer
internal import Locks

/// A question about one partition that other processes of the cluster ask its holder.
///
/// It has threads of its own, apart from those that answer clients: those wait for other processes, which may be waiting
/// for this one.
final class HolderRoute: Sendable {
    /// nil: this process does not hold the partition.
    typealias Answer = @Sendable (PartitionIndex, _ query: [(name: String, value: String)]) -> HTTPResponse?

    let route: HTTPRoute
    private let pool: ThreadPool<@Sendable () -> Void>

    /// - Parameters:
    ///   - name: of the threads.
    ///   - pattern: has the partition as its only parameter.
    ///   - waitingMaximum: questions that wait; more are refused.
    init(
        _ name: String, _ pattern: String, parameters: [HTTPQueryParameter], access: ForwardedAccess,
        threadsMaximum: Int, waitingMaximum: Int, answer: @escaping Answer
    ) {
        let pool = ThreadPool<@Sendable () -> Void>(
            name, threadsMaximum: threadsMaximum, waitingMaximum: waitingMaximum
        ) { { $0() } }
        self.pool = pool
        route = HTTPRoute(.get, pattern, parameters: parameters) { request in
            // Only processes of the cluster know the token.
            guard access.isOfCluster(request) else {
                return .refused(.problem(401, "this is for other processes of the cluster"))
            }
            return .admitted { request, exchange in
                guard let number = request.pathParameters.first.flatMap({ Int32($0) }) else {
                    return .respond(.problem(404, "no such partition"))
                }
                let query = request.query
                let isTaken = pool.submit {
                    exchange.complete(answer(PartitionIndex(number), query) ?? Problem.notHeld.response)
                }
                return isTaken ? .suspended : .respond(.problem(503, "too many questions are waiting"))
            }
        }
    }

    /// Accepts no more questions; accepted ones are still answered.
    func stop() { pool.close() }
}
