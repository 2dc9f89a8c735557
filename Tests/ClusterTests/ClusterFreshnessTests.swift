// Layer: machine. Workers whose folds stand where the test says, asked over the twin of HTTP.
import Clocks
import EventLog
import EventModel
import HTTPServer
import JSON
import Locks
import Projector
import Testing
import Timeline

@testable import Cluster
@testable import Query

@Suite("Freshness over a cluster (SPEC 7.8)", .timeLimit(.minutes(5)))
struct ClusterFreshnessTests {
    private final class StandingFold: WatchedFold {
        let standing: FoldStanding
        let siteIDs: [SiteID]

        init(_ sites: [SiteID], lag: Int64) {
            siteIDs = sites
            standing = FoldStanding(
                progress: FoldProgress(nextOffset: LogOffset(5), logEnd: LogOffset(5 + lag)),
                newestCreatedAt: Timestamp(microseconds: 0))
        }

        func newestArrival(of site: SiteID) -> NewestArrival? { NewestArrival(eventTime: 1, createdAt: 2) }
    }

    /// A process: what it holds, and its routes behind a URL.
    private final class Process: Sendable {
        let holder: Holder
        let numbers: [Int32]
        let service: FreshnessService
        let routes: [HTTPRoute]

        init(
            _ name: String, _ numbers: [Int32], _ cluster: ClusterFreshness, _ client: InMemoryForwarding,
            _ clock: ManualClock, sites: [SiteID]? = nil
        ) {
            let watch = FoldWatch(clock: clock) {
                Dictionary(
                    uniqueKeysWithValues: numbers.map { number in
                        let fold = StandingFold(sites ?? [SiteID("s\(number)")], lag: Int64(number))
                        return (PartitionIndex(number), HeldFold(fold))
                    })
            }
            let bound = sites.map { SitesPermission.sites($0) }
            service = FreshnessService(
                .init(
                    partitionCount: 4, watch: watch, clock: clock, authorize: { _ in bound ?? .everything },
                    warnings: { numbers.isEmpty ? [] : ["\(name) warns"] },
                    elsewhere: { cluster.gather($0, sites: $1) }))
            self.numbers = numbers
            let token = ForwardingToken.random()
            holder = Holder(
                workerID: name, role: .owner, url: "http://\(name)", token: token, since: Timestamp(microseconds: 0))
            let routes = FreshnessHolderRoutes(service, access: ForwardedAccess(token: token)).routes
            self.routes = routes
            client.set(holder.url) { question in .answer(Self.answer(question, routes)) }
        }

        static func answer(_ question: ForwardingQuestion, _ routes: [HTTPRoute]) -> ForwardingAnswer {
            let parts = question.target.split(separator: "?")
            let query = parts.dropFirst().flatMap { $0.split(separator: "&") }.map { pair in
                let sides = pair.split(separator: "=")
                return (name: String(sides[0]), value: String(sides[1]))
            }
            let request = HTTPRequest(
                method: .get, path: String(parts[0]),
                pathParameters: [String(parts[0].split(separator: "/").last ?? "")],
                query: query, headerLookup: { name in question.headers.first { $0.name == name }?.value })
            let box = AnswerBox()
            if case .respond(let response) = routes[0].serve(request, box) { box.complete(response) }
            let response = box.answer
            return ForwardingAnswer(status: response.status, headers: response.headers, body: response.body)
        }

        func ask() throws -> JSONValue {
            let box = AnswerBox()
            let request = HTTPRequest(method: .get, path: "/api/freshness", query: [])
            if case .respond(let response) = service.routes[0].serve(request, box) { box.complete(response) }
            return try #require(JSONValue(box.answer.body))
        }
    }

    private let client = InMemoryForwarding()
    private let clock = ManualClock()
    private let table = Monitor<[PartitionIndex: [Holder]]>([:])

    private func gatherer(_ client: (any ForwardingClient)? = nil) -> ClusterFreshness {
        ClusterFreshness(
            PartitionGatherer(
                holders: { [table] partition in table.withLock { $0[partition] ?? [] } }, client: client ?? self.client,
                clock: clock))
    }

    private func process(_ name: String, _ numbers: [Int32]) -> Process {
        let process = Process(name, numbers, gatherer(), client, clock)
        table.withLock { table in
            for number in numbers { table[PartitionIndex(number), default: []].append(process.holder) }
        }
        return process
    }

    private func texts(_ answer: JSONValue, _ list: String, _ member: String) -> [String] {
        (answer[list]?.items ?? []).compactMap { $0[member]?.text }
    }

