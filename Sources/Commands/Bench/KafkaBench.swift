internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog

/// What `andon bench --brokers` measures: the same on Kafka, compared with librdkafka alone.
enum KafkaBench {
    /// Bare batch consume of the topic: the minimum work for any consumer based on librdkafka.
    static func consume(_ benchCase: BenchCase) throws -> BenchResult {
        guard let kafka = benchCase.kafka else { return BenchResult() }
        var result = BenchResult(events: benchCase.events)
        let settings = try kafka.options.settings("bench")
        result.seconds = try measureSeconds {
            let bytes = try KafkaScan.consume(settings, PartitionIndex(0))
            result.details["bytes"] = Double(bytes)
        }
        return result
    }
}

extension BenchPlan {
    /// All measurements on Kafka, in topics of their own that are removed afterwards.
    func kafka(_ options: KafkaOptions) throws {
        let topics = try BenchTopics(options)
        defer { topics.remove() }
        try kafkaReplay(topics)
        try kafkaIngest(topics)
    }

    private func kafkaReplay(_ topics: BenchTopics) throws {
        var table = Table([
            .number("workers"), .text("grouped"), .number("bare consume, MB/s"), .number("scan+decode, MB/s"),
            .number("replay, MB/s"), .number("of bare"), .number("replayed events/s"),
        ])
        for count in workers {
            for grouping in BenchCase.Grouping.allCases {
                try runner.clear()
                var measured = BenchCase(part: .fill, workers: count, events: events, grouping: grouping)
                measured.kafka = try topics.renew()
                _ = try runner.run(measured)
                measured.part = .consume
                let bare = try runner.run(measured)
                measured.part = .scan
                let scan = try runner.run(measured)
                measured.part = .replay
                let replay = try runner.run(measured)
                let bytes = scan.details["bytes"] ?? 0
                func rate(_ result: BenchResult) -> Double { bytes / max(result.seconds, 1e-9) / 1e6 }
                table.append([
                    grouped(count), grouping.rawValue, rate(bare).oneDecimal, rate(scan).oneDecimal,
                    rate(replay).oneDecimal, (rate(replay) / rate(bare)).asRatio, replay.eventsPerSecond.inMillions,
                ])
            }
        }
        try runner.show(
            "Replay of a topic into durable projections, \(grouped(events)) events, 100 a record", table)
    }

    private func kafkaIngest(_ topics: BenchTopics) throws {
        var table = Table([
            .number("workers"), .number("connections"), .number("embedded/s"), .number("Kafka/s"), .number("ratio"),
            .number("lag, events"), .number("p50 ms"), .number("p99 ms"), .number("max ms"),
        ])
        for count in workers {
            for links in connections {
                try runner.clear()
                var measured = BenchCase(part: .ingest, workers: count, events: events, grouping: .request)
                (measured.connections, measured.seconds) = (links, seconds)
                let embedded = try runner.run(measured)
                try runner.clear()
                measured.kafka = try topics.renew()
                let onKafka = try runner.run(measured)
                try runner.clear()
                measured.kafka = try topics.renew()
                measured.part = .visible
                measured.pace = onKafka.eventsPerSecond / Double(measured.eventsPerRequest) / 2
                let visible = try runner.run(measured)
                table.append([
                    grouped(count), "\(links)", embedded.eventsPerSecond.inMillions,
                    onKafka.eventsPerSecond.inMillions,
                    (onKafka.eventsPerSecond / embedded.eventsPerSecond).asRatio,
                    grouped(Int(onKafka.details["lag_end_events"] ?? 0)),
                    (visible.details["p50_milliseconds"] ?? 0).oneDecimal,
                    (visible.details["p99_milliseconds"] ?? 0).oneDecimal,
                    (visible.details["max_milliseconds"] ?? 0).oneDecimal,
                ])
            }
        }
        try runner.show(
            "Ingest: gateway and worker on Kafka (acks=all) against the embedded log; POST to visible at half of it",
            table)
    }
}

/// The topics of each measurement. Each gets new names, because a broker removes topics some time after it has
/// confirmed the removal.
private final class BenchTopics {
    private let options: KafkaOptions
    private let admin: KafkaAdmin
    private let copies: Int32
    private let prefix = "andon-bench-\(UUID().uuidString.prefix(8))"
    private var count = 0

    init(_ options: KafkaOptions) throws {
        self.options = options
        admin = try KafkaAdmin(try options.settings("bench"))
        copies = min(TopicPlan.replicationDefault, Int32(try admin.brokerCount()))
    }

    private var plan: TopicPlan {
        TopicPlan(names: TopicNames(prefix: "\(prefix)-\(count)"), partitions: 1, replication: copies)
    }

    /// Removes the topics of the previous measurement and creates new ones.
    func renew() throws -> BenchCase.KafkaPlace {
        remove()
        count += 1
        _ = try admin.create(plan)
        return BenchCase.KafkaPlace(
            brokers: options.brokers, topicPrefix: "\(prefix)-\(count)",
            properties: Dictionary(
                options.properties.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))
    }

    func remove() { if count > 0 { try? admin.delete(plan.topics.map(\.name)) } }
}
