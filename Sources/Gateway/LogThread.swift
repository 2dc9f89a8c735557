internal import EventLog
internal import EventModel
internal import Foundation
internal import HTTPServer
internal import Locks

/// The one thread that appends to the log: a thin shell around ``Sequencer``.
final class LogThread: Sendable {
    /// What the thread needs of the rest of the gateway.
    struct Surroundings: Sendable {
        var log: any EventLog
        var clock: @Sendable () -> Timestamp
        var directory: SiteDirectory
        var idempotency: IdempotencyTable
        var pool: IngestPool
        var registry: RegistryStore
        /// Told of failures that an operator should see.
        var report: @Sendable (String) -> Void
    }

    let queue = WorkQueue()
    private let surroundings: Surroundings
    private let hasEnded = Monitor(true)

    init(_ surroundings: Surroundings) { self.surroundings = surroundings }

    /// Starts the thread.
    func start(_ sequencer: consuming sending Sequencer) {
        hasEnded.withLock { $0 = false }
        // Handed over to the thread, which is its only owner from then on.
        let box = SequencerBox(sequencer)
        let thread = Thread { [self] in
            run(box)
            hasEnded.update { $0 = true }
        }
        thread.name = "andon-log"
        thread.start()
    }

    /// Serves what waits, takes nothing more, and returns when the thread is through.
    func stop() {
        queue.close()
        hasEnded.wait { $0 ? () : nil }
    }

    private func run(_ box: SequencerBox) {
        while let group = queue.takeGroup() { serve(group, &box.sequencer) }
    }

    private func serve(_ group: [Work], _ sequencer: inout Sequencer) {
        let records = sequencer.prepare(group, now: surroundings.clock())
        let actions: [SequencerAction]
        do throws(LogError) {
            // A record that has become too old is not appended (SPEC 2.8); the stamp may also stand before the clock.
            let age = surroundings.clock() - sequencer.stamp
            if !records.isEmpty, age > Limits.appendDelayMicrosecondsMaximum {
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
    /// are nowhere else; without it the client is to send again, which finds the definition unchanged and writes it.
    private func define(_ work: DefinitionWork, _ snapshot: SiteSnapshot, _ change: DefinitionChange) {
        surroundings.directory.publish(snapshot)
        do {
            try surroundings.registry.store(snapshot)
        } catch {
            surroundings.report("the registry of site \(snapshot.definition.siteID) could not be written: \(error)")
            return work.exchange.complete(
                IngestAnswer.unavailable("the registry cannot be written; send it again", headers: work.headers))
        }
        work.exchange.complete(
            .json(change == .created ? 201 : 200, DefinitionJSON.bytes(snapshot), headers: work.headers))
    }
}

/// `@unchecked Sendable`: made by one thread and used by the log thread alone.
private final class SequencerBox: @unchecked Sendable {
    var sequencer: Sequencer
    init(_ sequencer: consuming Sequencer) { self.sequencer = sequencer }
}
