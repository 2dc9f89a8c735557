internal import Clocks
internal import EventModel
internal import Foundation
internal import SimulationKit

/// One measurement: what is measured, with how many workers and which load. It runs in a process of its own, so that
/// its memory use is measured separately.
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
        /// From sending an event to the frames of live streams that cover it.
        case stream
        /// Memory of live streams that nothing is told.
        case streamIdle
        /// Bytes of the topic as librdkafka delivers them, without reading their content.
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
    var streams = 0
    var streamMilliseconds = 1000
    /// Where log and projections are stored.
    var directory = ""
    /// The log is a topic of this Kafka; nil: it is embedded.
    var kafka: KafkaPlace?

    struct KafkaPlace: Codable, Sendable {
        var brokers: String
        var topicPrefix: String
        var properties: [String: String]
    }

    var shape: LoadShape {
        var shape = LoadShape(
            seed: seed, workers: workers, eventsPerRequest: eventsPerRequest,
            grouping: grouping == .random ? .random : .byRequest(workers: 4), latePercent: latePercent,
            start: BenchCase.start, interval: Int64(intervalSeconds) * Microseconds.second)
        if part == .stream {
            // At 100 thousand events a second event times pass as fast as the clock; they begin an hour ago.
            (shape.start, shape.interval) = (SystemClock().now - Microseconds.hour, 1000)
        }
        return shape
    }

    var definition: SiteDefinition {
        var definition = shape.definition
        definition.timeZone = timeZone
        definition.shifts = [("early", 6, 14), ("late", 14, 22), ("night", 22, 6)].map { name, start, end in
            .init(name: name, startMinute: start * 60, endMinute: end * 60)
        }
        return definition
    }

    var requests: Int { (events + eventsPerRequest - 1) / eventsPerRequest }
    /// As in the data directory of a service.
    var logPath: String { directory + "/log.sqlite" }
    var storePath: String { directory + "/projections.sqlite" }

    /// 2026-01-01T00:00:00Z: the load's event times begin here, independent of the clock.
    static let start = Timestamp(microseconds: 1_767_225_600_000_000)
}

/// The result of one measurement.
struct BenchResult: Codable, Sendable {
    var events = 0
    var seconds = 0.0
    /// Other figures by name, e.g. `pages_per_commit`.
    var details: [String: Double] = [:]
    var residentBytes = 0

    var eventsPerSecond: Double { seconds > 0 ? Double(events) / seconds : 0 }
}

/// Wall-clock seconds that a block takes.
func measureSeconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try clock.measure(body)
    return duration.inSeconds
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Peak or current resident memory of this process, in bytes.
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
