import EventLog
import EventModel
internal import Locks

/// The records of one partition between the polling thread, which delivers them, and readers, which take them.
final class PartitionReader: Sendable {
    struct State {
        var machine: ReaderMachine
        var buffer = FetchBuffer<FetchedMessage>()
        var end = EndTracker()
        var progress = FetchProgress()
        /// What is passed over, with what was seen there.
        var skips: [KafkaSkip] = []
        /// A reader is taking its records; others must not seek elsewhere meanwhile, or no reader would make progress.
        var isTaken = false
        var waiters = 0
        /// Calls that hold messages; closing waits for them.
        var deliveries = 0
        var usedAt: Int64 = 0
        var wakes = 0
        var isClosed = false
        var heldBytesMaximum = ReaderLimits.heldBytesMaximum
        /// Set by tests; nil: none.
        var heldBytesCap: Int?
        var pauses = 0
    }

    let partition: PartitionIndex
    private let state: Monitor<State>
    private let signals: ReaderSignals

    init(partition: PartitionIndex, signals: ReaderSignals) {
        self.partition = partition
        self.signals = signals
        state = Monitor(State(machine: ReaderMachine(partition: partition)))
    }

    // MARK: Readers

    /// What a reader gets.
    enum Outcome {
        /// To be delivered, apart from what `skips` name, released, and reported by ``deliveryEnded()``; reading goes on at
        /// `next`.
        case records([FetchedMessage], next: LogOffset, skips: [KafkaSkip])
        /// The log ends here, or nothing came in time.
        case nothing
        /// Whether the offset is in the log must be asked for, and reported by ``observe(end:askedAt:)``.
        case beyondKnownEnd
        case failed(LogError)
    }

    /// Waits for records at `offset`, as long as the log is known to have some.
    func take(from offset: LogOffset, byteLimit: Int) -> Outcome {
        let wakes = state.wait { state -> Int? in
            guard !state.isTaken || state.isClosed else { return nil }
            state.isTaken = true
            state.waiters += 1
            return state.wakes
        }
        defer {
            state.update { state in
                state.isTaken = false
                state.waiters -= 1
                state.usedAt = BrokerTime.microseconds
            }
        }
        for _ in 0..<ReaderLimits.readPatienceSteps {
            let outcome = state.wait(milliseconds: ReaderLimits.readStepMilliseconds) { state in
                choose(&state, from: offset, byteLimit: byteLimit, wakes: wakes)
            }
            // Hand out what is there, although more was expected.
            if let outcome = outcome ?? takeBuffered(from: offset, byteLimit: byteLimit) { return outcome }
        }
        return .nothing
    }

    /// The messages of a ``Outcome/records(_:)`` are released.
    func deliveryEnded() { state.update { $0.deliveries -= 1 } }

    /// See ``EventLog/waitForRecord(_:at:timeoutMilliseconds:)``. True also where reading has failed: the read says why.
    func wait(at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        let wakes = state.withLock { state in
            state.waiters += 1
            return state.wakes
        }
        defer {
            // Closing waits for it.
            state.update { state in
                state.waiters -= 1
                state.usedAt = BrokerTime.microseconds
            }
        }
        return state.wait(milliseconds: timeoutMilliseconds) { state -> Bool? in
            if state.isClosed || state.wakes != wakes { return false }
            if case .failed = state.machine.state { return true }
            guard let end = state.end.end else {
                signals.askEnds()
                return nil
            }
            if offset < end { return true }
            // Fetching continues at or before the offset, so the record will arrive.
            if offset == end, state.machine.next.map({ $0 > offset }) ?? true { want(&state, offset) }
            return nil
        } ?? false
    }

    private func choose(_ state: inout State, from offset: LogOffset, byteLimit: Int, wakes: Int) -> Outcome? {
        if state.isClosed { return .failed(.logClosed) }
        if let failure = state.machine.takeFailure(at: offset) { return .failed(failure) }
        if state.buffer.contains(offset) {
            release(state.buffer.skip(to: offset))
            let isEnough =
                state.buffer.payloadByteCount >= byteLimit || !state.machine.isFetching
                || state.end.end.map { state.buffer.end ?? offset >= $0 } ?? true
            return isEnough ? takeBuffered(&state, byteLimit: byteLimit) : nil
        }
        guard let end = state.end.end, offset >= .zero, offset <= end else { return .beyondKnownEnd }
        if offset == end || state.wakes != wakes { return .nothing }
        want(&state, offset)
        return nil
    }

    private func takeBuffered(from offset: LogOffset, byteLimit: Int) -> Outcome? {
        state.withLock { state in
            guard state.buffer.contains(offset), !state.isClosed else { return nil }
            release(state.buffer.skip(to: offset))
            return takeBuffered(&state, byteLimit: byteLimit)
        }
    }

    private func takeBuffered(_ state: inout State, byteLimit: Int) -> Outcome {
        let taken = state.buffer.take(byteLimit: byteLimit)
        let first = taken.records.first?.offset ?? taken.next
        let skips = state.skips.isEmpty ? [] : state.skips.filter { $0.skip.first < taken.next && first < $0.skip.next }
        state.deliveries += 1
        if state.buffer.heldByteCount <= state.heldBytesMaximum / 2, state.machine.drained() {
            signals.requestReconcile(partition)
        }
        return .records(taken.records, next: taken.next, skips: skips)
    }

