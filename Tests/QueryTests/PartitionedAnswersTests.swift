// Layer: oracle and machine. Sites in different partitions, each with a fold of its own, asked through one service: every
// figure against the oracle, and every position with the partition of the site. What is not held here goes elsewhere.
import Clocks
import Dispatch
import EventLog
import EventModel
import HTTPServer
import Locks
import Observability
import Oracle
import ProjectionStore
import Projector
import SimulationKit
import TestKit
import Testing

@testable import Query

@Suite("Answers of several partitions", .timeLimit(.minutes(10))) struct PartitionedAnswersTests {
    private static let ledger = "/api/ledger"

    @Test("every figure equals the oracle's, whatever partition the site is in (SPEC 5)", arguments: 1...6)
    func figures(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let plant = try PartitionedPlant(partitions: 4)
        defer { plant.stop() }
        let scenarios = plant.sites.indices.map {
            RandomScenario(seed: seed * 100 + UInt64($0), size: .init(events: 50))
        }
        var logs = plant.sites.map { _ in OracleLog() }
        let longest = scenarios.map(\.records.count).max() ?? 0
        for number in 0..<longest {
            for (place, site) in plant.sites.enumerated() where number < scenarios[place].records.count {
                let record = scenarios[place].records[number]
                try plant.append(record.logRecord(of: site))
                logs[place].append(record.content(of: site), offset: Int64(number))
            }
        }
        for (place, site) in plant.sites.enumerated() {
            let scenario = scenarios[place]
            let last = "\(place):\(scenario.records.count - 1)"
            let instants = scenario.instants.filter { $0 >= 0 && $0 <= Timestamp.latest.microseconds }
            for _ in 0..<3 {
                let edges = [
                    instants.randomElement(using: &random) ?? 0, instants.randomElement(using: &random) ?? 0,
                ].sorted()
                let known = Bool.random(using: &random) ? scenario.knownAts.randomElement(using: &random) : nil
                let window = OracleWindow(from: edges[0], to: edges[1], now: known ?? PartitionedPlant.now)
                let asked = Asked(
                    put: { try plant.ask($0, $1 + [("site_id", site.text), ("min_position", last)]) },
                    view: logs[place].view(of: site, knownAt: known), window: window, from: edges[0], to: edges[1],
                    known: known, partition: Int32(place))
                try asked.check("\(site), \(edges), known \(known ?? -1)\n\(scenario)")
            }
            let answer = try plant.ask(Self.ledger, [("site_id", site.text), ("min_position", last)])
            #expect(answer.meta?["positions"]?.keys == ["\(place)"])
        }
    }

    @Test("min_position must name the partition of the site (SPEC 8.3)")
    func otherPartition() throws {
        let plant = try PartitionedPlant(partitions: 2)
        defer { plant.stop() }
        let query = [(name: "site_id", value: plant.sites[1].text), (name: "min_position", value: "0:0")]
        #expect(try plant.ask(Self.ledger, query).status == 400)
    }

    @Test("a partition that is not held here is given to the hook")
    func elsewhere() throws {
        let plant = try PartitionedPlant(partitions: 2) { asked in
            #expect(asked.request.path == Self.ledger && asked.partition == PartitionIndex(1))
            asked.exchange.complete(HTTPResponse(status: 203, headers: [("X-Site", asked.site.text)]))
            return .suspended
        }
        defer { plant.stop() }
        try plant.append(RandomScenario(seed: 1, size: .init(events: 5)).records[0].logRecord(of: plant.sites[0]))
        plant.letGo(1)
        let answer = try plant.ask(Self.ledger, [("site_id", plant.sites[1].text)])
        #expect(answer.status == 203 && answer.header("X-Site") == plant.sites[1].text)
        #expect(
            try plant.ask(Self.ledger, [("site_id", plant.sites[0].text), ("min_position", "0:0")]).status == 200)
        #expect(try plant.ask(Self.ledger, [("site_id", plant.sites[1].text), ("x", "")]).status == 400)
    }

    @Test("a partition that nobody is known to hold is a 503 with Retry-After")
    func nowhere() throws {
        let plant = try PartitionedPlant(partitions: 2)
        defer { plant.stop() }
        plant.letGo(1)
        let answer = try plant.ask(Self.ledger, [("site_id", plant.sites[1].text)])
        #expect(answer.status == 503 && answer.header("Retry-After") == "1")
    }

    @Test("a fold that is stopped while a question waits for it is a 503, and no fault to report")
    func stoppedMeanwhile() throws {
        let plant = try PartitionedPlant(partitions: 1)
        defer { plant.stop() }
        try plant.append(RandomScenario(seed: 1, size: .init(events: 5)).records[0].logRecord(of: plant.sites[0]))
        #expect(try plant.ask(Self.ledger, [("site_id", plant.sites[0].text), ("min_position", "0:0")]).status == 200)
        plant.stopFolds()
        let answer = try plant.ask(Self.ledger, [("site_id", plant.sites[0].text)])
        #expect(answer.status == 503 && answer.header("Retry-After") == "1")
        #expect(plant.faults.isEmpty)
    }
}

