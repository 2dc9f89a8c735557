/// What verification found about one topic.
public struct TopicFinding: Sendable, Equatable {
    public enum Level: Int, Sendable, Comparable, CustomStringConvertible {
        case ok
        /// Works, but an operator should check.
        case warning
        /// Works, but losing a broker can stop it or lose records.
        case degraded
        /// Must not run like this.
        case failure

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
        public var description: String {
            switch self {
            case .ok: "ok"
            case .warning: "warning"
            case .degraded: "degraded"
            case .failure: "failure"
            }
        }
    }

    public var level: Level
    public var topic: String
    public var message: String
    /// What an operator can do about it.
    public var hint: String?
    /// Whether processes run nevertheless, because they know what was meant.
    public var isTolerated: Bool

    public init(_ level: Level, _ topic: String, _ message: String, hint: String? = nil, isTolerated: Bool = false) {
        self.level = level
        self.topic = topic
        self.message = message
        self.hint = hint
        self.isTolerated = isTolerated
    }
}

extension TopicPlan {
    /// Compares existing topics with the plan: at least one finding for each topic, in the order of the plan.
    /// - Parameters:
    ///   - recorded: with how many partitions the topic of events was made, as the ``LogBook`` says; nil: nobody has
    ///     recorded it.
    ///   - strays: records in partitions that were added since, which nobody reads.
    public func verify(
        _ found: [String: FoundTopic], recorded: Int32? = nil, strays: Int64 = 0
    ) -> [TopicFinding] {
        topics.flatMap { topic -> [TopicFinding] in
            guard let there = found[topic.name] else {
                return [
                    TopicFinding(
                        .failure, topic.name, "the topic does not exist", hint: "run `andon topics create`")
                ]
            }
            let findings =
                partitions(topic, there, recorded, strays) + copies(topic, there) + cleanup(topic, there)
                + retention(topic, there)
                + sizes(topic, there)
            return findings.isEmpty ? [TopicFinding(.ok, topic.name, "as planned")] : findings
        }
    }

    private func partitions(
        _ topic: Topic, _ there: FoundTopic, _ recorded: Int32?, _ strays: Int64
    ) -> [TopicFinding] {
        var findings: [TopicFinding] = []
        if there.partitions > topic.partitions, recorded == eventPartitions {
            findings.append(added(topic, there, isTruth(topic) ? strays : 0))
        } else if there.partitions != topic.partitions {
            findings.append(
                TopicFinding(
                    .failure, topic.name, "has \(there.partitions) partitions, not \(topic.partitions)",
                    hint: "partitions decide where a site's records are: give --partitions as the topic was created, "
                        + "or copy the log into a new topic"))
        }
        if isTruth(topic), there.partitions == topic.partitions, recorded.map({ $0 != topic.partitions }) ?? true {
            findings.append(notRecorded(topic, recorded))
        }
        if there.partitionsWithoutLeader > 0 {
            findings.append(
                TopicFinding(
                    .degraded, topic.name, "\(there.partitionsWithoutLeader) partitions have no leader",
                    hint: "start the brokers that are down"))
        }
        return findings
    }

    private func notRecorded(_ topic: Topic, _ recorded: Int32?) -> TopicFinding {
        guard let recorded else {
            return TopicFinding(
                .warning, topic.name, "it is not recorded with how many partitions it was made",
                hint: "the next start of a gateway or worker records it, or `andon topics create`")
        }
        return TopicFinding(
            .failure, topic.name, "has \(topic.partitions) partitions, but was made with \(recorded)",
            hint: "leave out --partitions, or bring the former topic back")
    }

    /// Kafka takes no partitions away, and with another number of them every site's records would be elsewhere. So the
    /// recorded number stays in use, and the added ones stay empty.
    private func added(_ topic: Topic, _ there: FoundTopic, _ strays: Int64) -> TopicFinding {
        let unread = strays == 0 ? "" : "; \(strays) records are in the others, which nobody reads"
        return TopicFinding(
            .failure, topic.name,
            "has \(there.partitions) partitions, but was made with \(topic.partitions), which are used\(unread)",
            hint:
                "Kafka takes none away; for more, copy the log with `andon log copy --to-topic-prefix …` into topics that "
                + "are made with them" + (strays == 0 ? "" : "; find out which program writes the others"),
            isTolerated: true)
    }

    private func copies(_ topic: Topic, _ there: FoundTopic) -> [TopicFinding] {
        var findings: [TopicFinding] = []
        if there.replication < 3 {
            findings.append(
                TopicFinding(
                    .degraded, topic.name, "replication is \(there.replication), below 3",
                    hint: "losing a broker can lose records; use three brokers or more"))
        }
        let inSync = there.configuration["min.insync.replicas"].flatMap { Int($0) }
        if let inSync, inSync < 2 {
            findings.append(
                TopicFinding(
                    .degraded, topic.name, "min.insync.replicas is \(inSync), below 2",
                    hint: "a record can be acknowledged by one broker alone; set it to 2 with replication 3"))
        } else if let inSync, inSync > there.replication {
            findings.append(
                TopicFinding(
                    .failure, topic.name, "min.insync.replicas is \(inSync), above replication \(there.replication)",
                    hint: "no record can be acknowledged; lower it"))
        }
        return findings
    }

    private func cleanup(_ topic: Topic, _ there: FoundTopic) -> [TopicFinding] {
        guard let policy = there.configuration["cleanup.policy"], policy != topic.cleanup.rawValue else { return [] }
        return [
            TopicFinding(
                .failure, topic.name, "cleanup.policy is \(policy), not \(topic.cleanup.rawValue)",
                hint: "needed records would be removed; set cleanup.policy=\(topic.cleanup.rawValue)")
        ]
    }

    private func retention(_ topic: Topic, _ there: FoundTopic) -> [TopicFinding] {
        guard isTruth(topic) else { return [] }
        return ["retention.ms", "retention.bytes"].compactMap { name in
            guard let value = there.configuration[name], value != "-1" else { return nil }
            return TopicFinding(
                .warning, topic.name, "\(name) is \(value): old events will be removed",
                hint: "older figures could not be rebuilt; set \(name)=-1, or keep backups of the stores")
        }
    }

    private func sizes(_ topic: Topic, _ there: FoundTopic) -> [TopicFinding] {
        var findings: [TopicFinding] = []
        let wanted = topic.configuration["max.message.bytes"].flatMap { Int($0) } ?? 0
        if let size = there.configuration["max.message.bytes"].flatMap({ Int($0) }), size < wanted {
            findings.append(
                TopicFinding(
                    .degraded, topic.name, "max.message.bytes is \(size), below \(wanted)",
                    hint: "the largest requests would be refused; set max.message.bytes=\(wanted)"))
        }
        if let type = there.configuration["message.timestamp.type"], type != "CreateTime" {
            findings.append(
                TopicFinding(
                    .failure, topic.name, "message.timestamp.type is \(type), not CreateTime",
                    hint: "records are found by their created_at; set message.timestamp.type=CreateTime"))
        }
        return findings
    }
}
