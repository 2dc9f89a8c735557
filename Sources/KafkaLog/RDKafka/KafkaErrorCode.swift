internal import CRdKafka
internal import EventLog

/// What went wrong, in librdkafka's numbers: negative ones are its own, positive ones a broker's.
package struct KafkaErrorCode: Hashable, Sendable, CustomStringConvertible {
    package var rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    init(_ error: rd_kafka_resp_err_t) { rawValue = error.rawValue }
    var raw: rd_kafka_resp_err_t { rd_kafka_resp_err_t(rawValue) }

    /// Short name, e.g. `_QUEUE_FULL`.
    package var name: String { String(cString: rd_kafka_err2name(raw)) }
    /// One sentence by librdkafka.
    package var text: String { String(cString: rd_kafka_err2str(raw)) }
    package var description: String { name }

    package static let noError = Self(RD_KAFKA_RESP_ERR_NO_ERROR)
    package static let queueFull = Self(RD_KAFKA_RESP_ERR__QUEUE_FULL)
    package static let fatal = Self(RD_KAFKA_RESP_ERR__FATAL)
    package static let timedOut = Self(RD_KAFKA_RESP_ERR__TIMED_OUT)
    package static let requestTimedOut = Self(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT)
    package static let transport = Self(RD_KAFKA_RESP_ERR__TRANSPORT)
    package static let resolve = Self(RD_KAFKA_RESP_ERR__RESOLVE)
    package static let allBrokersDown = Self(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    package static let authentication = Self(RD_KAFKA_RESP_ERR__AUTHENTICATION)
    package static let ssl = Self(RD_KAFKA_RESP_ERR__SSL)
    package static let saslAuthenticationFailed = Self(RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
    package static let topicAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    package static let groupAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
    package static let clusterAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
    package static let unknownTopicLocal = Self(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
    package static let unknownTopicOrPartition = Self(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    package static let unknownPartitionLocal = Self(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    package static let topicAlreadyExists = Self(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    package static let invalidTopic = Self(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
    package static let offsetOutOfRange = Self(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    package static let autoOffsetReset = Self(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
    package static let partitionEnd = Self(RD_KAFKA_RESP_ERR__PARTITION_EOF)
    package static let messageTooLarge = Self(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    package static let notLeader = Self(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
    package static let leaderNotAvailable = Self(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
    package static let notEnoughReplicas = Self(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS)
    package static let outOfOrderSequence = Self(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER)
    package static let fenced = Self(RD_KAFKA_RESP_ERR__FENCED)
    package static let badMessage = Self(RD_KAFKA_RESP_ERR__BAD_MSG)
    package static let assignPartitions = Self(RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
}

extension KafkaErrorCode {
    /// Whether it is about a topic or partition that is not there.
    var isUnknownTopic: Bool {
        [.unknownTopicLocal, .unknownTopicOrPartition, .unknownPartitionLocal, .invalidTopic].contains(self)
    }

    /// Whether the brokers refuse this client; it stays so until somebody changes its settings or rights.
    var isRefusal: Bool {
        [
            .authentication, .ssl, .saslAuthenticationFailed, .topicAuthorizationFailed, .groupAuthorizationFailed,
            .clusterAuthorizationFailed,
        ].contains(self)
    }

    /// Whether brokers are only out of reach; librdkafka goes on trying by itself.
    var isOutage: Bool {
        [.transport, .resolve, .allBrokersDown, .timedOut, .requestTimedOut, .notLeader, .leaderNotAvailable]
            .contains(self)
    }

    /// What an operator can do about it.
    var hint: String? {
        if isUnknownTopic { return "create the topics with `andon topics create`" }
        if isRefusal {
            return "check the security settings in the Kafka properties file and the rights on the topics"
        }
        if isOutage { return "check --brokers and that the brokers can be reached from here" }
        switch self {
        case .queueFull: return "brokers take records more slowly than they come; send again later"
        case .messageTooLarge: return "raise max.message.bytes of the topic; see `andon topics verify`"
        case .notEnoughReplicas:
            return "fewer replicas are in sync than min.insync.replicas asks for; check the brokers"
        default: return nil
        }
    }

    /// For calls that have changed nothing when they fail.
    /// - Parameter doing: what was tried, e.g. `reading topic t`.
    func logError(_ doing: String, detail: String? = nil) -> LogError {
        let code: LogError.Code =
            switch self {
            case .offsetOutOfRange, .autoOffsetReset: .outOfRange
            case .messageTooLarge: .invalidRecord
            case .badMessage: .corrupt
            default: .unavailable
            }
        return LogError(code, "\(doing): \(detail ?? text) (\(name))", hint: hint)
    }
}
