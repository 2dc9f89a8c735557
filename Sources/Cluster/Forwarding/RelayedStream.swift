internal import Clocks
internal import EventModel
internal import HTTPServer
internal import JSON
internal import Locks
internal import Observability

/// One relayed stream: the shell of a ``RelayMachine``.
///
/// What it does to others (holders, the client's stream) happens outside its lock, in the order that the machine says.
final class RelayedStream: Sendable {
    /// A request in progress: what outlives its handler.
    struct Asked: Sendable {
        let partition: PartitionIndex
        let target: String
        let headers: [(name: String, value: String)]
        let exchange: any HTTPExchange
        let isInForce: @Sendable () -> Bool
    }

    private struct State: Sendable {
        var machine: RelayMachine
        /// Counts the holders that were asked: what one says that was given up is not heard.
        var attempt = 0
        var transfer: UInt64?
        /// Of the holder that was asked last.
        var holder: Holder?
        var status = 0
        var headers: [(name: String, value: String)] = []
        /// The holder's answer where it is no stream.
        var body: [UInt8] = []
        var splitter = FrameSplitter()
        /// Whole events that the client had no room for.
        var waiting: [UInt8] = []
    }

    private let asked: Asked
    private let client: any StreamingClient
    private let clock: any ProcessClock
    private let holders: @Sendable (PartitionIndex) -> [Holder]
    private let journal: Journal
    private let ended: @Sendable () -> Void
    private let stream = ResponseStream(bufferBytesMaximum: StreamRelay.bufferBytesMaximum)
    private let state: Guarded<State>

    /// Problems are small.
    private static let bodyBytesMaximum = 64 * 1024

    init(
        _ asked: Asked, _ client: any StreamingClient, _ clock: any ProcessClock,
        holders: @escaping @Sendable (PartitionIndex) -> [Holder], journal: Journal,
        ended: @escaping @Sendable () -> Void
    ) {
        (self.asked, self.client, self.clock, self.holders) = (asked, client, clock, holders)
        (self.journal, self.ended) = (journal, ended)
        state = Guarded(State(machine: RelayMachine(at: clock.uptime)))
    }

    func start() {
        stream.whenClosed { [weak self] _ in self?.close() }
        step(.holders(holders(asked.partition)))
    }

    /// The client may not read on, is gone, or the process stops.
    func close() { step(.close) }

    /// Time has passed.
    func look() {
        // While the client does not read the holder waits, too: its silence says nothing.
        if state.withLock({ !$0.waiting.isEmpty }) { step(.heard) }
        step(asked.isInForce() ? .tick : .close)
    }

    // MARK: Actions

    private func step(_ input: RelayMachine.Input) {
        let now = clock.uptime
        for action in state.withLock({ $0.machine.step(now, input) }) { perform(action) }
    }

    private func perform(_ action: RelayMachine.Action) {
        switch action {
        case .ask(let holder): ask(holder)
        case .open:
            let headers = AnswerHeaders.endToEnd(state.withLock { $0.headers })
            asked.exchange.complete(HTTPResponse(status: 200, headers: headers, stream: stream, isCodable: false))
        case .answer(let answer):
            finish(
                HTTPResponse(
                    status: answer.status, headers: AnswerHeaders.endToEnd(answer.headers), body: answer.body))
        case .refuse(let refusal): finish(QuestionForwarder.refused(refusal, asked.partition))
        case .cancel: cancel()
        case .away: _ = passOn(Self.away(asked.partition))
        case .look: step(.holders(holders(asked.partition)))
        case .end:
            stream.finish()
            ended()
        }
    }

    /// The request is answered without a stream.
    private func finish(_ response: HTTPResponse) {
        ended()
        stream.finish()
        asked.exchange.complete(response)
    }

    private func ask(_ holder: Holder) {
        let attempt = state.withLock { state in
            state.attempt += 1
            (state.holder, state.status, state.headers, state.body) = (holder, 0, [], [])
            state.splitter = FrameSplitter()
            return state.attempt
        }
        let token = [(name: ForwardingHeader.token, value: holder.token.hex)]
        let question = ForwardingQuestion(url: holder.url, target: asked.target, headers: token + asked.headers)
        let transfer = client.open(question) { [weak self] event in self?.told(event, attempt) ?? true }
        let isCurrent = state.withLock { state in
            guard state.attempt == attempt else { return false }
            state.transfer = transfer
            return true
        }
        if !isCurrent { client.cancel(transfer) }
    }

    private func cancel() {
        let transfer = state.withLock { state in
            state.attempt += 1
            defer { state.transfer = nil }
            return state.transfer
        }
        if let transfer { client.cancel(transfer) }
    }

    // MARK: What the holder says

    private func told(_ event: StreamingEvent, _ attempt: Int) -> Bool {
        guard state.withLock({ $0.attempt == attempt }) else { return true }
        switch event {
        case .head(let status, let headers):
            state.withLock { ($0.status, $0.headers) = (status, headers) }
            if status == 200 { step(.opened) }
        case .part(let bytes):
            step(.heard)
            return take(bytes)
        case .end(let reason): holderEnded(reason)
        }
        return true
    }

    /// - Returns: false where the client must read first.
    private func take(_ part: [UInt8]) -> Bool {
        let isStream = state.withLock { state in
            if state.status != 200, state.body.count < Self.bodyBytesMaximum { state.body += part }
            return state.status == 200
        }
        guard isStream else { return true }
        guard passOn([]) else { return false }
        let (whole, isOverLimit) = state.withLock { ($0.splitter.take(part), $0.splitter.isOverLimit) }
        if isOverLimit {
            close()
            return true
        }
        // What does not fit waits here, and the next part at the holder.
        _ = passOn(whole)
        return true
    }

    /// The event that says that nobody answers for a partition at the moment.
    private static func away(_ partition: PartitionIndex) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("partition", Int64(partition.value))
            writer.member("detail", QuestionForwarder.detail(.allFailed, partition))
        }
        return Array("event: away\ndata: ".utf8) + writer.bytes + Array("\n\n".utf8)
    }

    /// Writes what waits and then more.
    /// - Returns: false while the client has no room.
    private func passOn(_ more: [UInt8]) -> Bool {
        let events = state.withLock { state in
            state.waiting += more
            return state.waiting
        }
        guard !events.isEmpty else { return true }
        switch stream.write(events) {
        case .accepted, .closed: state.withLock { $0.waiting = [] }
        case .full:
            stream.whenWritable { [weak self] in self?.resume() }
            return false
        }
        return true
    }

    private func resume() {
        guard passOn([]), let transfer = state.withLock({ $0.transfer }) else { return }
        client.resume(transfer)
    }

    private func holderEnded(_ reason: String?) {
        let (holder, status, headers, body) = state.withLock { state in
            state.transfer = nil
            return (state.holder, state.status, state.headers, state.body)
        }
        switch status {
        case 200: step(.lost)
        case 0:
            let reason = reason ?? "it has closed the connection"
            if let holder { journal.record(.holderUnreachable(holder, asked.partition, reason: reason)) }
            step(.replied(.unreachable(reason)))
        default: step(.replied(.answer(ForwardingAnswer(status: status, headers: headers, body: body))))
        }
    }
}
