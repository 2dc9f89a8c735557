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

    public init(_ level: Level, _ topic: String, _ message: String, hint: String? = nil) {
        self.level = level
        self.topic = topic
        self.message = message
        self.hint = hint
    }
}

extension TopicPlan {
    /// Compares existing topics with the plan: at least one finding for each topic, in the order of the plan.
    public func verify(_ found: [String: FoundTopic]) -> [TopicFinding] {
        topics.flatMap { topic -> [TopicFinding] in
            guard let there = found[topic.name] else {
                return [
                    TopicFinding(
                        .failure, topic.name, "the topic does not exist", hint: "run `andon topics create`")
                ]
            }
            let findings =
                partitions(topic, there) + copies(topic, there) + cleanup(topic, there) + retention(topic, there)
                + sizes(topic, there)
            return findings.isEmpty ? [TopicFinding(.ok, topic.name, "as planned")] : findings
        }
    }

    private func partitions(_ topic: Topic, _ there: FoundTopic) -> [TopicFinding] {
        var findings: [TopicFinding] = []
        if there.partitions != topic.partitions {
            findings.append(
                TopicFinding(
                    .failure, topic.name, "has \(there.partitions) partitions, not \(topic.partitions)",
                    hint: "partitions decide where a site's records are: give --partitions as the topic was created, "
                        + "or copy the log into a new topic"))
        }
        if there.partitionsWithoutLeader > 0 {
            findings.append(
                TopicFinding(
                    .degraded, topic.name, "\(there.partitionsWithoutLeader) partitions have no leader",
                    hint: "start the brokers that are down"))
        }
        return findings
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
