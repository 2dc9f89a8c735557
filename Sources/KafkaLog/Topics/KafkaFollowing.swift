internal import CRdKafka
internal import EventLog
internal import EventModel
internal import Locks
internal import Observability

/// Follows a topic with a consumer of its own, on one thread, so that no other reader can delay it.
final class KafkaFollowing: TopicFollowing {
    private let client: KafkaClient
    private let asked: KafkaClient
    private let journal: Journal
    private let progress: FollowingProgress
    private let ended = Latch()
    private let errors: ErrorBox

    /// Partition errors, which librdkafka reports by a callback during a poll when it is not polled for events.
    private final class ErrorBox: Sendable {
        let waiting = Guarded<[KafkaErrorCode]>([])
    }

    /// - Parameters:
    ///   - places: where each partition begins.
    ///   - asked: tells where partitions end. Where nothing is new, a broker holds a fetch for half a second and answers
    ///     nothing else on its connection, so requests that wait for ends need a client that fetches nothing. nil: the
    ///     following's own.
    init(
        _ settings: KafkaSettings, _ topic: String, _ places: [PartitionIndex: KafkaOffset],
        asking asked: KafkaClient? = nil, _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) {
        errors = ErrorBox()
        client = try KafkaClient(.consumer, Self.configuration(settings, errors))
        self.asked = asked ?? client
        journal = settings.journal
        progress = FollowingProgress(topic: topic, places, handle)
        let error = assign(places)
        guard error == .noError else { throw error.logError("following topic \(topic)") }
    }

    private func assign(_ places: [PartitionIndex: KafkaOffset]) -> KafkaErrorCode {
        let list = KafkaPartitionList(
            places.map { KafkaPartition(topic: progress.topic, partition: $0.key, offset: $0.value) })
        return KafkaErrorCode(rd_kafka_assign(client.pointer, list.pointer))
    }

    private static func configuration(
        _ settings: KafkaSettings, _ errors: ErrorBox
    ) throws(LogError) -> KafkaConfiguration {
        let configuration = try settings.configuration()
        // The box outlives the client, which is destroyed with the following that holds both.
        configuration.setOpaque(Unmanaged.passUnretained(errors).toOpaque())
        rd_kafka_conf_set_error_cb(configuration.pointer) { _, code, _, opaque in
            guard let opaque else { return }
            let errors = Unmanaged<ErrorBox>.fromOpaque(opaque).takeUnretainedValue()
            errors.waiting.withLock { waiting in
                // One of each kind is enough: each makes us ask a broker.
                let code = KafkaErrorCode(rd_kafka_resp_err_t(code))
                if !waiting.contains(code) { waiting.append(code) }
            }
        }
        configuration.setEvents(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        // librdkafka assigns only to a consumer with a group name; this one never joins the group and commits nothing.
        try configuration.set("group.id", "\(settings.names.prefix).follow.v1")
        try configuration.set("enable.auto.commit", "false")
        try configuration.set("enable.auto.offset.store", "false")
        try configuration.set("auto.offset.reset", "error")
        try configuration.set("check.crcs", "true")
        try configuration.set("enable.partition.eof", "true")
        try configuration.set("isolation.level", "read_committed")
        try configuration.set("allow.auto.create.topics", "false")
        try configuration.set("fetch.error.backoff.ms", "100")
        // What was fetched ahead waits in memory.
        try configuration.set("queued.max.messages.kbytes", "32768")
        return configuration
    }

    func start() {
        BackgroundThread.start("kafka-follow") { [self] in
            run()
            ended.open()
        }
    }

    var failure: LogError? { progress.failure }

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        progress.readToEnd(asked, timeoutMilliseconds: timeoutMilliseconds)
    }

    func stop() {
        progress.beginStop()
        client.consumerQueue()?.wake()
        ended.wait()
    }

    // MARK: Reading

    /// Longest wait for a record, after which errors are checked.
    private static let pollMilliseconds: Int32 = 100

    private func run() {
        let notices = client.mainQueue()
        while !progress.isOver {
            if let message = rd_kafka_consumer_poll(client.pointer, Self.pollMilliseconds) {
                let message = KafkaMessage(message)
                act(progress.take(message), message.error)
                rd_kafka_message_destroy(UnsafeMutablePointer(mutating: message.pointer))
            } else {
                while let event = notices.poll(milliseconds: 0) { serve(event) }
            }
            let codes = errors.waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for code in codes { act(progress.failed(code, code.text, nil), code) }
        }
        rd_kafka_assign(client.pointer, nil)
    }

    private func serve(_ event: borrowing KafkaEvent) {
        journal.record(event)
        guard event.kind == .error, let fault = event.fault else { return }
        act(progress.failed(fault.code, fault.text, nil), fault.code)
    }

    private func act(_ action: FollowingMachine.Action, _ code: KafkaErrorCode) {
        let topic = progress.topic
        switch action {
        case .proceed:
            break
        case .restart(let partition):
            journal.record(.topicRestarted(topic, partition))
            // Not a seek, which has no effect on a partition whose fetching was ended by an error.
            let error = assign(progress.places)
            if error != .noError { journal.record(.topicFailed(topic, error.text)) }
        case .check:
            client.loseTopic()
            do throws(LogError) {
                _ = progress.checked(try FollowingProgress.check(client, topic, code))
            } catch {
                journal.record(.topicCheckFailed(topic, error))
            }
        case .fail:
            journal.record(.topicFailed(topic, code.text))
        }
    }
}
