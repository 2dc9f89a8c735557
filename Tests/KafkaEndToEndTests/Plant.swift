import EventLog
import EventModel
import Foundation
import HTTPClient
import KafkaHarness
import Locks
import ProcessHarness
import Testing

/// Gateways and workers of one test on a cluster, under a topic prefix of their own.
final class Plant {
    static let partitions: Int32 = 4

    let cluster: KafkaCluster
    let prefix = uniquePrefix()
    let folder: String
    private(set) var servers: [AndonServer] = []

    struct Failure: Error, CustomStringConvertible { var description: String }

    /// What every process wrote to stderr, for messages.
    var words: String { servers.map { "\($0.url)\n\($0.words)" }.joined(separator: "\n") }

    /// Creates the topics.
    init(_ cluster: KafkaCluster) throws {
        self.cluster = cluster
        folder = FileManager.default.temporaryDirectory.appending(path: "andon-\(prefix)").path
        Reaper.shared.folder(folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try command(["topics", "create", "--partitions", "\(Self.partitions)"])
    }

    deinit {
        for server in servers { server.end(SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Sites of which every partition holds at least one.
    static let sites: [SiteID] = {
        var missing = Set((0..<partitions).map { PartitionIndex($0) })
        var sites: [SiteID] = []
        var number = 0
        while !missing.isEmpty {
            number += 1
            let site = SiteID("plant-\(number)")
            let partition = Partitioner.partition(of: site.bytes, partitionCount: partitions)
            if missing.remove(partition) != nil { sites.append(site) }
        }
        return sites
    }()

    /// Runs a command with `--brokers`; it must succeed.
    @discardableResult
    func command(_ words: [String]) throws -> String {
        let result = try AndonProcess.run(words + kafka)
        guard result.exit == 0 else { throw Failure(description: "andon \(words): \(result.output)\(result.errors)") }
        return result.output
    }

    var kafka: [String] { ["--brokers", cluster.brokers, "--topic-prefix", prefix] }

    func gateway(_ name: String, _ more: [String] = []) throws -> AndonServer { try start("gateway", name, more) }

    /// - Parameter name: Of its data directory: the same name goes on with the same files.
    /// - Parameter isAwaited: A line of stderr to wait for, in place of the one that says it is ready.
    func worker(
        _ name: String, _ more: [String] = [], until isAwaited: (Substring) -> Bool = AndonServer.isReady
    ) throws -> AndonServer {
        try start("worker", name, ["--session-timeout-seconds", "6"] + more, until: isAwaited)
    }

    private func start(
        _ role: String, _ name: String, _ more: [String], until isAwaited: (Substring) -> Bool = AndonServer.isReady
    ) throws -> AndonServer {
        let fixed = ["--open", "--rate-limit", "0", "--log-requests", "none", "--data-dir", "\(folder)/\(name)"]
        let server = try AndonServer([role] + kafka + fixed + more, until: isAwaited)
        servers.append(server)
        return server
    }

    /// Declares sites through a gateway, again and again while it says 503.
    static func declare(_ definitions: [Declaration], _ url: String) throws {
        let client = HTTPClient()
        for definition in definitions {
            let patience = Patience(seconds: 30)
            var answer: HTTPAnswer
            repeat {
                answer = try client.send(
                    "PUT", "\(url)/api/sites/\(definition.site)", headers: [("Content-Type", "application/json")],
                    body: definition.body)
            } while answer.status == 503 && patience.waitALittle()
            guard (200...201).contains(answer.status) else {
                throw Failure(description: "PUT site: \(String(decoding: answer.body, as: UTF8.self))")
            }
        }
    }

    /// Of what stands in the log.
    func digests(_ sites: [SiteID]) throws -> [String: String] {
        var digests: [String: String] = [:]
        for site in sites { digests[site.text] = try command(["digest", "--site", site.text]) }
        return digests
    }
}

/// A site as `PUT` takes it.
struct Declaration {
    var site: SiteID
    var body: [UInt8]

    init(site: SiteID, body: [UInt8]) {
        self.site = site
        self.body = body
    }

    init(_ definition: SiteDefinition) { self.init(site: definition.siteID, body: definition.putBody) }
}

/// The same events through `andon up`: what every figure must be.
struct Reference {
    let figures: Figures
    let digests: [String: String]

    /// - Parameter bodies: By site, requests that a gateway takes.
    init(
        _ definitions: [Declaration], _ bodies: [SiteID: [[UInt8]]], contentType: String = "application/json"
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "andon-\(uniquePrefix())").path
        Reaper.shared.folder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try AndonServer(folder, ["--open", "--rate-limit", "0", "--log-requests", "none"])
        defer { server.end(SIGKILL) }
        try Plant.declare(definitions, server.url)
        let client = HTTPClient()
        var positions: [SiteID: String] = [:]
        for (site, bodies) in bodies {
            for body in bodies {
                let answer = try client.send(
                    "POST", "\(server.url)/api/events/batch?site_id=\(site)",
                    headers: [("Content-Type", contentType)], body: body)
                let position = try JSONDecoder().decode(Ingested.self, from: Data(answer.body)).position
                positions[site] = position ?? positions[site]
            }
        }
        for (site, position) in positions {
            let target = "\(server.url)/api/ledger?site_id=\(site)&min_position=\(position)"
            _ = try #require(Figures.answer(client, target))
        }
        let sites = definitions.map(\.site)
        figures = try #require(Figures.ask(server.url, sites))
        var digests: [String: String] = [:]
        for site in sites {
            digests[site.text] = try AndonProcess.run(["digest", "--data-dir", folder, "--site", site.text]).output
        }
        self.digests = digests
    }

    init(_ load: Load) throws {
        try self.init(
            load.definitions, Dictionary(uniqueKeysWithValues: load.shapes.map { ($0.siteID, load.bodies(of: $0)) }))
    }

    private struct Ingested: Decodable { var position: String? }
}

/// Holds what a plant answers, after everything that was done to it, against the embedded run on the same events.
func expectSame(
    _ plant: Plant, _ servers: [AndonServer], _ reference: Reference, seed: UInt64,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let sites = reference.digests.keys.sorted().map { SiteID($0) }
    for server in servers {
        let ledgers = Figures.awaitLedgers(server.url, reference.figures.ledgers)
        let isSame = ledgers == reference.figures.ledgers
        #expect(isSame, "seed \(seed) \(ledgers)\n\(plant.words)", sourceLocation: sourceLocation)
        let figures = try #require(Figures.ask(server.url, sites), "seed \(seed)", sourceLocation: sourceLocation)
        let differences = figures.differences(from: reference.figures)
        #expect(differences == [], "seed \(seed)", sourceLocation: sourceLocation)
    }
    #expect(try plant.digests(sites) == reference.digests, "seed \(seed)", sourceLocation: sourceLocation)
}
