internal import Access
internal import Clocks
internal import Cluster
internal import EventLog
internal import EventModel
internal import Foundation
internal import Gateway
internal import HTTPServer
internal import KafkaLog
internal import Observability
internal import Query
internal import Replay
internal import Sites

/// What every process on Kafka has: the log, the other topics, keys, definitions, and who holds which partition.
final class ClusterParts: Sendable {
    let names: TopicNames
    let settings: KafkaSettings
    let log: KafkaLog
    let topics: KafkaTopics
    let registry: TopicRegistry
    let holders: HolderTable
    let forwarder: QuestionForwarder
    let relay: StreamRelay
    let access: AccessControl
    let keys: TopicKeyStore
    let jobs: TopicJobBoard

    /// How long the start waits for the topic of workers, which only questions need.
    private static let holdersMilliseconds = 5000

    /// Opens everything and checks that the topics are set up correctly.
    ///
    /// - Parameters:
    ///   - role: names the process in the brokers' logs.
    ///   - workerID: the name of this process in the topic of workers, if it is a worker.
    ///   - token: what tells its announcements there from those of another process with that name.
    /// - Throws: ``CommandFailure``
    init(
        _ options: KafkaOptions, role: String, workerID: String? = nil, token: ForwardingToken? = nil,
        _ configuration: ServerConfiguration, _ journal: StructuredLog
    ) throws {
        names = options.names
        settings = try options.settings(role)
        var opened: [() -> Void] = []
        do {
            let log = try KafkaLog.open(settings, role: workerID == nil ? .readAndAppend : .readOnly)
            opened.append { log.close() }
            try Self.verify(settings, log, journal)
            let topics = try KafkaTopics(settings)
            opened.append { topics.close() }
            Self.recordPartitions(log, topics, journal)
            let keys = try TopicKeyStore(topics: topics, names: names, journal: journal.journal)
            opened.append { keys.stop() }
            let registry = try TopicRegistry(topics: topics, names: names, log: log, journal: journal.journal)
            opened.append { registry.stop() }
            jobs = try TopicJobBoard(topics: topics, names: names, journal: journal.journal)
            opened.append { [jobs] in jobs.stop() }
            holders = HolderTable(ownWorkerID: workerID, ownToken: token)
            try holders.start(following: topics, topic: names.workers)
            (self.log, self.topics, self.keys, self.registry) = (log, topics, keys, registry)
        } catch let error as any OperatorError {
            for close in opened.reversed() { close() }
            throw CommandFailure("cannot use the Kafka cluster at \(options.brokers)", because: error)
        }
        _ = holders.readToEnd(timeoutMilliseconds: Self.holdersMilliseconds)
        forwarder = QuestionForwarder(table: holders, journal: journal.journal)
        relay = StreamRelay(table: holders, journal: journal.journal)
        access = AccessControl(keys: keys, policy: configuration.policy)
    }

    /// Wrong topics stop the start; settings that only reduce safety are reported (DESIGN 4).
    private static func verify(_ settings: KafkaSettings, _ log: KafkaLog, _ journal: StructuredLog) throws {
        let admin = try KafkaAdmin(settings)
        let plan = TopicPlan(names: settings.names, partitions: log.partitionCount)
        // Where nobody has recorded it, this start does.
        let findings = try admin.verify(plan, recorded: log.recordedPartitionCount ?? log.partitionCount)
        if let fault = findings.first(where: { $0.level == .failure && !$0.isTolerated }) {
            throw CommandFailure(.failure, "topic \(fault.topic): \(fault.message)", next: fault.hint)
        }
        for finding in findings where finding.level == .warning || finding.isTolerated {
            journal.write(.topicFinding(finding))
        }
        let degraded = findings.filter { $0.level == .degraded }
        if let first = degraded.first { journal.write(.topicsDegraded(first, count: degraded.count)) }
    }

    /// All topics agree, or the process would not get here: for clusters whose topics were made before that was recorded.
    private static func recordPartitions(_ log: KafkaLog, _ topics: KafkaTopics, _ journal: StructuredLog) {
        guard log.recordedPartitionCount == nil else { return }
        do throws(LogError) {
            try log.recordPartitionCount(topics, at: SystemClock().now)
        } catch {
            journal.write(.partitionsNotRecorded(error))
        }
    }

    /// As a part of a process: nothing else may use them when they stop.
    var part: ServicePart {
        ServicePart(
            start: { [self] in relay.start() }, stop: { [self] in stop() }, missing: { [self] in notReady },
            reasons: { [self] in jobs.failure.map { [ReadinessReason(.degraded, $0)] } ?? [] })
    }

    /// What keeps the parts from being up to date; empty: nothing.
    private var notReady: [String] {
        [keys.failure, registry.failure, holders.failure?.message].compactMap { $0 }
    }

    /// What the process serves, for the log.
    var facts: [JournalEvent.Field] {
        let records = (0..<log.partitionCount).map { partition in
            // Of a partition that does not answer now nothing is known; the process starts all the same.
            (try? log.endOffset(PartitionIndex(partition)).value) ?? 0
        }
        return [
            JournalEvent.Field("log", log.epoch.description), JournalEvent.Field("topic", names.events),
            JournalEvent.Field("partitions", log.partitionCount),
            JournalEvent.Field("log_records", records.reduce(0, +)),
        ]
    }

    /// Forwards a question to a worker that holds its partition.
    /// - Parameter exchange: Gets the answer; nil: the question's own.
    func forward(_ asked: AskedElsewhere, _ exchange: (any HTTPExchange)? = nil) -> HTTPOutcome {
        forwarder.forward(
            asked.request, site: asked.site, partition: asked.partition, exchange: exchange ?? asked.exchange)
    }

    /// Access control (SPEC 8.2, 8.5).
    func authorize(_ request: HTTPRequest, _ role: QueryRole) -> QueryPermission { access.permission(request, role) }

    /// Closes everything.
    func stop() {
        relay.stop()
        forwarder.stop()
        holders.stop()
        jobs.stop()
        registry.stop()
        keys.stop()
        topics.close()
        log.close()
    }
}

extension AccessControl {
    /// Whether a request may ask, and about which site.
    func permission(_ request: HTTPRequest, _ role: QueryRole) -> QueryPermission {
        let need: Role =
            switch role {
            case .viewer: .viewer
            case .operator: .operator
            }
        do throws(Problem) {
            return .granted(try authorize(request, needs: need).site(of: request))
        } catch {
            return .refused(error.response)
        }
    }
}

extension GatewayHooks {
    /// Audit and failures as log lines.
    init(_ journal: StructuredLog) {
        self.init(
            audit: { record in journal.write(.audit(record)) }, journal: journal.journal)
    }
}
