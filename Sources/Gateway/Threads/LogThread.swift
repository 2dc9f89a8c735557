internal import Clocks
internal import EventLog
internal import EventModel
internal import HTTPServer
internal import Locks
internal import Observability
internal import Sites

/// The only thread that appends to a partition of the log: a thin shell around ``Sequencer``.
final class LogThread: Sendable {
    /// What the thread needs from the rest of the gateway.
    struct Environment: Sendable {
        var log: any EventLog
        var clock: WatchedClock
        var admission: Admission
        var registry: any DefinitionRegistry
        /// Hears of every append; nil in tests that need it not.
        var health: AppendHealth?
        var journal: Journal = .silent
    }

    private struct Progress {
        /// nil until it has started.
        var thread: BackgroundThread?
        /// Number of definitions that are in the log but not yet in the registry.
        var storing = 0
    }

    /// Longest time that ``stop()`` waits for the registry.
    private static let storingMillisecondsMaximum = 30_000

    let queue: WorkQueue
    let environment: Environment
    let partition: PartitionIndex
    private let progress = Monitor(Progress())

    /// - Parameter queue: where the requests of this partition's sites wait.
    init(_ environment: Environment, partition: PartitionIndex = PartitionIndex(0), queue: WorkQueue = WorkQueue()) {
        self.environment = environment
        self.partition = partition
        self.queue = queue
    }

    /// Starts the thread.
    /// - Parameters:
    ///   - refusal: Why nothing may be admitted to this partition; nil: it may.
    ///   - isSetBack: Whether the log says that time was set back.
    func start(_ sequencer: consuming sending Sequencer, refusal: String? = nil, isSetBack: Bool = false) {
        // From here on the thread is its only owner.
        let box = SequencerBox(sequencer, refusal: refusal)
        environment.clock.begin(box.sequencer.stamp, of: partition, isSetBack: isSetBack)
        let thread = BackgroundThread.start("log-\(partition.value)") { [self] in run(box) }
        progress.withLock { $0.thread = thread }
    }

    /// Serves the waiting requests and accepts no more. Returns when the thread has ended and the registry has stored
    /// the definitions it was given, or the time for that is up.
    func stop() {
        queue.close()
        progress.withLock { $0.thread }?.join()
        _ = progress.wait(milliseconds: Self.storingMillisecondsMaximum) { $0.storing == 0 ? () : nil }
    }

    private func run(_ box: SequencerBox) {
        while let group = queue.takeGroup() {
            for roster in group.adoptions where box.sequencer.adopt(roster) {
                environment.admission.directory.publish(roster, again: true)
            }
            serve(group.works, box)
            queue.finishGroup()
        }
    }

    /// Without works it only sees to the clock.
    private func serve(_ works: [Work], _ box: SequencerBox) {
        if let reason = refusal(box) { return refuse(works, reason) }
        let decision = environment.clock.decide(partition)
        var setBack: Sequencer.SetBack?
        switch decision.verdict {
        case .refuse:
            let reason = works.isEmpty ? "" : environment.clock.refusal(of: partition)
            return finish(works, works.map { _ in AdmissionOutcome(.clockInDoubt(reason)) })
        case .setBack(let cause): setBack = Sequencer.SetBack(cause, newestStamp: decision.newestStamp)
        case .stamp: if works.isEmpty { return }
        }
        let stampedAt = environment.clock.clock.elapsed
        let records = box.sequencer.prepare(works.map(\.request), now: decision.time, setBack: setBack)
        var uncertain = UncertainDefinitions(box.sequencer.preparedDefinitions, records)
        var outcomes: [AdmissionOutcome]
        var next: LogOffset?
        do throws(LogError) {
            uncertain?.start = try environment.log.endOffset(partition)
            let positions = try append(records, box.sequencer, stampedAt: stampedAt)
            next = positions.last?.offset.next
            outcomes = box.sequencer.appended(positions)
            environment.clock.note(box.sequencer.stamp, of: partition, isSetBack: setBack != nil)
            if !records.isEmpty { environment.health?.note(partition, nil) }
            if let setBack { environment.journal.record(.clockSetBack(partition, setBack, to: decision.time)) }
        } catch {
            environment.journal.record(.appendFailed(partition, error))
            environment.health?.note(partition, error)
            outcomes = box.sequencer.failed()
            if error.code == .uncertain, let uncertain { settle(uncertain, box, &outcomes) }
        }
        finish(works, outcomes, next: next)
    }

