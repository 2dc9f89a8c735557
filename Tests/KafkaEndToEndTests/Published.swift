import EventLog
import EventModel
import Foundation
import HTTPClient
import KafkaLog
import Locks

/// The topic of the workers' hours, read from its beginning as a consumer of its own: the last record of each key counts,
/// as it does after compaction.
final class Published: Sendable {
    private struct State {
        var last: [[UInt8]: [UInt8]?] = [:]
        var first: [[UInt8]: FollowedRecord] = [:]
        var delivered = 0
        var records = 0
        var ends: [PartitionIndex: Int64] = [:]
    }

    private let state = Monitor(State())
    private let topics: KafkaTopics
    private let following: any TopicFollowing
    private let topic: String

    init(_ plant: Plant) throws {
        let names = TopicNames(prefix: plant.prefix)
        topic = names.workerMetrics
        topics = try KafkaTopics(KafkaSettings(brokers: plant.cluster.brokers, names: names))
        following = try topics.follow(names.workerMetrics, nil, from: .beginning) { [state] record in
            state.update { state in
                state.last[record.key] = record.value
                if state.first[record.key] == nil { state.first[record.key] = record }
                state.records += 1
                state.ends[record.position.partition] = record.position.offset.value + 1
            }
        }
    }

    func stop() {
        following.stop()
        topics.close()
    }

    func readToEnd() -> Bool { following.readToEnd(timeoutMilliseconds: 30_000) }

    func waitForRecords(more: Int) -> Bool {
        let goal = state.withLock { $0.records } + more
        return state.wait(milliseconds: 60_000) { $0.records >= goal ? true : nil } ?? false
    }

    /// Sends the oldest record of every key whose figures have changed once more, as a revived worker would whose queue
    /// still held them.
    /// - Returns: how many stand in the topic again.
    func sendOldest() throws -> Int {
        let old = state.withLock { state in
            state.first.values.filter { $0.value != nil && state.last[$0.key] != $0.value }
        }
        for record in old {
            let again = TopicRecord(
                topic: topic, partition: record.position.partition, key: record.key, value: record.value,
                headers: record.headers, timestamp: record.timestamp)
            try topics.send(again) { [state] result in
                if case .success = result { state.update { $0.delivered += 1 } }
            }
        }
        return state.wait(milliseconds: 30_000) { $0.delivered == old.count ? old.count : nil } ?? 0
    }

    /// Whether records are missing, as after compaction.
    var isCompacted: Bool { state.withLock { $0.records < $0.ends.values.reduce(0, +) } }

    private struct Hour: Hashable {
        var site: String
        var start: String
        var end: String
    }

    private static let figures = [
        "working_us", "idle_us", "absent_us", "unknown_us", "elapsed_us", "total_units_produced", "units_per_hour",
        "utilization_percentage", "presence_utilization_percentage", "availability_percentage", "coverage_percentage",
        "current_state", "current_workstation_id",
    ]

    /// Holds the last record of each worker and hour against what is answered about that hour.
    func differences(from url: String, _ sites: [SiteID]) throws -> [String] {
        var hours: [Hour: [String: [String: Any]]] = [:]
        for case .some(let value) in state.withLock({ $0.last.values.map { $0 } }) {
            let parsed = try JSONSerialization.jsonObject(with: Data(value)) as? [String: Any]
            guard let record = parsed, let site = record["site_id"] as? String,
                let worker = record["worker_id"] as? String,
                let start = record["hour_start"] as? String, let end = record["hour_end"] as? String
            else { return ["a record is not as its schema says"] }
            hours[Hour(site: site, start: start, end: end), default: [:]][worker] = record
        }
        let client = HTTPClient()
        var wrong = sites.map(\.text).filter { site in !hours.keys.contains { $0.site == site } }.map {
            "nothing of \($0)"
        }
        for (hour, records) in hours {
            let target = "\(url)/api/metrics/workers?site_id=\(hour.site)&from=\(hour.start)&to=\(hour.end)"
            guard let body = Figures.answer(client, target),
                let answer = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
                let items = answer["items"] as? [[String: Any]]
            else { return ["no answer to \(target)"] }
            for item in items {
                let worker = item["worker_id"] as? String ?? ""
                let record = records[worker]
                let isEmpty = item["coverage_percentage"] as? Double == 0 && item["total_units_produced"] as? Int == 0
                if record == nil, isEmpty { continue }
                for name in Self.figures where record?[name] as? NSObject != item[name] as? NSObject {
                    wrong.append("\(hour.site)/\(worker)/\(hour.start) \(name)")
                }
            }
        }
        return wrong
    }
}
