import Clocks
import EventLog
import EventModel
import HTTPServer
import JSON
import Locks
import ProjectionStore
import Projector
import Query
import SimulationKit
import TestKit
import Testing

@testable import Cluster

/// Asks like a twin, but some holders never answer.
private final class SilentHolders: ForwardingClient {
    let twin = InMemoryForwarding()
    private let silent = Guarded<Set<String>>([])
    /// Questions that nobody will answer.
    let kept = Monitor<[@Sendable (ForwardingReply) -> Void]>([])

    func silence(_ url: String) { silent.withLock { _ = $0.insert(url) } }

    func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void) {
        guard silent.withLock({ $0.contains(question.url) }) else { return twin.ask(question, done) }
        kept.update { $0.append(done) }
    }

    func stop() { twin.stop() }
}

/// Some partitions of a log, folded, and asked by clients and by other processes.
private final class SitesProcess: Sendable {
    let token = ForwardingToken.random()
    let holder: Holder
    private let projectors: [Projector]
    let query: QueryService
    let service: SitesService
    private let routes: SiteHolderRoutes

    private final class Held: PartitionedProjections {
        let partitionCount: Int32
        private let projectors: [Projector]
        init(_ projectors: [Projector], _ count: Int32) { (self.projectors, partitionCount) = (projectors, count) }
        func projections(of partition: PartitionIndex) -> (any Projections)? {
            projectors.first { $0.partition == partition }
        }
    }

    init(
        _ name: String, _ partitions: [Int32], _ log: InMemoryLog, _ sites: [SiteID], _ folder: TemporaryFolder,
        gatherer: PartitionGatherer, now: Timestamp
    ) throws {
        projectors = try partitions.map { partition in
            let path = folder.file("\(name)-\(partition).sqlite")
            let store = try ProjectionStore.open(path: path, logEpoch: log.epoch.bytes)
            return try Projector(log: log, partition: PartitionIndex(partition), store: store)
        }
        query = QueryService(
            QueryService.Parts(
                partitioned: Held(projectors, log.partitionCount), clock: ManualClock(now: now),
                authorize: { _, _ in .refused(.problem(500)) }, registry: { _ in nil }))
        service = SitesService(
            SitesService.Parts(
                query: query, sites: { sites },
                authorize: { request in
                    request.header("X-Sites").map { .sites($0.split(separator: ",").map { SiteID(String($0)) }) }
                        ?? .everything
                }, gather: { gatherer.gatherSites($0, $1, $2) }))
        routes = SiteHolderRoutes(service, access: ForwardedAccess(token: token))
        holder = .at("http://\(name)", name, token: token)
        for projector in projectors { projector.start() }
    }

    func waitUntilLevel(_ log: InMemoryLog) throws {
        for projector in projectors {
            let last = try log.endOffset(projector.partition).value - 1
            guard last >= 0 else { continue }
            let passed = Monitor(false)
            projector.whenPassed(LogOffset(last), timeoutMilliseconds: 120_000) { isPassed in
                #expect(isPassed)
                passed.update { $0 = true }
            }
            passed.wait { $0 ? () : nil }
        }
    }

    /// What it answers to another process.
    func answer(_ question: ForwardingQuestion) -> ForwardingAnswer {
        let parts = question.target.split(separator: "?", maxSplits: 1)
        let path = String(parts[0])
        let query = (parts.count > 1 ? parts[1].split(separator: "&") : []).map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (name: sides[0], value: sides[1].replacing("%3A", with: ":"))
        }
        let response = Self.serve(
            routes.routes[0], path, query, [String(path.split(separator: "/").last ?? "")],
            { name in question.headers.first { $0.name == name }?.value })
        return ForwardingAnswer(status: response.status, headers: response.headers, body: response.body)
    }

    func ask(_ query: [(name: String, value: String)] = [], sites: String? = nil) throws -> JSONValue {
        let response = Self.serve(
            service.routes[0], SitesService.path, query, [], { $0 == "X-Sites" ? sites : nil })
        #expect(response.status == 200, "\(response.text)")
        return try #require(JSONValue(response.body))
    }

    private static func serve(
        _ route: HTTPRoute, _ path: String, _ query: [(name: String, value: String)], _ parameters: [String],
        _ header: @escaping (String) -> String?
    ) -> HTTPResponse {
        let request = HTTPRequest(
            method: .get, path: path, pathParameters: parameters, query: query, headerLookup: header)
        let box = AnswerBox()
        switch route.admit(request) {
        case .refused(let response): return response
        case .admitted(let handler, _):
            if case .respond(let response) = handler(request, box) { return response }
            return box.answer
        }
    }

    func stop() {
        service.stop()
        routes.stop()
        query.stop()
        for projector in projectors { projector.stop() }
    }
}

@Suite("Every site of a cluster at once (SPEC 5.11)", .timeLimit(.minutes(10)))
struct SitesOverClusterTests {
    /// A log with one site in each partition, two workers that hold two each, and a gateway that holds none.
    private final class TestCluster {
        let clock = ManualClock()
        let client = SilentHolders()
        let log = InMemoryLog(partitionCount: 4)
        let sites = RandomScenario.sites(inFirst: 4, of: 4)
        private(set) var processes: [String: SitesProcess] = [:]
        private let folder: TemporaryFolder
        private let gatherer: PartitionGatherer

