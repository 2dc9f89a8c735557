internal import CRdKafka
public import EventLog
public import EventModel

/// Asks a cluster about itself and creates topics. Every call blocks, at most for the timeout. From any thread.
public final class KafkaAdmin: Sendable {
    /// A consuming client: one that asks for a topic never creates it.
    let client: KafkaClient
    private let timeoutMilliseconds: Int32

    /// - Throws: ``LogError`` when the settings are not usable. Brokers need not be up.
    public init(_ settings: KafkaSettings, timeoutMilliseconds: Int = 10_000) throws(LogError) {
        let configuration = try settings.configuration()
        try configuration.set("allow.auto.create.topics", "false")
        try configuration.set("isolation.level", "read_committed")
        configuration.setEvents(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        client = try KafkaClient(.consumer, configuration)
        self.timeoutMilliseconds = Int32(clamping: timeoutMilliseconds)
    }

    // MARK: The cluster

    /// Identity of the cluster.
    public func clusterID() throws(LogError) -> String {
        drainNotices()
        guard let id = client.clusterID(timeoutMilliseconds: timeoutMilliseconds) else {
            throw KafkaErrorCode.timedOut.logError("asking for the identity of the Kafka cluster")
        }
        return id
    }

    /// Brokers that are up.
    public func brokerCount() throws(LogError) -> Int { try metadata().brokerCount }

    // MARK: Topics

    /// - Throws: ``LogError`` also when the topic does not exist.
    public func partitionCount(_ topic: String) throws(LogError) -> Int32 {
        try Patience.ask { isLast throws(LogError) in
            let found = try metadata(of: topic).topics.first { $0.name == topic }
            let error = found?.error ?? .unknownTopicOrPartition
            if let found, error == .noError || error == .leaderNotAvailable, !found.partitions.isEmpty {
                return Int32(found.partitions.count)
            }
            if isLast || !error.isUnknownTopic { throw error.logError("topic \(topic)") }
            return nil
        }
    }

    /// The first existing offset, and the one that the next record gets.
    public func watermarks(_ topic: String, _ partition: PartitionIndex) throws(LogError) -> Range<LogOffset> {
        drainNotices()
        return try client.watermarks(topic, partition, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// The offset that the next record gets, by partition.
    public func ends(
        _ topic: String, _ partitions: [PartitionIndex]
    ) throws(LogError) -> [PartitionIndex: LogOffset] {
        drainNotices()
        return try client.offsets(of: topic, partitions, at: .end, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Those of the named topics that exist, with their properties.
    public func find(_ names: [String]) throws(LogError) -> [String: FoundTopic] {
        let there = try metadata().topics.filter { names.contains($0.name) && $0.error != .unknownTopicOrPartition }
        let configurations = try configurations(of: there.map(\.name))
        var found: [String: FoundTopic] = [:]
        for topic in there {
            // The broker that was asked for its properties may not know it yet, or no longer.
            guard let configuration = configurations[topic.name] else { continue }
            found[topic.name] = FoundTopic(
                partitions: Int32(topic.partitions.count),
                replication: topic.partitions.map(\.replicas).min() ?? 0,
                partitionsWithoutLeader: topic.partitions.count { !$0.hasLeader },
                configuration: configuration)
        }
        return found
    }

    /// Creates the missing topics of a plan and waits until they can be used. Never changes an existing one.
    /// - Returns: the names of the topics that it has created.
    public func create(_ plan: TopicPlan) throws(LogError) -> [String] {
        let there = try metadata().topics.filter { $0.error == .noError }.map(\.name)
        let missing = plan.topics.filter { !there.contains($0.name) }
        if missing.isEmpty { return [] }
        let created = try create(missing)
        try waitUntilUsable(missing.map(\.name))
        return created
    }

    /// Compares the existing topics with a plan; whatever is wrong is checked again before it is reported.
    /// - Parameter recorded: with how many partitions the topic of events was made; nil: nobody has recorded it.
    public func verify(_ plan: TopicPlan, recorded: Int32? = nil) throws(LogError) -> [TopicFinding] {
        try Patience.ask { isLast throws(LogError) in
            let found = try find(plan.topics.map(\.name))
            let findings = plan.verify(found, recorded: recorded, strays: try strays(plan, found, recorded))
            return isLast || !findings.contains { $0.level == .failure } ? findings : nil
        }
    }

    /// Records in partitions of the events that were added since it was made.
    private func strays(
        _ plan: TopicPlan, _ found: [String: FoundTopic], _ recorded: Int32?
    ) throws(LogError) -> Int64 {
        guard let recorded, let events = plan.topics.first, let there = found[events.name],
            there.partitions > recorded
        else { return 0 }
        var strays: Int64 = 0
        for partition in recorded..<there.partitions {
            let range = try watermarks(events.name, PartitionIndex(partition))
            strays += range.upperBound.value - range.lowerBound.value
        }
        return strays
    }

    /// One broker creates a topic; the others know it a little later.
    private func waitUntilUsable(_ names: [String]) throws(LogError) {
        try Patience.ask(milliseconds: Int(timeoutMilliseconds)) { isLast throws(LogError) in
            let usable = try metadata().topics.filter { topic in
                topic.error == .noError && !topic.partitions.isEmpty && topic.partitions.allSatisfy(\.hasLeader)
            }
            if Set(names).isSubset(of: usable.map(\.name)) { return () }
            guard !isLast else {
                throw LogError(
                    .unavailable, "the new topics have no leaders yet", hint: "check again with `andon topics verify`")
            }
            return nil
        }
    }

    func metadata(of topic: String? = nil) throws(LogError) -> KafkaMetadata {
        drainNotices()
        return try client.metadata(of: topic, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Errors and logs are not needed here, because every call has its own answer; but they must not pile up.
    private func drainNotices() {
        let queue = client.mainQueue()
        while queue.poll(milliseconds: 0) != nil {}
    }

    // MARK: Requests of librdkafka's administrator

    /// Sends one request and waits for its answer.
    private func request<Answer>(
        _ operation: rd_kafka_admin_op_t, doing: String, _ send: (OpaquePointer, OpaquePointer, OpaquePointer) -> Void,
        _ read: (borrowing KafkaEvent) throws(LogError) -> Answer
    ) throws(LogError) -> Answer {
        drainNotices()
        let queue = client.newQueue()
        guard let options = rd_kafka_AdminOptions_new(client.pointer, operation) else {
            throw LogError(.unavailable, "\(doing): not supported by librdkafka")
        }
        defer { rd_kafka_AdminOptions_destroy(options) }
        rd_kafka_AdminOptions_set_request_timeout(options, timeoutMilliseconds, nil, 0)
        if operation != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS {
            rd_kafka_AdminOptions_set_operation_timeout(options, timeoutMilliseconds, nil, 0)
        }
        send(client.pointer, options, queue.pointer)
        guard let event = queue.poll(milliseconds: timeoutMilliseconds + 1000) else {
            throw KafkaErrorCode.timedOut.logError(doing)
        }
        if let fault = event.fault { throw fault.code.logError(doing, detail: fault.text) }
        return try read(event)
    }

    private func create(_ topics: [TopicPlan.Topic]) throws(LogError) -> [String] {
        var wanted: [OpaquePointer?] = []
        defer { for topic in wanted { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics {
            var text = [CChar](repeating: 0, count: 512)
            let new = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replication, &text, text.count)
            guard let new else { throw LogError(.unavailable, "creating \(topic.name): \(text.cText)") }
            wanted.append(new)
            for (name, value) in topic.configuration { rd_kafka_NewTopic_set_config(new, name, value) }
        }
        return try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, doing: "creating topics") { client, options, queue in
            rd_kafka_CreateTopics(client, &wanted, wanted.count, options, queue)
        } _: { event throws(LogError) in
            var count = 0
            let result = rd_kafka_event_CreateTopics_result(event.pointer)
            let outcomes = rd_kafka_CreateTopics_result_topics(result, &count)
            return try Self.names(outcomes, count, doing: "creating", except: .topicAlreadyExists)
        }
    }

    /// Removes topics with all their records; for tests.
    package func delete(_ names: [String]) throws(LogError) {
        var wanted = names.map { rd_kafka_DeleteTopic_new($0) }
        defer { for topic in wanted { rd_kafka_DeleteTopic_destroy(topic) } }
        try request(RD_KAFKA_ADMIN_OP_DELETETOPICS, doing: "deleting topics") { client, options, queue in
            rd_kafka_DeleteTopics(client, &wanted, wanted.count, options, queue)
        } _: { event throws(LogError) in
            var count = 0
            let result = rd_kafka_event_DeleteTopics_result(event.pointer)
            let outcomes = rd_kafka_DeleteTopics_result_topics(result, &count)
            _ = try Self.names(outcomes, count, doing: "deleting", except: .unknownTopicOrPartition)
        }
    }

    /// Names of the topics for which it succeeded.
    private static func names(
        _ outcomes: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, doing: String, except: KafkaErrorCode
    ) throws(LogError) -> [String] {
        var names: [String] = []
        for index in 0..<count {
            guard let outcome = outcomes?[index] else { continue }
            let name = String(cString: rd_kafka_topic_result_name(outcome))
            let error = KafkaErrorCode(rd_kafka_topic_result_error(outcome))
            if error == except { continue }
            guard error == .noError else {
                let text = rd_kafka_topic_result_error_string(outcome).map { String(cString: $0) }
                throw error.logError("\(doing) \(name)", detail: text)
            }
            names.append(name)
        }
        return names
    }

    /// Properties in force, by topic.
    private func configurations(of names: [String]) throws(LogError) -> [String: [String: String]] {
        if names.isEmpty { return [:] }
        var wanted = names.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { for resource in wanted { rd_kafka_ConfigResource_destroy(resource) } }
        return try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing: "asking for the properties of topics") {
            client, options, queue in
            rd_kafka_DescribeConfigs(client, &wanted, wanted.count, options, queue)
        } _: { event throws(LogError) in
            var count = 0
            let result = rd_kafka_event_DescribeConfigs_result(event.pointer)
            let resources = rd_kafka_DescribeConfigs_result_resources(result, &count)
            var configurations: [String: [String: String]] = [:]
            for index in 0..<count {
                guard let resource = resources?[index] else { continue }
                let name = String(cString: rd_kafka_ConfigResource_name(resource))
                let error = KafkaErrorCode(rd_kafka_ConfigResource_error(resource))
                if error == .unknownTopicOrPartition { continue }
                guard error == .noError else { throw error.logError("asking for the properties of \(name)") }
                configurations[name] = Self.entries(resource)
            }
            return configurations
        }
    }

    private static func entries(_ resource: OpaquePointer) -> [String: String] {
        var count = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &count)
        var properties: [String: String] = [:]
        for index in 0..<count {
            guard let entry = entries?[index], let value = rd_kafka_ConfigEntry_value(entry) else { continue }
            properties[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
        }
        return properties
    }
}
