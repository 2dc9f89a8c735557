import Clocks
import EventModel
import HTTPServer
import JSON
import Locks
import Observability
import Projector
import Testing

@testable import Cluster
@testable import Replay

@Suite("Rebuilds on a cluster (DESIGN 7)", .timeLimit(.minutes(10)))
struct ClusterRebuildTests {
    /// A partition that says what it was given to say.
    private final class Partition: RebuildablePartition {
        let partition: PartitionIndex
        private let state = Guarded("building")

        init(_ number: Int32) { partition = PartitionIndex(number) }

        func set(_ state: String) { self.state.withLock { $0 = state } }
        func build(job: JobID, pace: FoldPace) {}
        func setPace(_ pace: FoldPace, job: JobID) {}
        func cancel(job: JobID) {}
        func promote(job: JobID) {}
        func rollback(job: JobID) {}
        func progress(job: JobID) -> BuildProgress? {
            BuildProgress(
                generation: 2, next: LogOffset(5), end: LogOffset(10), events: 7, startedAt: Timestamp(microseconds: 0),
                eventsPerSecond: 1, isLevel: false, state: state.withLock { $0 })
        }
        func compare(job: JobID, limit: Int) throws -> GenerationDifferences {
            guard state.withLock({ $0 }) == "level" else { throw NotLevel() }
            return GenerationDifferences(
                partition: partition, position: LogOffset(10), counts: [.init(kind: .event, equal: 4, different: 1)],
                differences: [])
        }
    }

    private struct NotLevel: OperatorError {
        let name = "not_level"
        let message = "it is not level"
        let hint: String? = nil
        let isRetriable = true
    }

    /// A worker: what it holds, and its routes behind a URL.
    private final class Worker: Sendable {
        let partitions: [Partition]
        let keeper: RebuildKeeper
        let holder: Holder
        private let routes: [HTTPRoute]

        init(_ name: String, _ numbers: [Int32], _ board: any JobBoard, _ client: InMemoryForwarding) {
            let partitions = numbers.map { Partition($0) }
            let keeper = RebuildKeeper(board: board) {
                Dictionary(uniqueKeysWithValues: partitions.map { ($0.partition, $0) })
            }
            let token = ForwardingToken.random()
            (self.partitions, self.keeper) = (partitions, keeper)
            holder = Holder(
                workerID: name, role: .owner, url: "http://\(name)", token: token, since: Timestamp(microseconds: 0))
            let routes = RebuildHolderRoutes(board: board, keeper: keeper, access: ForwardedAccess(token: token)).routes
            self.routes = routes
            client.set(holder.url) { question in .answer(Self.answer(question, routes)) }
            keeper.step()
        }

        static func answer(_ question: ForwardingQuestion, _ routes: [HTTPRoute]) -> ForwardingAnswer {
            let parts = question.target.split(separator: "?")
            let segments = parts[0].split(separator: "/").map(String.init)
            guard let route = routes.first(where: { $0.pattern.split(separator: "/").count == segments.count }) else {
                return ForwardingAnswer(status: 404)
            }
            let query = parts.count < 2 ? [] : [(name: "limit", value: String(parts[1].dropFirst(6)))]
            let values = zip(route.pattern.split(separator: "/"), segments).filter { $0.0.hasPrefix("{") }.map { $0.1 }
            let request = HTTPRequest(
                method: .get, path: String(parts[0]), pathParameters: values, query: query,
                headerLookup: { name in question.headers.first { $0.name == name }?.value })
            let exchange = Exchange()
            if case .respond(let response) = route.serve(request, exchange) { exchange.complete(response) }
            let response = exchange.response
            return ForwardingAnswer(status: response.status, headers: response.headers, body: response.body)
        }
    }

    private final class Exchange: HTTPExchange {
        private let answer = Monitor<HTTPResponse?>(nil)
        func complete(_ response: HTTPResponse) { answer.update { $0 = response } }
        var response: HTTPResponse { answer.wait { $0 } }
    }

