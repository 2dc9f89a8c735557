internal import CRdKafka
public import EventLog
public import Observability

/// How to reach a cluster, the same for every client of a process.
public struct KafkaSettings: Sendable {
    /// Brokers to ask first: `host:port,host:port`.
    public var brokers: String
    /// Name of this process in the brokers' logs and quotas.
    public var clientID: String
    public var names: TopicNames
    /// More properties of librdkafka, from the operator: TLS, SASL and the like.
    public private(set) var properties: [KafkaProperty] = []
    /// Gets the log lines of librdkafka and what its clients run into.
    public var journal = Journal.silent

    public init(
        brokers: String, clientID: String = "andon", names: TopicNames = TopicNames(), properties: [KafkaProperty] = []
    ) throws(LogError) {
        self.brokers = brokers
        self.clientID = clientID
        self.names = names
        guard brokers.contains(where: { !$0.isWhitespace && $0 != "," }) else {
            throw LogError(.unavailable, "no Kafka broker is named", hint: "give --brokers host:port,host:port")
        }
        for property in properties where Self.ownNames.contains(property.name) {
            throw LogError(
                .unavailable, "Kafka property \(property.name) is set by Andon itself and cannot be given",
                hint: "remove it from the Kafka properties file")
        }
        self.properties = properties
        // Finds unknown names and bad values now and not only when a client is created.
        _ = try configuration()
    }

    /// Properties that correctness depends on, so that no file can change them (DESIGN 4).
    static let ownNames: Set<String> = [
        "bootstrap.servers", "metadata.broker.list", "client.id", "group.id", "group.instance.id",
        "enable.idempotence", "acks", "request.required.acks", "max.in.flight", "max.in.flight.requests.per.connection",
        "retries", "message.send.max.retries", "delivery.timeout.ms", "message.timeout.ms", "transactional.id",
        "message.max.bytes", "partitioner", "enable.auto.commit", "enable.auto.offset.store", "auto.commit.enable",
        "auto.offset.reset", "check.crcs", "enable.partition.eof", "isolation.level",
        "partition.assignment.strategy", "allow.auto.create.topics", "log.queue", "enabled_events",
        "test.mock.num.brokers",
        "enable.gapless.guarantee", "queuing.strategy", "offset.store.method",
    ]

    /// A configuration with the properties that all clients share.
    func configuration() throws(LogError) -> KafkaConfiguration {
        let configuration = KafkaConfiguration()
        try configuration.set("bootstrap.servers", brokers)
        try configuration.set("client.id", clientID)
        try configuration.set("socket.nagle.disable", "true")
        // Connections closed by a restarting broker are normal.
        try configuration.set("log.connection.close", "false")
        try configuration.set("reconnect.backoff.ms", "50")
        try configuration.set("reconnect.backoff.max.ms", "1000")
        for property in properties { try configuration.set(property.name, property.value) }
        return configuration
    }
}

/// One property of librdkafka.
public struct KafkaProperty: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Reads a file of `name=value` lines; ignores empty ones and those that begin with `#`.
    /// - Throws: ``LogError`` that names any other line. It never repeats the value, which may be a secret.
    public static func parse(_ text: String) throws(LogError) -> [KafkaProperty] {
        var properties: [KafkaProperty] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            if line.isEmpty || line.first == "#" { continue }
            guard let sign = line.firstIndex(of: "="), sign != line.startIndex else {
                throw LogError(
                    .unavailable, "line \(number + 1) of the Kafka properties is not name=value",
                    hint: "write e.g. security.protocol=ssl")
            }
            let name = line[..<sign].trimmed
            let value = line[line.index(after: sign)...].trimmed
            properties.append(KafkaProperty(name: String(name), value: String(value)))
        }
        return properties
    }
}

extension Substring {
    /// Without the white space around it.
    fileprivate var trimmed: Substring {
        let tail = drop(while: \.isWhitespace)
        guard let last = tail.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return tail[...last]
    }
}