    private func finish(_ works: [Work], _ outcomes: [AdmissionOutcome], next: LogOffset? = nil) {
        for (work, outcome) in zip(works, outcomes) {
            environment.admission.settle(work.request, outcome)
            answer(work.exchange, outcome)
        }
        if let next { environment.admission.answers.settled(partition, next: next) }
    }

    private func append(
        _ records: [NewRecord], _ sequencer: borrowing Sequencer, stampedAt: MonotonicTime
    ) throws(LogError) -> [RecordPosition] {
        guard !records.isEmpty else { return [] }
        let timeout = environment.log.appendTimeoutMicroseconds
        let clock = environment.clock.clock
        let waited = clock.elapsed - stampedAt
        guard sequencer.mayAppend(at: clock.now, waited: waited, appendTimeoutMicroseconds: timeout) else {
            throw LogError(.unavailable, "the records waited too long for the log")
        }
        return try environment.log.append(records)
    }

    private func answer(_ exchange: any HTTPExchange, _ outcome: AdmissionOutcome) {
        switch outcome.answer {
        case .events(let answer):
            var response = IngestAnswer.response(answer)
            response.logFields = IngestAnswer.logFields(answer)
            exchange.complete(response)
        case .definition(let roster, let change): store(roster.placed, change, exchange)
        case .judged(let roster, let change): exchange.complete(DefinitionAnswer.judged(roster.placed, change))
        case .conflict(let version): exchange.complete(DefinitionAnswer.conflict(version))
        case .unknownSite: exchange.complete(.problem(404, "no such site"))
        case .definitionTooLarge: exchange.complete(DefinitionAnswer.tooLarge)
        case .clockInDoubt(let reason): exchange.complete(IngestAnswer.clockInDoubt(reason))
        case .unavailable:
            exchange.complete(IngestAnswer.unavailable("the log cannot acknowledge the request; send it again"))
        }
    }

    /// The answer waits for the registry, because the names in the definition are stored nowhere else. If the registry
    /// fails, the client must send again; the definition is then unchanged in the log and only the registry is written.
    /// The thread does not wait: events continue while the registry's broker is slow.
    private func store(_ placed: PlacedDefinition, _ change: DefinitionChange, _ exchange: any HTTPExchange) {
        progress.withLock { $0.storing += 1 }
        let (journal, progress) = (environment.journal, progress)
        environment.registry.store(placed) { error in
            if let error {
                journal.record(.registryNotWritten(placed.siteID, error.forOperator))
                exchange.complete(
                    IngestAnswer.unavailable(
                        "the definition is in force, but the registry, which keeps the names, cannot be written; send it "
                            + "again"))
            } else {
                var response = DefinitionAnswer.response(placed, change)
                response.logFields = [
                    JournalEvent.Field("change", change.name), JournalEvent.Field("definition", placed.version),
                ]
                exchange.complete(response)
            }
            progress.update { $0.storing -= 1 }
        }
    }
}

/// `@unchecked Sendable`: created by one thread, then used by the log thread alone.
final class SequencerBox: @unchecked Sendable {
    var sequencer: Sequencer
    /// While these are not known to be in the log, or not, nothing is admitted.
    var uncertain: UncertainDefinitions?
    let refusal: String?

    init(_ sequencer: consuming Sequencer, refusal: String?) {
        self.sequencer = sequencer
        self.refusal = refusal
    }
}
