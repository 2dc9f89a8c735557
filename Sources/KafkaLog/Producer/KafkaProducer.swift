internal import CRdKafka
package import EventLog
internal import EventModel
internal import Locks

/// Sends records idempotently to all in-sync replicas (DESIGN 4).
///
/// One thread polls for reports and answers. After a fatal error everything in flight is answered `.uncertain` and a new
/// client is created; sending again is safe by SPEC 2.5 and 2.6. Calls may come from any thread.
package final class KafkaProducer: Sendable {
    private struct Receipt: Sendable {
        var receiver: any DeliveryReceiver
        var index: Int
    }

    private struct State {
        var machine: ProducerMachine<Receipt>
        /// nil while a new one is being created, and at the end.
        var handle: ProducerHandle?
        var lastFault: KafkaFault?
        var recreations = 0
    }

    private let settings: KafkaSettings
    private let limits: ProducerLimits
    let deliveryTimeoutMilliseconds: Int
    private let state: Monitor<State>
    private let ended = Latch()

    /// - Parameter deliveryTimeoutMilliseconds: Within this time a record is acknowledged or answered as failed; shorter
    ///   than the deadline of the request that it came with.
    /// - Throws: ``LogError`` when the settings are not usable. Brokers need not be up.
    package init(
        _ settings: KafkaSettings, limits: ProducerLimits = ProducerLimits(), deliveryTimeoutMilliseconds: Int = 10_000
    ) throws(LogError) {
        self.settings = settings
        self.limits = limits
        self.deliveryTimeoutMilliseconds = deliveryTimeoutMilliseconds
        let handle = try Self.makeHandle(settings, limits, deliveryTimeoutMilliseconds)
        state = Monitor(State(machine: ProducerMachine(limits), handle: handle))
        BackgroundThread.start("kafka-producer") { [self] in
            run()
            ended.open()
        }
    }

    private static func makeHandle(
        _ settings: KafkaSettings, _ limits: ProducerLimits, _ deliveryTimeoutMilliseconds: Int
    ) throws(LogError) -> ProducerHandle {
        let configuration = try settings.configuration()
        configuration.setEvents(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        try configuration.set("enable.idempotence", "true")
        try configuration.set("acks", "all")
        try configuration.set("linger.ms", "5")
        try configuration.set("compression.type", "zstd")
        try configuration.set("delivery.timeout.ms", String(deliveryTimeoutMilliseconds))
        try configuration.set("message.max.bytes", String(Limits.recordBytesMaximum + recordBytesMargin))
        // The machine enforces the limits. Those of librdkafka are higher, because it counts differently.
        try configuration.set("queue.buffering.max.messages", String(limits.inFlightRecordsMaximum + 1000))
        let kilobytes = (limits.inFlightBytesMaximum + Limits.recordBytesMaximum) / 1024 * 2
        try configuration.set("queue.buffering.max.kbytes", String(kilobytes))
        return try ProducerHandle(configuration)
    }

    /// Room beside the payload of a log record: half of it for key and headers, and for the names that a registry record
    /// holds beyond the ids; half for framing. Below ``TopicPlan/messageBytesMaximum`` with it.
    static let recordBytesMargin = 4 << 20

    /// Hands a record over and returns at once; records of a partition stay in order.
    ///
    /// - Throws: ``LogError`` `.unavailable` when the queue is full or there is no client now, `.invalidRecord` when it
    ///   is too large; then the receiver is not called.
    package func send(_ record: ProducerRecord, to receiver: any DeliveryReceiver, index: Int = 0) throws(LogError) {
        let bytes = record.byteCount
        guard bytes <= Limits.recordBytesMaximum + Self.recordBytesMargin / 2 else {
            throw LogError(.invalidRecord, "a record of \(bytes) bytes is too large for Kafka")
        }
        // Handing over copies and never waits, so it happens under the lock, which keeps the client alive.
        try state.withLock { (state) throws(LogError) in
            let ticket: ProducerMachine<Receipt>.Ticket
            do throws(ProducerMachine<Receipt>.Refusal) {
                ticket = try state.machine.admit(bytes: bytes, Receipt(receiver: receiver, index: index))
            } catch {
                throw Self.logError(error, state.lastFault)
            }
            let error = state.handle?.produce(record, opaque: ticket.rawValue) ?? .fatal
            guard error == .noError else {
                _ = state.machine.finish(ticket)
                throw error.logError("sending to \(record.topic)")
            }
        }
    }

    private static func logError(
        _ refusal: ProducerMachine<Receipt>.Refusal, _ fault: KafkaFault?
    ) -> LogError {
        let reason = fault.map { "; last error: \($0)" } ?? ""
        switch refusal {
        case .full:
            return LogError(
                .unavailable, "too many records wait for Kafka's acknowledgement\(reason)",
                hint: KafkaErrorCode.queueFull.hint)
        case .recreating:
            return LogError(.unavailable, "the Kafka producer is being restarted\(reason)", hint: "send again later")
        case .closed:
            return LogError(.unavailable, "the Kafka producer is closed")
        }
    }

    /// Accepts no more records, waits for those in flight, and gives up on the rest; every receiver has been called when
    /// it returns. Must not be called from inside a receiver.
    package func close(timeoutMilliseconds: Int = 10_000) {
        let queue = state.update { state in
            state.machine.close(deadline: Self.now + Int64(timeoutMilliseconds))
            return state.handle?.queue
        }
        queue?.wake()
        ended.wait()
    }

    /// Records and bytes that wait for an acknowledgement.
    package var inFlight: (records: Int, bytes: Int) {
        state.withLock { ($0.machine.inFlightRecords, $0.machine.inFlightBytes) }
    }

    /// How often the client was restarted.
    package var recreations: Int { state.withLock { $0.recreations } }

    /// Why nothing is acknowledged; nil since the last acknowledgement.
    package var lastFault: String? { state.withLock { $0.lastFault?.description } }

    /// Blocks until the client was restarted that many times.
    package func waitForRecreations(_ count: Int) { state.wait { $0.recreations >= count ? () : nil } }

    /// Ends the client as a fatal error would.
    package func failForTest(_ code: KafkaErrorCode) { state.withLock { $0.handle?.failForTest(code) } }

    // MARK: The polling thread

    private static var now: Int64 { BrokerTime.now.milliseconds }

    private func run() {
        // This thread holds its own reference, so that clients are destroyed here and outside the lock.
        var handle = state.withLock { $0.handle }
        while true {
            switch state.withLock({ $0.machine.next(now: Self.now) }) {
            case .poll(let milliseconds):
                guard let queue = handle?.queue else { preconditionFailure("an open producer has no client") }
                if let event = queue.poll(milliseconds: Int32(milliseconds)) { serve(event) }
            case .recreate:
                handle = nil
                handle = recreate()
            case .wait(let milliseconds):
                _ = state.wait(milliseconds: Int(milliseconds)) { $0.machine.state == .closed ? () : nil }
            case .purge:
                handle?.purge()
            case .end(let receipts):
                answer(receipts, LogError(.uncertain, "the Kafka producer was closed before the broker had answered"))
                state.withLock { $0.handle = nil }
                handle = nil
                return
            }
        }
    }

    private func serve(_ event: borrowing KafkaEvent) {
        switch event.kind {
        case .deliveryReports: report(event)
        case .error: fault(event)
        case .log: settings.journal.record(event)
        case .message, .offsetCommit, .rebalance, .other: break
        }
    }

    private func report(_ event: borrowing KafkaEvent) {
        var outcomes: [(receipt: Receipt, result: Result<RecordPosition, LogError>)] = []
        state.withLock { state in
            event.forEachMessage { message in
                guard let receipt = state.machine.finish(.init(rawValue: message.opaque)) else { return }
                outcomes.append((receipt, message.delivery))
                if message.error == .noError { state.lastFault = nil }
            }
        }
        for outcome in outcomes { outcome.receipt.receiver.delivered(outcome.receipt.index, outcome.result) }
    }

    private func fault(_ event: borrowing KafkaEvent) {
        guard let fault = event.fault else { return }
        guard fault.isFatal || fault.code == .fatal else {
            state.withLock { $0.lastFault = fault }
            return
        }
        let receipts = state.withLock { state in
            state.lastFault = state.handle?.fatalError ?? fault
            // The thread still holds it.
            state.handle = nil
            return state.machine.failed(now: Self.now)
        }
        answer(receipts, LogError(.uncertain, "the Kafka producer has failed: \(fault)", hint: "send again"))
    }

    private func recreate() -> ProducerHandle? {
        do {
            let handle = try Self.makeHandle(settings, limits, deliveryTimeoutMilliseconds)
            let isNeeded = state.update { state in
                guard state.machine.recreated() else { return false }
                state.handle = handle
                state.recreations += 1
                return true
            }
            return isNeeded ? handle : nil
        } catch {
            settings.journal.record(.producerNotRecreated(error))
            state.withLock { $0.machine.recreationFailed(now: Self.now) }
            return nil
        }
    }

    private func answer(_ receipts: [Receipt], _ error: LogError) {
        for receipt in receipts { receipt.receiver.delivered(receipt.index, .failure(error)) }
    }
}
