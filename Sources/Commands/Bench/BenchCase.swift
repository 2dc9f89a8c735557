internal import EventModel
internal import Foundation
internal import SimulationKit

/// One measurement: what is measured, on how many workers, with which load. It runs in a process of its own, so that its
/// memory can be told from that of the others.
struct BenchCase: Codable, Sendable {
    enum Part: String, Codable, CaseIterable, Sendable {
        /// The fold in memory, without decoding.
        case fold
        /// Writes the log that `scan` and `replay` read; not a measurement.
        case fill
        /// Bare scan and decode of the log.
        case scan
        /// The log into durable projections.
        case replay
        /// Requests over HTTP, stored.
        case ingest
        /// The same requests, discarded by the same server.
        case discard
        /// From sending an event to an answer that shows it.
        case visible
        /// A day's figures from a large store.
        case query
        /// Bytes of the topic as librdkafka hands them out, looked at by nobody.
        case consume
    }

    enum Grouping: String, Codable, CaseIterable, Sendable {
        case request
        case random
    }

    var part: Part
    var workers: Int
    var events: Int
    var grouping: Grouping
    var latePercent: Double = 0
    var seed: UInt64 = 1
    var eventsPerRequest = 100
    var connections = 64
    var idleConnections = 0
    var seconds = 5.0
    /// Requests a second.
    var pace = 0.0
    /// Seconds between the events of one worker.
    var intervalSeconds = 10
    var timeZone = "UTC"
    /// Where log and projections are.
    var directory = ""
    /// The log is a topic of this Kafka; nil: it is embedded.
    var kafka: KafkaPlace?

    struct KafkaPlace: Codable, Sendable {
        var brokers: String
        var topicPrefix: String
        var properties: [String: String]
    }

    var shape: LoadShape {
        LoadShape(
            seed: seed, workers: workers, eventsPerRequest: eventsPerRequest,
            grouping: grouping == .random ? .random : .byRequest(workers: 4), latePercent: latePercent,
            start: BenchCase.start, interval: Int64(intervalSeconds) * Microseconds.second)
    }

    var definition: SiteDefinition {
        var definition = shape.definition
        definition.timeZone = timeZone
        return definition
    }

    var requests: Int { (events + eventsPerRequest - 1) / eventsPerRequest }
    /// As in the data directory of a service.
    var logPath: String { directory + "/log.sqlite" }
    var storePath: String { directory + "/projections.sqlite" }

    /// 2026-01-01T00:00:00Z: the load's event times begin here, whatever the clock says.
    static let start = Timestamp(microseconds: 1_767_225_600_000_000)
}

/// What one measurement gave.
struct BenchResult: Codable, Sendable {
    var events = 0
    var seconds = 0.0
    /// Other figures by name, e.g. `pages_per_commit`.
    var details: [String: Double] = [:]
    var residentBytes = 0

    var eventsPerSecond: Double { seconds > 0 ? Double(events) / seconds : 0 }
}

/// Wall-clock seconds of a block.
func measureSeconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try clock.measure(body)
    return duration.inSeconds
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Most memory that this process has had resident, in bytes, or that it has now.
func residentBytes(peak: Bool = true) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
    let name = peak ? "VmHWM:" : "VmRSS:"
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return 0 }
    return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
}

/// Bytes that this process has caused to be written to storage.
func writtenBytes() -> Int {
    guard let io = try? String(contentsOfFile: "/proc/self/io", encoding: .utf8) else { return 0 }
    guard let line = io.split(separator: "\n").first(where: { $0.hasPrefix("write_bytes:") }) else { return 0 }
    return line.split(separator: " ").last.flatMap { Int($0) } ?? 0
}