/// A log in memory, a projector for each partition and one service for all; removed at the end.
private final class PartitionedPlant {
    static let now = Timestamp.latest.microseconds
    let log: InMemoryLog
    let sites: [SiteID]
    private let projectors: [Projector]
    private let service: QueryService
    private let held: HeldProjections
    private let folder: TemporaryFolder

    init(
        partitions: Int32, elsewhere: @escaping @Sendable (AskedElsewhere) -> HTTPOutcome? = { _ in nil }
    ) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        let log = InMemoryLog(partitionCount: partitions)
        self.log = log
        sites = RandomScenario.sites(inFirst: partitions, of: partitions)
        projectors = try (0..<partitions).map { partition in
            let path = folder.file("partition-\(partition).sqlite")
            let store = try ProjectionStore.open(path: path, logEpoch: log.epoch.bytes)
            return try Projector(log: log, partition: PartitionIndex(partition), store: store)
        }
        held = HeldProjections(projectors, partitions)
        let faults = EventList()
        faultList = faults
        service = QueryService(
            QueryService.Parts(
                partitioned: held, clock: ManualClock(now: Timestamp(microseconds: Self.now)),
                authorize: { request, _ in .granted(SiteID(request.queryValue("site_id") ?? "plant")) },
                registry: { _ in nil }, journal: Journal { faults.add($0) }, elsewhere: elsewhere))
        for projector in projectors { projector.start() }
    }

    private let faultList: EventList
    var faults: [JournalEvent] { faultList.all }

    func append(_ record: NewRecord) throws { _ = try log.append([record]) }

    func letGo(_ partition: Int32) { held.letGo(PartitionIndex(partition)) }

    func stopFolds() { for projector in projectors { projector.stop() } }

    func stop() {
        service.stop()
        stopFolds()
    }

    func ask(_ path: String, _ query: [(name: String, value: String)]) throws -> Answer {
        let route = try #require(service.routes.first { $0.pattern == path })
        let recorder = Recorder()
        let request = HTTPRequest(method: .get, path: path, query: query)
        if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
        let response = try recorder.wait()
        return Answer(response: response, json: response.body.isEmpty ? .null : try JSONText(response.body))
    }
}

/// Projections of which a test lets go.
private final class HeldProjections: PartitionedProjections {
    let partitionCount: Int32
    private let held: Guarded<[PartitionIndex: any Projections]>

    init(_ projectors: [Projector], _ partitionCount: Int32) {
        self.partitionCount = partitionCount
        held = Guarded(Dictionary(uniqueKeysWithValues: projectors.map { ($0.partition, $0 as any Projections) }))
    }

    func projections(of partition: PartitionIndex) -> (any Projections)? { held.withLock { $0[partition] } }
    func letGo(_ partition: PartitionIndex) { held.withLock { $0[partition] = nil } }
}
