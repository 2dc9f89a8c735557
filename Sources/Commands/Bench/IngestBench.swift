internal import Clocks
internal import EventModel
internal import Foundation
internal import Glibc
internal import HTTPClient
internal import HTTPServer
internal import JSON
internal import Locks
internal import Projector
internal import SimulationKit

/// The parts of `andon bench` that use HTTP, with server and load in one process on loopback.
enum IngestBench {
    /// (c) The load on the whole service: judged, appended durably, acknowledged; the fold runs at the same time.
    static func ingest(_ benchCase: BenchCase) throws -> BenchResult {
        let running = try RunningService(benchCase)
        defer { running.stop() }
        let idle = IdleConnections(benchCase.idleConnections, port: running.port)
        defer { idle.close() }
        let lag = LagWatch({ running.progress }, eventsPerRecord: benchCase.eventsPerRequest)
        let outcome = try LoadClient.run(running.plan(benchCase))
        let lags = lag.stop()
        var result = BenchResult(
            events: (outcome.requests - outcome.refused) * benchCase.eventsPerRequest, seconds: outcome.seconds)
        result.details["refused"] = Double(outcome.refused)
        result.details["first_refusal"] = Double(outcome.firstRefusal)
        result.details["lag_middle_events"] = Double(lags.middle)
        result.details["lag_end_events"] = Double(lags.end)
        let catchUp = measureSeconds { running.waitForFold() }
        result.details["catch_up_seconds"] = catchUp
        result.details["log_bytes_per_event"] =
            Double(fileBytes(benchCase.logPath)) / Double(max(1, result.events))
        return result
    }

    /// The same bodies to the same server, which reads and discards them.
    static func discard(_ benchCase: BenchCase) throws -> BenchResult {
        var configuration = HTTPServerConfiguration()
        configuration.threads = max(2, ProcessInfo.processInfo.activeProcessorCount)
        // All load comes from one address.
        configuration.connectionsPerAddressMaximum = 0
        let answer = HTTPResponse.json(200, Array(#"{"success_count":0}"#.utf8))
        let routes = ["/api/events", "/api/events/batch"].map { path in
            HTTPRoute(.post, path, parameters: ["site_id"], bodyBytesMaximum: Limits.bodyBytesMaximum) { _, _ in
                .respond(answer)
            }
        }
        let server = HTTPServer(configuration: configuration, routes: routes)
        let port = try server.start()
        defer { server.stop() }
        let idle = IdleConnections(benchCase.idleConnections, port: port)
        defer { idle.close() }
        let plan = LoadClient.Plan(
            port: port, shape: benchCase.shape, connections: benchCase.connections, seconds: benchCase.seconds)
        let outcome = try LoadClient.run(plan)
        return BenchResult(events: outcome.requests * benchCase.eventsPerRequest, seconds: outcome.seconds)
    }

    /// From sending an event to an answer that shows it, under a load at a given rate.
    static func visible(_ benchCase: BenchCase) throws -> BenchResult {
        let running = try RunningService(benchCase)
        defer { running.stop() }
        var plan = running.plan(benchCase)
        plan.pace = benchCase.pace
        let load = LoadThread(plan)
        var prober = try Prober(running.url, benchCase.shape)
        // Probes are a sample and must not add load.
        let outcome = load.whileRunning(pausing: 10) { try? prober.probe() }
        let delays = prober.delays.sorted()
        var result = BenchResult(
            events: (outcome?.requests ?? 0) * benchCase.eventsPerRequest, seconds: outcome?.seconds ?? 0)
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] where !delays.isEmpty {
            let place = min(delays.count - 1, Int(Double(delays.count) * share))
            result.details["\(name)_milliseconds"] = delays[place] * 1000
        }
        result.details["probes"] = Double(delays.count)
        result.details["refused"] = Double(outcome?.refused ?? 0)
        return result
    }

    static func fileBytes(_ path: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
    }
}

/// Idle connections.
struct IdleConnections {
    private var sockets: [Int32] = []

    init(_ count: Int, port: UInt16) {
        for _ in 0..<count { if let socket = connectToLoopback(port) { sockets.append(socket) } }
    }

    func close() { for socket in sockets { Glibc.close(socket) } }
}

/// Samples the fold's lag ten times a second.
private final class LagWatch: Sendable {
    private let samples = Guarded<[Int64]>([])
    private let ticker = Ticker(milliseconds: 100)

    init(_ progress: @escaping @Sendable () -> FoldProgress?, eventsPerRecord: Int) {
        ticker.start("bench-lag") { [self] in
            guard let progress = progress() else { return }
            let lag = (progress.logEnd.value - progress.nextOffset.value) * Int64(eventsPerRecord)
            samples.withLock { $0.append(lag) }
        }
    }

    /// Lag in events in the middle of the run and at its end: if it grows, the fold does not keep up.
    func stop() -> (middle: Int64, end: Int64) {
        ticker.stop()
        return samples.withLock { ($0.isEmpty ? 0 : $0[$0.count / 2], $0.last ?? 0) }
    }
}

/// Runs a load on a thread of its own.
final class LoadThread: Sendable {
    private let outcome = Guarded<LoadClient.Outcome?>(nil)
    private let ended = Latch()

    init(_ plan: LoadClient.Plan) {
        BackgroundThread.start("bench-load") { [self] in
            let result = try? LoadClient.run(plan)
            outcome.withLock { $0 = result }
            ended.open()
        }
    }

    /// Repeats `body` until the load has ended.
    /// - Parameter milliseconds: pause between two runs.
    func whileRunning(pausing milliseconds: Int, _ body: () -> Void) -> LoadClient.Outcome? {
        repeat { body() } while !ended.wait(milliseconds: milliseconds)
        return wait()
    }

    /// Waits for the end; nil if the load failed.
    func wait() -> LoadClient.Outcome? {
        ended.wait()
        return outcome.withLock { $0 }
    }
}

/// Sends one event, queries a figure that must include it, and records how long both took.
private struct Prober {
    private let client = HTTPClient()
    private let url: String
    private var body: LoadBody
    private var request = 0
    private(set) var delays: [Double] = []

    init(_ url: String, _ shape: LoadShape) throws {
        var single = shape
        single.eventsPerRequest = 1
        single.seed = shape.seed &+ 1
        self.url = url
        body = LoadBody(single)
    }

    mutating func probe() throws {
        body.fill(request: request)
        request += 1
        let site = body.shape.siteID
        let start = ContinuousClock.now
        let posted = try client.send(
            "POST", url + "/api/events?site_id=\(site)", headers: [("Content-Type", "application/json")],
            body: body.bytes)
        guard let position = JSONValue(posted.body)?["position"]?.text else { return }
        let shown = try client.send("GET", url + "/api/ledger?site_id=\(site)&min_position=\(position)")
        guard shown.status == 200 else { return }
        delays.append((ContinuousClock.now - start).inSeconds)
    }
}
