internal import EventLog
internal import EventModel
internal import Foundation
internal import HTTPServer
internal import Locks

/// The one thread that appends to a partition of the log: a thin shell around ``Sequencer``.
final class LogThread: Sendable {
    /// What the thread needs of the rest of the gateway.
    struct Surroundings: Sendable {
        var log: any EventLog
        var clock: @Sendable () -> Timestamp
        var directory: SiteDirectory
        var idempotency: IdempotencyTable
        var pool: IngestPool
        var registry: any DefinitionRegistry
        /// Told of failures that an operator should see.
        var report: @Sendable (String) -> Void
    }

    private struct Progress {
        var hasEnded = true
        /// Definitions that stand in the log and are not in the registry yet.
        var storing = 0
    }

    /// Longest time that ``stop()`` waits for the registry.
    private static let storingMillisecondsMaximum = 30_000

    let queue: WorkQueue
    private let surroundings: Surroundings
    private let partition: PartitionIndex
    private let progress = Monitor(Progress())

    /// - Parameter queue: where the requests of this partition's sites wait.
    init(_ surroundings: Surroundings, partition: PartitionIndex = PartitionIndex(0), queue: WorkQueue = WorkQueue()) {
        self.surroundings = surroundings
        self.partition = partition
        self.queue = queue
    }

    /// Starts the thread.
    func start(_ sequencer: consuming sending Sequencer) {
        progress.withLock { $0.hasEnded = false }
        // Handed over to the thread, which is its only owner from then on.
        let box = SequencerBox(sequencer)
        let thread = Thread { [self] in
            run(box)
            progress.update { $0.hasEnded = true }
        }
        thread.name = "andon-log-\(partition.value)"
        thread.start()
    }

    /// Serves what waits, takes nothing more, and returns when the thread is through and the registry has what it was
    /// given, or the time for that is up.
    func stop() {
        queue.close()
        progress.wait { $0.hasEnded ? () : nil }
        _ = progress.wait(milliseconds: Self.storingMillisecondsMaximum) { $0.storing == 0 ? () : nil }
    }

    private func run(_ box: SequencerBox) {
        while let group = queue.takeGroup() {
            for snapshot in group.adoptions where box.sequencer.adopt(snapshot) {
                surroundings.directory.publish(snapshot, again: true)
            }
            if !group.works.isEmpty { serve(group.works, &box.sequencer) }
            queue.finishGroup()
        }
    }

    private func serve(_ works: [Work], _ sequencer: inout Sequencer) {
        let records = sequencer.prepare(works, now: surroundings.clock())
        let actions: [SequencerAction]
        do throws(LogError) {
            // A record that would become too old is not appended (SPEC 2.8), so the log's own deadline counts too; the
            // stamp may also stand before the clock.
            let age = surroundings.clock() - sequencer.stamp
            if !records.isEmpty,
                age + surroundings.log.appendTimeoutMicroseconds > Limits.appendDelayMicrosecondsMaximum
            {
                throw LogError(.unavailable, "the records waited too long for the log")
            }
            actions = sequencer.appended(records.isEmpty ? [] : try surroundings.log.append(records))
        } catch {
            surroundings.report("append failed: \(error)")
            actions = sequencer.failed("the log cannot acknowledge the request; send it again")
        }
        for action in actions { perform(action) }
    }

    private func perform(_ action: SequencerAction) {
        switch action {
        case .answer(let exchange, let response): exchange.complete(response)
        case .remember(let claim, let answer): surroundings.idempotency.finish(claim, answer)
        case .forget(let claim): surroundings.idempotency.forget(claim)
        case .recycle(let request): surroundings.pool.give(request)
        case .define(let work, let snapshot, let change): define(work, snapshot, change)
        }
    }

    /// Admits by the definition first: it stands in the log. The answer waits for the registry, because the names in it
    /// are nowhere else; without it the client is to send again, which finds the definition unchanged and writes it. The
    /// thread does not wait: events go on while the registry's broker is slow.
    private func define(_ work: DefinitionWork, _ snapshot: SiteSnapshot, _ change: DefinitionChange) {
        surroundings.directory.publish(snapshot, again: false)
        progress.withLock { $0.storing += 1 }
        let (report, progress) = (surroundings.report, progress)
        surroundings.registry.store(snapshot.registered) { error in
            if let error {
                report("the registry of site \(snapshot.definition.siteID) could not be written: \(error)")
                work.exchange.complete(
                    IngestAnswer.unavailable("the registry cannot be written; send it again", headers: work.headers))
            } else {
                work.exchange.complete(
                    .json(
                        change == .created ? 201 : 200, DefinitionJSON.bytes(snapshot.registered), headers: work.headers
                    ))
            }
            progress.update { $0.storing -= 1 }
        }
    }
}

/// `@unchecked Sendable`: made by one thread and used by the log thread alone.
private final class SequencerBox: @unchecked Sendable {
    var sequencer: Sequencer
    init(_ sequencer: consuming Sequencer) { self.sequencer = sequencer }
}