    private let board = InMemoryJobBoard()
    private let client = InMemoryForwarding()
    private let job = RebuildJob(by: "a", after: nil, at: Timestamp(microseconds: 1_770_000_000_000_000))

    private func holders(_ workers: [Worker], own: Worker? = nil, partitions: Int32 = 3) -> ClusterRebuildHolders {
        let table: @Sendable (PartitionIndex) -> [Holder] = { partition in
            workers.filter { $0.partitions.contains { $0.partition == partition } }.map(\.holder)
        }
        let gatherers = (0..<2).map { _ in PartitionGatherer(holders: table, client: client) }
        return ClusterRebuildHolders(
            partitionCount: partitions, keeper: own?.keeper, quick: gatherers[0], slow: gatherers[1])
    }

    @Test("any process gathers what the holders say: of others over HTTP, its own directly")
    func reports() throws {
        #expect(board.put(job) == .taken)
        let workers = [Worker("a", [0, 2], board, client), Worker("b", [1], board, client)]
        for own in [nil, workers[0]] {
            let holders = holders(workers, own: own, partitions: 4)
            let found = holders.reports(job, isActing: true)
            #expect(found.answers.map(\.partition.value) == [0, 1, 2])
            #expect(found.answers.allSatisfy { $0.state == .building && $0.hasActed && $0.recordsDone == 5 })
            #expect(found.missing == [MissingPartition(PartitionIndex(3), "no worker holds it at the moment")])
        }
        #expect(client.asked.count == 4)
    }

    @Test("differences are gathered too; a partition that cannot be compared is named with the reason")
    func differences() throws {
        #expect(board.put(job) == .taken)
        let workers = [Worker("a", [0, 2], board, client), Worker("b", [1], board, client)]
        for partition in workers.flatMap(\.partitions) where partition.partition.value < 2 { partition.set("level") }
        for own in [nil, workers[0]] {
            let holders = holders(workers, own: own)
            let found = holders.differences(job.id, limit: 5)
            #expect(found.answers.map(\.partition.value) == [0, 1] && found.answers.allSatisfy { $0.different == 1 })
            #expect(found.missing == [MissingPartition(PartitionIndex(2), "it is not level")])
        }
    }

    @Test("a rebuild that a holder has not heard of yet is missing there, and so is one of another version's answer")
    func unknown() {
        let worker = Worker("a", [0], board, client)
        let holders = holders([worker], partitions: 1)
        #expect(
            holders.reports(job, isActing: true).missing.map(\.reason) == ["its holder does not know the rebuild yet"])
        client.set(worker.holder.url) { _ in .answer(ForwardingAnswer(status: 200, body: Array("{}".utf8))) }
        #expect(holders.reports(job, isActing: true).missing.map(\.reason) == ["its holder is of another version"])
        holders.stop()
    }

    @Test("a holder answers processes of the cluster alone, and says where it does not hold the partition")
    func access() {
        #expect(board.put(job) == .taken)
        let worker = Worker("a", [0], board, client)
        let routes = RebuildHolderRoutes(
            board: board, keeper: worker.keeper, access: ForwardedAccess(token: worker.holder.token)
        ).routes
        func ask(_ target: String, _ token: ForwardingToken) -> ForwardingAnswer {
            Worker.answer(
                ForwardingQuestion(url: "", target: target, headers: [(ForwardingHeader.token, token.hex)]), routes)
        }
        let path = RebuildHolderRoutes.path(job.id, PartitionIndex(0))
        #expect(ask(path, worker.holder.token).status == 200)
        for path in [path, path + "/diff?limit=5"] { #expect(ask(path, .random()).status == 401) }
        let elsewhere = RebuildHolderRoutes.path(job.id, PartitionIndex(7))
        for path in [elsewhere, elsewhere + "/diff?limit=5"] {
            let answer = ask(path, worker.holder.token)
            #expect(answer.status == 503 && answer.header(ForwardingHeader.notHolder) == "true")
        }
    }
}