        init() throws {
            let folder = try TemporaryFolder()
            self.folder = folder
            for (number, site) in sites.enumerated() {
                let scenario = RandomScenario(seed: UInt64(number) + 7, size: .init(events: 30))
                for record in scenario.records { _ = try log.append([record.logRecord(of: site)]) }
            }
            let holders = Guarded<[Int32: Holder]>([:])
            gatherer = PartitionGatherer(
                holders: { partition in holders.withLock { $0[partition.value].map { [$0] } ?? [] } },
                client: client, clock: clock)
            for (name, partitions) in [("a", [0, 2]), ("b", [1, 3]), ("gateway", [])] as [(String, [Int32])] {
                let process = try SitesProcess(
                    name, partitions, log, sites, folder, gatherer: gatherer, now: .latest)
                processes[name] = process
                try process.waitUntilLevel(log)
                for partition in partitions { holders.withLock { $0[partition] = process.holder } }
                client.twin.set(process.holder.url) { question in .answer(process.answer(question)) }
            }
        }

        subscript(name: String) -> SitesProcess { get throws { try #require(processes[name]) } }

        func stop() {
            gatherer.stop()
            for process in processes.values {
                client.twin.set(process.holder.url, nil)
                process.stop()
            }
        }
    }

    @Test("a gateway and each worker answer the same, whoever holds the partitions")
    func everywhere() throws {
        let cluster = try TestCluster()
        defer { cluster.stop() }
        let query = [(name: "from", value: "1970-01-01"), (name: "to", value: "9999-12-31T00:00:00Z")]
        let answers = try ["a", "b", "gateway"].map { try cluster[$0].ask(query) }
        #expect(answers[0]["items"]?.items.map { $0["site_id"]?.text } == cluster.sites.map(\.text).sorted())
        #expect(answers.allSatisfy { $0 == answers[0] && $0["missing"] == .array([]) })
        #expect(answers[0]["items"]?.items.contains { $0["working_us"] != .number("0") } == true)
        guard case .object(let positions)? = answers[0]["meta"]?["positions"] else {
            Issue.record("no positions")
            return
        }
        #expect(positions.keys.sorted() == ["0", "1", "2", "3"])
    }

    @Test("the sites of a holder that hangs are named after five seconds with the reason; the others are answered")
    func hanging() throws {
        let cluster = try TestCluster()
        defer { cluster.stop() }
        cluster.client.silence("http://b")
        let answer = Monitor<JSONValue?>(nil)
        let gateway = try cluster["gateway"]
        BackgroundThread.start("ask") {
            let found = (try? gateway.ask()) ?? .null
            answer.update { $0 = found }
        }
        cluster.client.kept.wait { $0.count == 2 ? () : nil }
        cluster.clock.waitForWaiters(1)
        cluster.clock.advance(milliseconds: 5000)
        let found = answer.wait { $0 }
        let sites = cluster.sites.map(\.text)
        #expect(found["items"]?.items.map { $0["site_id"]?.text } == [sites[0], sites[2]].sorted())
        #expect(
            found["missing"]?.items
                == [1, 3].map { partition in
                    .object([
                        "sites": .array([.string(sites[partition])]), "partition": .integer(partition),
                        "reason": .string("the holder of the partition does not answer within 5 s"),
                    ])
                })
    }

    @Test("partitions that nobody holds, and holders that are gone, are named; a key's sites alone are asked for")
    func gone() throws {
        let cluster = try TestCluster()
        defer { cluster.stop() }
        cluster.client.twin.set("http://a", nil)
        let bound = try cluster["gateway"].ask(sites: "\(cluster.sites[0].text),\(cluster.sites[1].text)")
        #expect(bound["items"]?.items.map { $0["site_id"]?.text } == [cluster.sites[1].text])
        let missing = try #require(bound["missing"]?.items.first)
        #expect(missing["sites"] == .array([.string(cluster.sites[0].text)]))
        #expect(missing["reason"] == .string("no worker that holds it answers"))
        #expect(
            cluster.client.twin.asked.map(\.target).sorted()
                == [0, 1].map { "/api/metrics/sites/partitions/\($0)?site_id=\(cluster.sites[$0].text)" })
    }

    @Test("a holder answers processes of the cluster alone, and says where it does not hold the partition")
    func access() throws {
        let cluster = try TestCluster()
        defer { cluster.stop() }
        let a = try cluster["a"]
        func ask(_ partition: String, _ token: ForwardingToken) -> ForwardingAnswer {
            a.answer(
                ForwardingQuestion(
                    url: "", target: SitesService.holderPath(partition), headers: [(ForwardingHeader.token, token.hex)])
            )
        }
        #expect(ask("0", a.token).status == 200 && ask("0", .random()).status == 401)
        #expect(ask("1", a.token).header(ForwardingHeader.notHolder) == "true" && ask("x", a.token).status == 404)
    }
}
