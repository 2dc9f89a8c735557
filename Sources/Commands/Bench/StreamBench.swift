internal import EventModel
internal import Foundation
internal import Glibc
internal import HTTPClient
internal import JSON
internal import SimulationKit

/// Live streams of one site, over HTTP, with server, load and readers in one process on loopback.
enum StreamBench {
    /// From sending an event to the frame of each stream that covers it, under load, and what streams cost.
    static func stream(_ benchCase: BenchCase) throws -> BenchResult {
        let running = try RunningService(benchCase)
        defer { running.stop() }
        let readers = try StreamReaders(
            benchCase.streams, port: running.port,
            path: "/api/stream?site_id=\(benchCase.shape.siteID)&interval_ms=\(benchCase.streamMilliseconds)")
        readers.waitForHeads()
        var plan = running.plan(benchCase)
        if benchCase.pace > 0 { plan.pace = benchCase.pace }
        let (usage, bytes) = (ThreadUsage(), readers.bytesRead)
        let load = LoadThread(plan)
        var prober = try StreamProber(running.url, benchCase.shape)
        let outcome = load.whileRunning(pausing: 50) { readers.expect(prober.probe()) }
        let used = ThreadUsage()
        let seconds = outcome?.seconds ?? benchCase.seconds
        var result = BenchResult(
            events: ((outcome?.requests ?? 0) - (outcome?.refused ?? 0)) * benchCase.eventsPerRequest, seconds: seconds)
        result.details["megabytes_per_second"] = Double(readers.bytesRead - bytes) / 1e6 / seconds
        let delays = readers.close().sorted()
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] where !delays.isEmpty {
            result.details["\(name)_milliseconds"] = delays[Int(Double(delays.count - 1) * share)] * 1000
        }
        result.details["stream_cores"] = used.seconds(since: usage, of: Self.isOfStreams) / seconds
        return result
    }

    /// Those that find out what to tell, and those that serve connections.
    private static func isOfStreams(_ thread: String) -> Bool {
        thread == "stream" || thread.hasPrefix("http-") && thread != "http-watch"
    }

    /// What streams hold of memory that nothing is told.
    static func idle(_ benchCase: BenchCase) throws -> BenchResult {
        let running = try RunningService(benchCase)
        defer { running.stop() }
        let before = residentBytes(peak: false)
        let readers = try StreamReaders(
            benchCase.streams, port: running.port, path: "/api/stream?site_id=\(benchCase.shape.siteID)&topics=events")
        readers.waitForHeads()
        var result = BenchResult(events: benchCase.streams)
        result.details["bytes"] = Double(residentBytes(peak: false) - before)
        _ = readers.close()
        return result
    }
}

extension BenchCase {
    /// A plant of a hundred people whose events happen as fast as they are sent, so that the day of the streams has them.
    static func streams(_ count: Int, milliseconds: Int, seconds: Double) -> BenchCase {
        var benchCase = BenchCase(part: .stream, workers: 100, events: 0, grouping: .request)
        benchCase.streams = count
        benchCase.streamMilliseconds = milliseconds
        benchCase.seconds = seconds
        return benchCase
    }
}

extension BenchPlan {
    func stream() throws {
        var table = Table([
            .number("streams"), .number("interval ms"), .number("stored/s"), .number("÷ without"), .number("p50 ms"),
            .number("p99 ms"), .number("MB/s"), .number("of streams, cores"),
        ])
        let alone = try fresh(.streams(0, milliseconds: 1000, seconds: seconds))
        for milliseconds in [1000, 250] {
            var measured = BenchCase.streams(200, milliseconds: milliseconds, seconds: seconds)
            let loaded = try fresh(measured)
            // With little else to do the time of the threads that serve connections is that of sending to them.
            measured.pace = 10
            let paced = try fresh(measured)
            table.append([
                "200", "\(milliseconds)", loaded.eventsPerSecond.inMillions,
                (loaded.eventsPerSecond / alone.eventsPerSecond).asRatio,
                (loaded.details["p50_milliseconds"] ?? 0).oneDecimal,
                (loaded.details["p99_milliseconds"] ?? 0).oneDecimal,
                (loaded.details["megabytes_per_second"] ?? 0).oneDecimal,
                (paced.details["stream_cores"] ?? 0).asRatio,
            ])
        }
        try runner.show(
            "Live streams of one site with 100 workers, all topics; stored without: \(alone.eventsPerSecond.inMillions)/s",
            table)
        var idle = BenchCase.streams(2000, milliseconds: 1000, seconds: seconds)
        idle.part = .streamIdle
        let bytes = Int(try fresh(idle).details["bytes"] ?? 0)
        try runner.console.line("\n2,000 idle streams: \(bytes.inMebibytes)")
        try runner.clear()
    }

    private func fresh(_ benchCase: BenchCase) throws -> BenchResult {
        try runner.clear()
        return try runner.run(benchCase)
    }
}

/// Sends one event, and remembers when and where it was stored.
struct StreamProber {
    /// An event that streams are to cover.
    struct Probe: Sendable {
        var sentAt: ContinuousClock.Instant
        var offset: Int64
    }

    private let client = HTTPClient()
    private let url: String
    private var body: LoadBody
    private var request = 0

    init(_ url: String, _ shape: LoadShape) throws {
        var single = shape
        single.eventsPerRequest = 1
        single.seed = shape.seed &+ 1
        self.url = url
        body = LoadBody(single)
    }

    /// nil where it was not stored.
    mutating func probe() -> Probe? {
        body.fill(request: request)
        request += 1
        let sentAt = ContinuousClock.now
        let posted = try? client.send(
            "POST", url + "/api/events?site_id=\(body.shape.siteID)", headers: [("Content-Type", "application/json")],
            body: body.bytes)
        guard let position = posted.flatMap({ JSONValue($0.body)?["position"]?.text }),
            let offset = RecordPosition(String(position.split(separator: ":").prefix(2).joined(separator: ":")))?.offset
        else { return nil }
        return Probe(sentAt: sentAt, offset: offset.value)
    }
}

/// Processor time of the threads of this process, by name.
struct ThreadUsage {
    private var seconds: [String: Double] = [:]

    init() {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
            guard let stat = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8),
                let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[stat.index(close, offsetBy: 2)...].split(separator: " ")
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { continue }
            seconds[String(stat[stat.index(after: open)..<close]), default: 0] += (user + system) / ticks
        }
    }

    /// Of the threads with certain names, since an earlier look.
    func seconds(since earlier: ThreadUsage, of isCounted: (String) -> Bool) -> Double {
        seconds.filter { isCounted($0.key) }.reduce(0) { $0 + $1.value - (earlier.seconds[$1.key] ?? 0) }
    }
}
