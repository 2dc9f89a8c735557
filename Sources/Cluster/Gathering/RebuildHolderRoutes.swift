internal import EventModel
public import HTTPServer
internal import JSON
internal import Locks
internal import Observability
public import Replay

/// What a holder answers to the other processes of its cluster about rebuilds in its partitions. Clients ask
/// ``RebuildService``.
public final class RebuildHolderRoutes: Sendable {
    /// Comparisons at a time; each reads two stores from end to end.
    static let threadsMaximum = 2
    static let waitingMaximum = 512
    static let limitMaximum = 1000

    private let board: any JobBoard
    private let keeper: RebuildKeeper
    private let access: ForwardedAccess
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(board: any JobBoard, keeper: RebuildKeeper, access: ForwardedAccess) {
        (self.board, self.keeper, self.access) = (board, keeper, access)
        pool = ThreadPool(
            "compare", threadsMaximum: Self.threadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { { $0() } }
    }

    /// Compares no more; comparisons that wait are still made.
    public func stop() { pool.close() }

    static func path(_ job: JobID, _ partition: PartitionIndex) -> String {
        "/api/admin/rebuilds/\(job)/partitions/\(partition.value)"
    }

    static func json(_ report: RebuildReport) -> [UInt8] {
        var json = JSONWriter()
        report.write(to: &json)
        return json.bytes
    }

    static func json(_ differences: GenerationDifferences) -> [UInt8] {
        var json = JSONWriter()
        differences.write(to: &json)
        return json.bytes
    }

    public var routes: [HTTPRoute] {
        let path = "/api/admin/rebuilds/{id}/partitions/{partition}"
        return [
            route(path, []) { [self] request, _, partition throws(Problem) in
                .respond(try report(request, partition))
            },
            route(path + "/diff", ["limit"]) { [self] request, exchange, partition throws(Problem) in
                try compare(request, exchange, partition)
            },
        ]
    }

    private func route(
        _ pattern: String, _ parameters: [HTTPQueryParameter],
        _ answer: @escaping @Sendable (HTTPRequest, any HTTPExchange, PartitionIndex) throws(Problem) -> HTTPOutcome
    ) -> HTTPRoute {
        HTTPRoute(.get, pattern, parameters: parameters) { [access] request in
            // Only processes of the cluster know the token.
            guard access.isOfCluster(request) else {
                return .refused(.problem(401, "this is for other processes of the cluster"))
            }
            return .admitted { request, exchange in
                do throws(Problem) {
                    guard let number = request.pathParameters.last.flatMap({ Int32($0) }) else {
                        throw Problem(404, detail: "no such partition")
                    }
                    return try answer(request, exchange, PartitionIndex(number))
                } catch { return .respond(error.response) }
            }
        }
    }

    private func report(_ request: HTTPRequest, _ partition: PartitionIndex) throws(Problem) -> HTTPResponse {
        let (job, isActing) = try job(request)
        guard let report = keeper.report(job, isActing: isActing, of: partition) else { throw Problem.notHeld }
        return .json(200, Self.json(report))
    }

    private func compare(
        _ request: HTTPRequest, _ exchange: any HTTPExchange, _ partition: PartitionIndex
    ) throws(Problem) -> HTTPOutcome {
        let job = try job(request).job.id
        let limit = request.queryValue("limit").flatMap { Int($0) } ?? 0
        guard keeper.holds(partition) else { throw Problem.notHeld }
        let isTaken = pool.submit { [keeper] in
            do {
                let found = try keeper.compare(job, in: partition, limit: min(max(0, limit), Self.limitMaximum))
                exchange.complete(found.map { .json(200, Self.json($0)) } ?? Problem.notHeld.response)
            } catch {
                exchange.complete(.problem(409, error.forOperator.description))
            }
        }
        guard isTaken else { throw Problem(503, detail: "too many comparisons wait") }
        return .suspended
    }

    /// The job as this process knows it.
    private func job(_ request: HTTPRequest) throws(Problem) -> (job: RebuildJob, isActing: Bool) {
        let jobs: [RebuildJob]
        do throws(ReplayError) { jobs = try board.jobs() } catch { throw Problem(503, detail: error.description) }
        guard let job = jobs.first(where: { $0.id.text == request.pathParameters.first }) else {
            throw Problem(404, detail: "its holder does not know the rebuild yet")
        }
        return (job, job.id == jobs.acting?.id)
    }
}

extension Problem {
    /// Another holder may know.
    static let notHeld = Problem(
        503, detail: "this process does not hold the partition", headers: [(ForwardingHeader.notHolder, "true")])
}