    @Test("a worker and a gateway answer the same, for the whole cluster")
    func everybody() throws {
        let workers = [process("a", [0, 2]), process("b", [1, 3])]
        let gateway = process("g", [])
        for asked in workers + [gateway] {
            let answer = try asked.ask()
            #expect(texts(answer, "partitions", "partition") == ["0", "1", "2", "3"])
            #expect(texts(answer, "partitions", "state") == ["no_input", "slow", "slow", "slow"])
            #expect(texts(answer, "partitions", "lag_records") == ["0", "1", "2", "3"])
            #expect(texts(answer, "sites", "site_id") == ["s0", "s1", "s2", "s3"])
            #expect(texts(answer, "sites", "partition") == ["0", "1", "2", "3"])
            #expect(answer["missing"] == .array([]))
            #expect(Set((answer["warnings"]?.items ?? []).compactMap(\.text)) == ["a warns", "b warns"])
        }
        // Each of the others' partitions once; nobody asks itself.
        #expect(client.asked.count == 2 + 2 + 4)
    }

    @Test("a partition that nobody holds, or whose holder does not answer, is named with the reason")
    func missing() throws {
        let gateway = process("g", [])
        let (gone, strange) = (process("gone", [1]), process("strange", [2]))
        _ = process("a", [0])
        client.set(gone.holder.url) { _ in .unreachable("connection refused") }
        client.set(strange.holder.url) { _ in .answer(ForwardingAnswer(status: 200, body: Array("{}".utf8))) }
        let answer = try gateway.ask()
        #expect(texts(answer, "partitions", "partition") == ["0"])
        #expect(texts(answer, "missing", "partition") == ["1", "2", "3"])
        #expect(
            texts(answer, "missing", "reason") == [
                "no worker that holds it answers", "its holder is of another version",
                "no worker holds it at the moment",
            ])
    }

    @Test("after five seconds what is there counts, and the holder that has not answered is named")
    func late() {
        let asked = Monitor<[PartitionIndex: @Sendable (ForwardingReply) -> Void]>([:])
        final class Silent: ForwardingClient {
            let asked: Monitor<[PartitionIndex: @Sendable (ForwardingReply) -> Void]>
            init(_ asked: Monitor<[PartitionIndex: @Sendable (ForwardingReply) -> Void]>) { self.asked = asked }
            func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void) {
                let number = question.target.split(separator: "/").last.flatMap { Int32($0) } ?? -1
                asked.update { $0[PartitionIndex(number)] = done }
            }
            func stop() {}
        }
        let worker = process("a", [0, 1])
        let gatherer = gatherer(Silent(asked))
        let found = Monitor<Freshness?>(nil)
        BackgroundThread.start("gather") {
            let answer = gatherer.gather([PartitionIndex(0), PartitionIndex(1)], sites: nil)
            found.update { $0 = answer }
        }
        let done = asked.wait { $0.count == 2 ? $0 : nil }
        clock.waitForWaiters(1)
        let body = worker.service.held(PartitionIndex(1), sites: nil) ?? []
        done[PartitionIndex(1)]?(.answer(ForwardingAnswer(status: 200, body: body)))
        clock.advance(milliseconds: 5000)
        let answer = found.wait { $0 }
        #expect(answer.partitions.map(\.partition) == [PartitionIndex(1)])
        #expect(
            answer.missing == [
                Freshness.Missing(PartitionIndex(0), "the holder of the partition does not answer within 5 s")
            ])
        done[PartitionIndex(0)]?(.answer(ForwardingAnswer(status: 200, body: body)))
        gatherer.stop()
    }

    @Test("a key that is bound to sites has their partitions' holders asked, for these sites alone")
    func bound() throws {
        let site: SiteID = "s0"
        let partition = Partitioner.partition(of: site.bytes, partitionCount: 4)
        let worker = Process("a", [partition.value], gatherer(), client, clock, sites: ["other", site])
        table.withLock { $0[partition] = [worker.holder] }
        let asker = Process("g", [], gatherer(), client, clock, sites: [site])
        let answer = try asker.ask()
        #expect(texts(answer, "sites", "site_id") == ["s0"])
        for name in ["partitions", "missing", "warnings"] { #expect(answer[name] == .array([])) }
        #expect(client.asked.map(\.target) == ["/api/freshness/partitions/\(partition.value)?site_id=s0"])
    }

    @Test("a holder answers processes of the cluster alone, and says where it does not hold the partition")
    func access() {
        let worker = process("a", [0])
        func ask(_ number: Int32, _ token: ForwardingToken) -> ForwardingAnswer {
            let target = FreshnessHolderRoutes.path(PartitionIndex(number))
            return Process.answer(
                ForwardingQuestion(url: "", target: target, headers: [(ForwardingHeader.token, token.hex)]),
                worker.routes)
        }
        #expect(ask(0, worker.holder.token).status == 200)
        #expect(ask(0, .random()).status == 401)
        let answer = ask(7, worker.holder.token)
        #expect(answer.status == 503 && answer.header(ForwardingHeader.notHolder) == "true")
    }
}
