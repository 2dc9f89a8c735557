// Layer: end to end with real processes: live streams at gateways, whose holders are killed.
import EventModel
import Glibc
import HTTPClient
import JSON
import KafkaHarness
import Locks
import ProcessHarness
import Testing

extension EndToEnd {
    @Suite("Live streams that gateways relay (SPEC 7.5)")
    struct RelayedStreamTests {
        @Test(
            "readers at a gateway see each event once while its workers are killed and others take over",
            .timeLimit(.minutes(10)))
        func killedWorker() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateways = [try plant.gateway("gateway-1"), try plant.gateway("gateway-2")]
            let first = try plant.worker("worker-1")
            _ = try plant.worker("worker-2")
            #expect(try plant.awaitOwners(2))
            try Plant.declare(Plant.sites.map { StreamedSite($0).declaration }, gateways[0].url)
            let streams = HTTPStreamClient()
            defer { streams.stop() }
            let sites = Plant.sites.map { StreamedSite($0) }
            let readers = sites.map { StreamReader(streams, gateways[0].url, $0.site) }
            for reader in readers { reader.open() }
            for reader in readers { #expect(reader.wait { $0.hasSnapshots }) }

            for site in sites { try site.send(0..<5, to: gateways[1].url) }
            for reader in readers { #expect(reader.wait { $0.known == StreamedSite.times(0..<5) && $0.units == 5 }) }

            // Some of the streams lose their holder, the others go on as they were.
            first.end(SIGKILL)
            for site in sites { try site.send(5..<9, to: gateways[1].url) }
            for reader in readers { #expect(reader.wait { $0.known == StreamedSite.times(0..<9) && $0.units == 9 }) }

            // The worker comes back and takes partitions from the one that has all.
            _ = try plant.worker("worker-1")
            #expect(try plant.awaitOwners(2))
            for site in sites { try site.send(9..<12, to: gateways[0].url) }
            for reader in readers {
                #expect(reader.wait { $0.known == StreamedSite.times(0..<12) && $0.units == 12 })
                #expect(reader.faults == [], "\(reader.site)")
            }
        }

        @Test(
            "a reader that comes back with an id of long ago begins with a snapshot; a revoked key ends its stream alone",
            .timeLimit(.minutes(10)))
        func comingAndGoing() throws {
            let plant = try Plant(try EndToEnd.breakable())
            let gateway = try plant.gateway("gateway-1")
            _ = try plant.worker("worker-1")
            #expect(try plant.awaitOwners(1))
            let site = StreamedSite(Plant.sites[0])
            try Plant.declare([site.declaration], gateway.url)
            try site.send(0..<3, to: gateway.url)
            let key = try plant.command(["key", "create", "--role", "viewer", "--rate-limit", "0"])
                .split(whereSeparator: \.isWhitespace).joined()
            let streams = HTTPStreamClient()
            defer { streams.stop() }
            let bound = StreamReader(streams, gateway.url, site.site, key: key)
            bound.open()
            let late = StreamReader(streams, gateway.url, site.site)
            late.open(lastID: "0:0")
            for reader in [bound, late] {
                #expect(reader.wait { $0.hasSnapshots && $0.known == StreamedSite.times(0..<3) })
            }
            try plant.command(["key", "revoke", String(key.split(separator: "_")[1]), "--yes"])
            bound.waitForEnd()
            #expect(bound.faults == [])
            bound.open()
            bound.waitForEnd()
            #expect(bound.status == 401)
            try site.send(3..<4, to: gateway.url)
            #expect(late.wait { $0.known == StreamedSite.times(0..<4) && $0.units == 4 })
            #expect(late.openings == 1, "nobody else's key ends it")
        }
    }
}

/// A site with one worker who makes a unit a minute.
private struct StreamedSite {
    let site: SiteID

    init(_ site: SiteID) { self.site = site }

