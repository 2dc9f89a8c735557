public import Clocks
public import EventModel
public import HTTPClient
public import HTTPServer
internal import Locks
public import Observability

/// Forwards questions about partitions that this process does not hold to one that does, once (DESIGN 5).
///
/// The request was authorised and counted here; the holder gets the site and trusts the token. Its answer reaches the
/// client unchanged; the server adds this process' own headers, e.g. about the client's limits.
public final class QuestionForwarder: Sendable {
    /// For so long a holder that could not be reached is asked last.
    static let suspicionMilliseconds = 10_000
    static let retryAfterSeconds = 2

    private let holders: @Sendable (PartitionIndex) -> [Holder]
    private let client: any ForwardingClient
    private let clock: any ProcessClock
    private let journal: Journal
    /// Until when a holder is suspected.
    private let suspects = Guarded<[ForwardingToken: MonotonicTime]>([:])

    /// - Parameters:
    ///   - table: Who holds what.
    ///   - tls: How holders with `https` URLs are checked.
    ///   - journal: records which holders could not be asked.
    public convenience init(
        table: HolderTable, tls: HTTPClientConfiguration = HTTPClientConfiguration(), clock: any ProcessClock = .system,
        journal: Journal = .silent
    ) {
        self.init(
            holders: { table.holders(of: $0) }, client: HTTPForwarding(configuration: tls), clock: clock,
            journal: journal)
    }

    package init(
        holders: @escaping @Sendable (PartitionIndex) -> [Holder], client: any ForwardingClient,
        clock: any ProcessClock = .system, journal: Journal = .silent
    ) {
        self.holders = holders
        self.client = client
        self.clock = clock
        self.journal = journal
    }

    /// Ends the threads; what waits is answered 503. After the server's stop.
    public func stop() { client.stop() }

    /// Forwards an authorised `GET` request to the holders of a partition, one after the other, until one answers.
    ///
    /// A request that was forwarded to this process is never forwarded again: its answer says that the partition is not
    /// held here.
    /// - Parameter exchange: Completed with the holder's answer, or with 503 and `Retry-After` where no holder gives one.
    public func forward(
        _ request: HTTPRequest, site: SiteID, partition: PartitionIndex, exchange: any HTTPExchange
    ) -> HTTPOutcome {
        guard !request.isForwarded else { return .respond(Self.notHeld(partition)) }
        var asking = Self.headers(of: request, about: site)
        for name in ["If-None-Match", "Accept"] {
            if let value = request.header(name) { asking.append((name: name, value: value)) }
        }
        let forwarding = Forwarding(
            partition: partition, target: request.encodedTarget, askingHeaders: asking, exchange: exchange)
        let now = clock.uptime
        var machine = ForwardingMachine(holders: holders(partition), suspects: suspected(at: now), now: now)
        let action = machine.start()
        if case .refuse(let refusal) = action { return .respond(Self.refused(refusal, partition)) }
        perform(action, machine, forwarding)
        return .suspended
    }

    /// What every forwarded request says, beside the holder's token.
    static func headers(of request: HTTPRequest, about site: SiteID) -> [(name: String, value: String)] {
        var headers = [(name: ForwardingHeader.site, value: site.text)]
        // So that the logs of both processes name the request alike.
        if !request.requestID.isEmpty { headers.append(("X-Request-Id", request.requestID)) }
        return headers
    }

    /// To a request that was forwarded here, so that the next holder is asked.
    static func notHeld(_ partition: PartitionIndex) -> HTTPResponse {
        let mark = [(name: ForwardingHeader.notHolder, value: "true")]
        return refusal("this process does not hold partition \(partition.value)", mark)
    }

    // MARK: Private

    /// A request in progress: what outlives its handler.
    private struct Forwarding: Sendable {
        let partition: PartitionIndex
        let target: String
        let askingHeaders: [(name: String, value: String)]
        let exchange: any HTTPExchange
    }

    /// One call per action, each from the reply to the one before: the machine is passed on and never shared.
    private func perform(_ action: ForwardingMachine.Action, _ machine: ForwardingMachine, _ forwarding: Forwarding) {
        switch action {
        case .answer(let answer):
            let headers = AnswerHeaders.endToEnd(answer.headers)
            forwarding.exchange.complete(HTTPResponse(status: answer.status, headers: headers, body: answer.body))
        case .refuse(let refusal):
            forwarding.exchange.complete(Self.refused(refusal, forwarding.partition))
        case .ask(let holder):
            let token = [(name: ForwardingHeader.token, value: holder.token.hex)]
            let question = ForwardingQuestion(
                url: holder.url, target: forwarding.target, headers: token + forwarding.askingHeaders)
            client.ask(question) { [self] reply in
                note(reply, of: holder, forwarding.partition)
                var machine = machine
                let next = machine.replied(reply, now: clock.uptime)
                perform(next, machine, forwarding)
            }
        }
    }

    static func refused(_ refusal: ForwardingMachine.Refusal, _ partition: PartitionIndex) -> HTTPResponse {
        Self.refusal(detail(refusal, partition))
    }

    static func detail(_ refusal: ForwardingMachine.Refusal, _ partition: PartitionIndex) -> String {
        let number = partition.value
        return switch refusal {
        case .nobody: "no worker holds partition \(number) at the moment"
        case .allFailed: "no worker that holds partition \(number) answers"
        case .tooLate: "the workers that hold partition \(number) do not answer in time"
        case .busy: "too many questions are being forwarded"
        }
    }

    static func refusal(_ detail: String, _ headers: [(name: String, value: String)] = []) -> HTTPResponse {
        .problem(503, detail, headers: [("Retry-After", String(retryAfterSeconds))] + headers)
    }

    /// Remembers which holder failed, so that the next question does not wait for it first.
    private func note(_ reply: ForwardingReply, of holder: Holder, _ partition: PartitionIndex) {
        switch reply {
        case .busy: return
        case .answer(let answer) where !answer.isAboutHolder:
            suspects.withLock { $0[holder.token] = nil }
        case .answer(let answer):
            // It is alive and may hold other partitions, so it does not become a suspect.
            journal.record(.holderRefused(holder, partition, status: answer.status))
        case .unreachable(let reason):
            let now = clock.uptime
            suspects.withLock { suspects in
                suspects = suspects.filter { $0.value > now }
                suspects[holder.token] = now.advanced(milliseconds: Self.suspicionMilliseconds)
            }
            journal.record(.holderUnreachable(holder, partition, reason: reason))
        }
    }

    private func suspected(at now: MonotonicTime) -> Set<ForwardingToken> {
        suspects.withLock { Set($0.filter { $0.value > now }.keys) }
    }
}