    /// `offset` is not buffered: the buffer is for another position, unless fetching continues exactly there.
    private func want(_ state: inout State, _ offset: LogOffset) {
        if state.machine.next != offset || state.buffer.end ?? offset != offset { release(state.buffer.removeAll()) }
        if state.machine.want(offset) { signals.requestReconcile(partition) }
    }

    private func release(_ messages: [FetchedMessage]) {
        for message in messages { message.release() }
    }

    /// These offsets are passed over from now on.
    func setSkips(_ skips: [KafkaSkip]) {
        state.update { state in
            state.skips = skips
            state.machine.skips = skips.map(\.skip)
        }
    }

    // MARK: Ends

    /// nil until the end was asked for once; asking keeps it fresh for a while.
    func knownEnd() -> KnownEnd? {
        state.withLock { state in
            state.usedAt = BrokerTime.microseconds
            return state.end.known(now: state.usedAt)
        }
    }

    /// A broker named the end.
    /// - Returns: where fetching stood still; it starts anew there.
    @discardableResult
    func observe(end: LogOffset, askedAt: Int64) -> LogOffset? {
        state.update { state in
            guard let former = state.end.observe(end, askedAt: askedAt) else {
                return restartIfStalled(&state, end: end, now: askedAt)
            }
            state.machine.fail(
                LogError(
                    .outOfRange,
                    "partition \(partition.value) ended at \(former.value) and ends at \(end.value) now",
                    hint: "the topic was recreated or truncated; fold into a new store"))
            signals.requestReconcile(partition)
            return nil
        }
    }

    private func restartIfStalled(_ state: inout State, end: LogOffset, now: Int64) -> LogOffset? {
        let next = state.machine.isFetching ? state.machine.next : nil
        guard state.progress.observe(next, end: end, now: now), state.machine.stalled() else { return nil }
        signals.requestReconcile(partition)
        return next
    }

    /// The record right before `end` was acknowledged.
    func reaches(_ end: LogOffset) { state.update { $0.end.reaches(end) } }

    // MARK: Polling thread

    func reconcile() -> ReaderMachine.Order {
        state.withLock { $0.machine.reconcile() }
    }

    /// Takes what was fetched, in order.
    /// - Returns: whether fetching has to be reconciled before more is delivered.
    func deliver(_ messages: ArraySlice<FetchedMessage>) -> Bool {
        state.update { state in
            var mustReconcile = false
            for message in messages {
                let expected = state.machine.next
                switch state.machine.fetched(message.offset) {
                case .keep:
                    state.buffer.append(message, expected: expected ?? message.offset)
                    continue
                case .drop: break
                case .gap: mustReconcile = true
                }
                message.release()
            }
            if let end = state.buffer.end { state.end.reaches(end) }
            if state.buffer.heldByteCount > state.heldBytesMaximum, state.machine.filled() {
                state.pauses += 1
                mustReconcile = true
            }
            return mustReconcile
        }
    }

    func reachedEnd(_ end: LogOffset) -> Bool {
        state.update { state in
            state.end.reaches(end)
            let expected = state.machine.next
            let mustReconcile = state.machine.reachedEnd(end)
            if let expected, let next = state.machine.next, expected < next {
                state.buffer.extend(from: expected, to: next)
            }
            return mustReconcile
        }
    }

    func denied() {
        state.update { if $0.machine.denied() { signals.askEnds() } }
    }

    func fail(_ error: LogError) { state.update { $0.machine.fail(error) } }

    /// Stops fetching a partition that nobody has read for a while, and divides its memory among the others.
    /// - Returns: whether it is in use.
    func tidy(now: Int64, heldBytesMaximum: Int) -> Bool {
        state.withLock { state in
            state.heldBytesMaximum = min(heldBytesMaximum, state.heldBytesCap ?? heldBytesMaximum)
            if isUsed(state, now: now) { return true }
            if state.machine.forget() {
                release(state.buffer.removeAll())
                signals.requestReconcile(partition)
            }
            return false
        }
    }

    private func isUsed(_ state: State, now: Int64) -> Bool {
        state.waiters > 0 || now - state.usedAt < ReaderLimits.unusedMicrosecondsMaximum
    }

    // MARK: Watch thread

    /// Whether its end is to be asked for, and whether a broker denied what is read.
    func interest(now: Int64) -> (isUsed: Bool, isInDoubt: Bool) {
        state.withLock { (isUsed($0, now: now), $0.machine.isChecking) }
    }

    func rangeKnown(start: LogOffset, end: LogOffset) {
        state.update { if $0.machine.rangeKnown(start: start, end: end) { signals.requestReconcile(partition) } }
    }

    func topicUnknown(_ topic: String) { state.update { $0.machine.topicUnknown(topic) } }

    // MARK: Life

    func limitBuffer(bytes: Int) {
        state.withLock { state in
            state.heldBytesCap = bytes
            state.heldBytesMaximum = bytes
        }
    }

    var pauses: Int { state.withLock { $0.pauses } }

    func wake() { state.update { $0.wakes += 1 } }

    /// Ends all waits; returns when no message is held any more.
    func close() {
        state.update { $0.isClosed = true }
        state.wait { $0.deliveries == 0 && $0.waiters == 0 ? () : nil }
        state.withLock { state in
            release(state.buffer.removeAll())
            _ = state.machine.forget()
        }
    }
}