    var declaration: Declaration {
        Declaration(
            site: site,
            body: Array(
                #"{"site":{},"workers":[{"worker_id":"W1"}],"workstations":[{"workstation_id":"S1"}]}"#.utf8))
    }

    private static func time(_ number: Int) -> String {
        "2026-01-12T08:\(number < 10 ? "0" : "")\(number):00.000000Z"
    }

    static func times(_ numbers: Range<Int>) -> Set<String> { Set(numbers.map(time)) }

    /// Sends one event a request, again and again while a gateway says 503.
    func send(_ numbers: Range<Int>, to url: String) throws {
        let client = HTTPClient()
        for number in numbers {
            let event =
                #"{"timestamp":"\#(Self.time(number))","worker_id":"W1","workstation_id":"S1","#
                + #""event_type":"product_count","confidence":0.9}"#
            let patience = Patience(seconds: 60)
            var status: Int
            repeat {
                status =
                    try client.send(
                        "POST", "\(url)/api/events?site_id=\(site)", headers: [("Content-Type", "application/json")],
                        body: Array(event.utf8)
                    ).status
            } while status == 503 && patience.waitALittle()
            // A first attempt without an answer may have been stored.
            #expect(status == 201 || status == 200)
        }
    }
}

/// Follows the events and the factory of one site through a gateway, and connects again where a stream ends.
private final class StreamReader: Sendable {
    /// What the stream has told.
    struct Told {
        /// Times of the events.
        var known: Set<String> = []
        var units: Int?
        var hasSnapshots: Bool { snapshots.count == 2 }
        fileprivate var snapshots: Set<String> = []
    }

    fileprivate struct State {
        var told = Told()
        var rest: [UInt8] = []
        var lastID: String?
        var isOver = true
        var openings = 0
        var status: Int?
        var faults: [String] = []
    }

    let site: SiteID
    private let streams: HTTPStreamClient
    private let url: String
    private let key: String?
    private let state = Monitor(State())

    init(_ streams: HTTPStreamClient, _ url: String, _ site: SiteID, key: String? = nil) {
        (self.streams, self.site, self.key) = (streams, site, key)
        let day = "from=2026-01-12T00:00:00Z&to=2026-01-13T00:00:00Z"
        self.url = "\(url)/api/stream?site_id=\(site)&topics=factory,events&interval_ms=250&\(day)"
    }

    var faults: [String] { state.withLock { $0.faults } }
    var openings: Int { state.withLock { $0.openings } }
    /// Of the last answer.
    var status: Int? { state.withLock { $0.status } }

    func open(lastID: String? = nil) {
        state.update { state in
            (state.isOver, state.rest, state.told.snapshots) = (false, [], [])
            state.openings += 1
        }
        let headers =
            [("X-API-Key", key), ("Last-Event-ID", lastID)].compactMap { name, value in
                value.map { (name: name, value: $0) }
            }
        _ = streams.open(url, headers: headers) { [self] event in
            state.update { state in
                switch event {
                case .head(let status, _): state.status = status
                case .part(let bytes): state.take(bytes)
                case .end: state.isOver = true
                }
            }
            return .taken
        }
    }

    /// Waits until the stream has told what is expected, and connects again where it ends.
    /// - Returns: false after three minutes without a stream.
    func wait(until isExpected: (Told) -> Bool) -> Bool {
        let patience = Patience(seconds: 180)
        while true {
            let isDone = state.wait { state in isExpected(state.told) ? true : state.isOver ? false : nil }
            if isDone { return true }
            guard patience.waitALittle() else { return false }
            open(lastID: state.withLock { $0.lastID })
        }
    }

    func waitForEnd() { state.wait { $0.isOver ? () : nil } }
}

extension StreamReader.State {
    mutating func take(_ bytes: [UInt8]) {
        guard status == 200 else { return }
        rest += bytes
        while let end = rest.indices.dropLast().first(where: { rest[$0] == 10 && rest[$0 + 1] == 10 }) {
            take(block: String(decoding: rest[..<end], as: UTF8.self))
            rest.removeFirst(end + 2)
        }
    }

    private mutating func take(block: String) {
        var fields: [String: String] = [:]
        for line in block.split(separator: "\n") {
            let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if sides.count == 2 { fields[String(sides[0])] = sides[1].drop { $0 == " " }.description }
        }
        if let id = fields["id"] { lastID = id }
        // Nobody answers for a while: what comes next is whole again.
        if fields["event"] == "away" { return }
        guard let topic = fields["event"], let data = fields["data"], let json = JSONValue(data.utf8) else { return }
        let isSnapshot = json["kind"]?.text == "snapshot"
        // Whatever comes first is whole.
        if !isSnapshot, !told.snapshots.contains(topic) { faults.append("\(topic) begins with a change") }
        if isSnapshot { told.snapshots.insert(topic) }
        switch topic {
        case "factory": told.units = json["total_production_count"]?.text.flatMap { Int($0) }
        case "events":
            let times = (json["items"]?.items ?? []).compactMap { $0["timestamp"]?.text }
            if isSnapshot { told.known = [] }
            for time in times where !told.known.insert(time).inserted { faults.append("\(time) comes twice") }
        default: faults.append("\(topic): \(data)")
        }
    }
}
