public import Clocks
public import EventModel
public import HTTPClient
internal import JSON
internal import Locks
public import Observability

/// Asks the holders of many partitions at the same time, and collects what they answer within a limit (DESIGN 5).
///
/// For questions that no single partition can answer. A holder that fails is followed by the next one, as for forwarded
/// questions; a partition of which nobody answers in time is named with the reason, and the others count all the same.
public final class PartitionGatherer: Sendable {
    /// How long a question may take, and how much of an answer is read.
    public struct Limits: Sendable {
        /// From the question to the last answer that counts.
        public var milliseconds = 5000
        /// For each partition.
        public var answerBytesMaximum = 4 << 20
        /// Partitions that are held here are asked by so many threads.
        public var localThreadsMaximum = 2

        public init(milliseconds: Int = 5000) { self.milliseconds = milliseconds }
    }

    /// What a partition has to say.
    public enum Answer: Sendable, Equatable {
        /// The body of a holder's answer 200.
        case body([UInt8])
        /// Nobody answered; why, for people.
        case missing(String)
    }

    /// A partition that is held here: what answers for it.
    public typealias Local = @Sendable () -> Answer

    /// More partitions than a log has: each may wait.
    private static let waitingMaximum = 1024

    private let holders: @Sendable (PartitionIndex) -> [Holder]
    private let client: any ForwardingClient
    private let limits: Limits
    private let clock: any ProcessClock
    private let journal: Journal
    private let pool: ThreadPool<@Sendable () -> Void>
    private let isStopping = Guarded(false)

    /// - Parameters:
    ///   - table: Who holds what.
    ///   - tls: How holders with `https` URLs are checked.
    ///   - journal: records which holders could not be asked.
    public convenience init(
        table: HolderTable, limits: Limits = Limits(), tls: HTTPClientConfiguration = HTTPClientConfiguration(),
        clock: any ProcessClock = .system, journal: Journal = .silent
    ) {
        var asking = HTTPForwarding.Limits()
        asking.timeoutSeconds = Double(limits.milliseconds) / 1000
        asking.answerBytesMaximum = limits.answerBytesMaximum
        asking.waitingMaximum = Self.waitingMaximum
        self.init(
            holders: { table.holders(of: $0) }, client: HTTPForwarding(limits: asking, configuration: tls),
            limits: limits, clock: clock, journal: journal)
    }

    package init(
        holders: @escaping @Sendable (PartitionIndex) -> [Holder], client: any ForwardingClient,
        limits: Limits = Limits(), clock: any ProcessClock = .system, journal: Journal = .silent
    ) {
        (self.holders, self.client, self.limits, self.clock) = (holders, client, limits, clock)
        self.journal = journal
        pool = ThreadPool(
            "gather", threadsMaximum: limits.localThreadsMaximum, waitingMaximum: Self.waitingMaximum
        ) { { $0() } }
    }

    /// Asks no more; what is under way is answered as missing.
    public func stop() {
        isStopping.withLock { $0 = true }
        client.stop()
        pool.close()
    }

    /// Blocks until every partition has answered or the limit has passed.
    /// - Parameters:
    ///   - local: what answers for a partition that is held here; nil: another process is asked.
    ///   - target: path and query at the holder of a partition.
    /// - Returns: one answer for each partition.
    public func gather(
        _ partitions: [PartitionIndex], local: (PartitionIndex) -> Local?, target: (PartitionIndex) -> String
    ) -> [PartitionIndex: Answer] {
        let deadline = clock.uptime.advanced(milliseconds: limits.milliseconds)
        let gathered = Monitor<[PartitionIndex: Answer]>([:])
        for partition in partitions {
            let done: @Sendable (Answer) -> Void = { answer in gathered.update { $0[partition] = answer } }
            if let local = local(partition) {
                if !pool.submit({ done(local()) }) { done(.missing(Self.busy)) }
            } else {
                ask(partition, target(partition), done)
            }
        }
        _ = clock.wait(for: gathered, until: deadline) { $0.count == partitions.count ? () : nil }
        let late = "partition does not answer within \(limits.milliseconds / 1000) s"
        let found = gathered.withLock { $0 }
        return Dictionary(
            uniqueKeysWithValues: partitions.map { ($0, found[$0] ?? .missing("the holder of the \(late)")) })
    }

    private static let busy = "too many questions are in progress"

    // MARK: One partition

    private func ask(_ partition: PartitionIndex, _ target: String, _ done: @escaping @Sendable (Answer) -> Void) {
        var machine = ForwardingMachine(holders: holders(partition), now: clock.uptime)
        perform(machine.start(), machine, partition, target, done)
    }

    /// One call per action, each from the reply to the one before.
    private func perform(
        _ action: ForwardingMachine.Action, _ machine: ForwardingMachine, _ partition: PartitionIndex,
        _ target: String, _ done: @escaping @Sendable (Answer) -> Void
    ) {
        switch action {
        case .answer(let answer): done(Self.answer(answer))
        case .refuse(let refusal): done(.missing(Self.words(refusal)))
        case .ask(let holder):
            let question = ForwardingQuestion(
                url: holder.url, target: target, headers: [(ForwardingHeader.token, holder.token.hex)])
            client.ask(question) { [self] reply in
                note(reply, of: holder, partition)
                var machine = machine
                let next = machine.replied(reply, now: clock.uptime)
                perform(next, machine, partition, target, done)
            }
        }
    }

    private static func answer(_ answer: ForwardingAnswer) -> Answer {
        guard answer.status != 200 else { return .body(answer.body) }
        let detail = JSONValue(answer.body).flatMap { $0["detail"]?.text }
        return .missing(detail ?? "its holder answers \(answer.status)")
    }

    private static func words(_ refusal: ForwardingMachine.Refusal) -> String {
        switch refusal {
        case .nobody: "no worker holds it at the moment"
        case .allFailed: "no worker that holds it answers"
        case .tooLate: "the workers that hold it do not answer in time"
        case .busy: busy
        }
    }

    private func note(_ reply: ForwardingReply, of holder: Holder, _ partition: PartitionIndex) {
        guard !isStopping.withLock({ $0 }) else { return }
        switch reply {
        case .answer(let answer) where answer.isAboutHolder:
            journal.record(.holderRefused(holder, partition, status: answer.status))
        case .unreachable(let reason): journal.record(.holderUnreachable(holder, partition, reason: reason))
        case .answer, .busy: break
        }
    }
}
