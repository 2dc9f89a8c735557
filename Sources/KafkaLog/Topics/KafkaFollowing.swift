internal import CRdKafka
internal import EventLog
internal import EventModel
internal import Foundation
internal import Locks

/// A topic being read by a consumer of its own, on one thread.
final class KafkaFollowing: TopicFollowing {
    private struct State {
        var machine: FollowingMachine
        var isStopping = false
        var hasEnded = false
    }

    private let client: KafkaClient
    private let topic: String
    private let notice: @Sendable (Int32, String) -> Void
    private let state: Monitor<State>
    private let errors: ErrorBox

    /// Errors of partitions, which librdkafka tells by a callback during a poll when it is not polled for events.
    private final class ErrorBox: Sendable {
        let waiting = Guarded<[KafkaErrorCode]>([])
    }

    /// - Parameter places: where each partition begins.
    init(_ settings: KafkaSettings, _ topic: String, _ places: [PartitionIndex: KafkaOffset]) throws(LogError) {
        errors = ErrorBox()
        client = try KafkaClient(.consumer, Self.configuration(settings, errors))
        self.topic = topic
        notice = settings.notice
        state = Monitor(State(machine: FollowingMachine(topic: topic, places)))
        let error = assign(places)
        guard error == .noError else { throw error.logError("following topic \(topic)") }
    }

    private func assign(_ places: [PartitionIndex: KafkaOffset]) -> KafkaErrorCode {
        let list = KafkaPartitionList(
            places.map { KafkaPartition(topic: topic, partition: $0.key, offset: $0.value) })
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
                // One of a kind is enough: each makes a broker be asked.
                let code = KafkaErrorCode(rd_kafka_resp_err_t(code))
                if !waiting.contains(code) { waiting.append(code) }
            }
        }
        configuration.setEvents(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        // librdkafka assigns only to a consumer that names a group; this one never joins it and commits nothing.
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

    func start(_ handle: @escaping @Sendable (FollowedRecord) -> Void) {
        let thread = Thread { [self] in
            run(handle)
            state.update { $0.hasEnded = true }
        }
        thread.name = "kafka-follow"
        thread.start()
    }

    var failure: LogError? { state.withLock { $0.machine.failure } }

    func stop() {
        state.update { $0.isStopping = true }
        client.consumerQueue()?.wake()
        state.wait { $0.hasEnded ? () : nil }
    }

    // MARK: Reading

    /// Longest wait for a record, after which errors are looked at.
    private static let pollMilliseconds: Int32 = 100

    private func run(_ handle: (FollowedRecord) -> Void) {
        let notices = client.mainQueue()
        while state.withLock({ !$0.isStopping && $0.machine.failure == nil }) {
            if let message = rd_kafka_consumer_poll(client.pointer, Self.pollMilliseconds) {
                serve(KafkaMessage(message), handle)
                rd_kafka_message_destroy(message)
            } else {
                while let event = notices.poll(milliseconds: 0) { serve(event) }
            }
            let codes = errors.waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for code in codes { act(state.update { $0.machine.failed(code, code.text, nil) }, code) }
        }
        rd_kafka_assign(client.pointer, nil)
    }

    private func serve(_ message: KafkaMessage, _ handle: (FollowedRecord) -> Void) {
        switch message.error {
        case .noError:
            let record = message.followedRecord
            guard state.withLock({ $0.machine.wants(record.position) }) else { return }
            handle(record)
            state.update { $0.machine.handled(record.position) }
        case .partitionEnd:
            state.update { $0.machine.reachedEnd(message.partition, message.offset) }
        case let code:
            act(state.update { $0.machine.failed(code, message.errorText, message.partition) }, code)
        }
    }

    private func serve(_ event: borrowing KafkaEvent) {
        if let line = event.logLine { notice(line.level, "\(line.facility): \(line.text)") }
        guard event.kind == .error, let fault = event.fault else { return }
        act(state.update { $0.machine.failed(fault.code, fault.text, nil) }, fault.code)
    }

    private func act(_ action: FollowingMachine.Action, _ code: KafkaErrorCode) {
        switch action {
        case .carryOn:
            break
        case .restart(let partition):
            notice(4, "topic \(topic) partition \(partition.value): the place is gone, reading from the first record")
            // Not a seek: that has no effect on a partition whose fetching an error has ended.
            let error = assign(state.withLock { $0.machine.places })
            if error != .noError { notice(3, "topic \(topic): \(error.text)") }
        case .check:
            client.loseTopic()
            check(code)
        case .fail:
            notice(3, "topic \(topic): \(code.text)")
        }
    }

    /// Brokers that have just started can deny a topic that is there, so only the newest metadata counts.
    private func check(_ code: KafkaErrorCode) {
        do {
            let metadata = try client.metadata(of: topic, timeoutMilliseconds: 5000)
            let error = metadata.topics.first { $0.name == topic }?.error ?? code
            _ = state.update { $0.machine.checked(error) }
        } catch {
            notice(4, "topic \(topic): \(error)")
        }
    }

    // MARK: Waiting

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        guard let ends = ends(before: deadline) else { return false }
        return state.wait(milliseconds: Self.remaining(until: deadline)) { state -> Bool? in
            if state.machine.hasReached(ends) { return true }
            return state.isStopping || state.machine.failure != nil ? false : nil
        } ?? false
    }

    /// Where the partitions end now; nil when no broker tells in time.
    private func ends(before deadline: ContinuousClock.Instant) -> [PartitionIndex: LogOffset]? {
        let partitions = state.withLock { $0.machine.partitions }
        while true {
            let milliseconds = Self.remaining(until: deadline)
            let isOver = state.withLock { $0.isStopping || $0.machine.failure != nil }
            if isOver || milliseconds <= 0 { return nil }
            do {
                return try client.offsets(
                    of: topic, partitions, at: .end, timeoutMilliseconds: Int32(clamping: min(milliseconds, 1000)))
            } catch {
                // A leader that is being elected: ask again a moment later.
                _ = state.wait(milliseconds: min(milliseconds, 50)) { $0.isStopping ? () : nil }
            }
        }
    }

    private static func remaining(until deadline: ContinuousClock.Instant) -> Int {
        let left = (deadline - ContinuousClock.now).components
        return Int(left.seconds) * 1000 + Int(left.attoseconds / 1_000_000_000_000_000)
    }
}

extension KafkaMessage {
    /// A copy that outlives the message.
    fileprivate var followedRecord: FollowedRecord {
        FollowedRecord(
            position: RecordPosition(partition: partition, offset: offset), key: [UInt8](key),
            value: value.map { [UInt8]($0) }, headers: headers,
            timestamp: Timestamp(microseconds: (timestampMilliseconds ?? 0) * 1000))
    }
}
