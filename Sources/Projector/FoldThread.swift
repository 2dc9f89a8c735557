internal import Clocks
internal import EventLog
internal import EventModel
internal import Observability
internal import ProjectionStore

/// Runs a ``FoldDriver`` on a thread: executes its actions, reports their outcomes, and makes no decisions.
final class FoldThread {
    private var driver: FoldDriver
    private let log: any EventLog
    private let store: ProjectionStore
    private let commits: CommitHandover
    private let clock: any ProcessClock
    private let configuration: ProjectorConfiguration
    private var isStopping = false

    init(
        _ driver: consuming FoldDriver, log: any EventLog, store: ProjectionStore, commits: CommitHandover,
        configuration: ProjectorConfiguration
    ) {
        self.store = store
        clock = configuration.clock
        self.driver = driver
        self.log = log
        self.commits = commits
        self.configuration = configuration
    }

    /// Returns when the driver has ended.
    func run() {
        var input = FoldInput.resume
        while true {
            var next = step(input)
            if let outcome = commits.takeOutcome() { next = step(outcome.input) }
            if !isStopping, commits.isStopping {
                isStopping = true
                next = step(.stop)
            }
            // Found by a question or by the pass in idle time.
            if let damage = store.condition.damage { next = step(.failed(damage)) }
            if next == .end { break }
            input = perform(next)
        }
        commits.close()
    }

    private func step(_ input: FoldInput) -> FoldActivity {
        let actions = driver.step(clock.uptime, input)
        perform(actions.effects)
        return actions.next
    }

    private func perform(_ effects: [FoldEffect]) {
        for effect in effects {
            switch effect {
            case .commit(let set): commits.give(set)
            case .answer(let waiters, let isPassed): for waiter in waiters { waiter.body(isPassed) }
            case .record(let event): configuration.journal.record(event)
            // The projector builds a damaged store again.
            case .failed(let failure) where failure.isDamage: break
            case .failed(let failure):
                configuration.journal.record(.foldFailed(driver.partition, failure))
                configuration.failed()
            }
        }
    }

    private func perform(_ activity: FoldActivity) -> FoldInput {
        switch activity {
        case .verify(let next, let fingerprint):
            do {
                let asked = clock.uptime
                let end = try LogIdentityCheck.run(log, driver.partition, next: next, fingerprint: fingerprint)
                return .verified(LogEndReading(offset: end, seenAt: asked))
            } catch { return .failed(error) }
        case .read(let offset, let byteLimit):
            guard let orders = configuration.orders else { return read(from: offset, byteLimit: byteLimit) }
            return read(from: offset, byteLimit: byteLimit, orders)
        case .wait(let offset, let milliseconds):
            _ = log.waitForRecord(driver.partition, at: offset, timeoutMilliseconds: milliseconds)
            return .resume
        case .pause(let milliseconds), .awaitCommit(let milliseconds):
            let deadline = clock.uptime.advanced(milliseconds: milliseconds)
            let outcome = commits.awaitOutcome(until: deadline, by: clock, evenIfStopping: isStopping)
            return outcome?.input ?? .resume
        case .end: return .resume
        }
    }

    private func read(from offset: LogOffset, byteLimit: Int) -> FoldInput {
        read(from: offset, byteLimit: byteLimit, until: nil, .all)
    }

    /// Reads as it is told.
    private func read(from offset: LogOffset, byteLimit: Int, _ orders: FoldOrders) -> FoldInput {
        let isBusy = driver.shared.isRederiving
        guard orders.mayRead(at: offset, hasOtherWork: isBusy, clock) else { return .resume }
        let (start, events) = (clock.uptime, driver.shared.statistics.events)
        let input = read(
            from: offset, byteLimit: orders.byteLimit(byteLimit), until: orders.end, orders.selection)
        orders.note(events: driver.shared.statistics.events - events, from: start, until: clock.uptime)
        return input
    }

    /// The next record is not to be read.
    private struct IsEnd: Error {}

    private func read(
        from offset: LogOffset, byteLimit: Int, until end: LogOffset?, _ selection: RecordSelection
    ) -> FoldInput {
        do {
            var expected = offset
            var next = offset
            do {
                next = try log.read(driver.partition, from: offset, byteLimit: byteLimit) { record in
                    if let end, record.offset >= end { throw IsEnd() }
                    if record.offset > expected { try pass(to: record.offset) }
                    if selection.isAll || selection.contains(record) {
                        perform(try driver.fold(record, at: clock.uptime))
                    } else {
                        perform(driver.leaveOut(record.offset, at: clock.uptime))
                    }
                    expected = record.offset.next
                    if let outcome = commits.takeOutcome() { _ = step(outcome.input) }
                }
            } catch is IsEnd { return .read(end: nil) }
            if let end { next = min(next, end) }
            if next > expected { try pass(to: next) }
            return .read(end: next == offset ? LogEndReading(log, driver.partition, clock) : nil)
        } catch { return .failed(named(error)) }
    }

    /// An error of a record that cannot be read says where it is and what to do.
    private func named(_ error: any Error) -> any Error {
        let position = RecordPosition(partition: driver.partition, offset: driver.shared.nextOffset)
        return ProjectorError(
            unreadable: error, at: log.name(of: position), command: log.skipCommand(at: position)) ?? error
    }

    private func pass(to offset: LogOffset) throws {
        perform(try driver.pass(to: offset, over: try log.skips(driver.partition), at: clock.uptime))
    }
}

/// Writes the commits that it receives, until there are no more.
struct Committer {
    let store: ProjectionStore
    let commits: CommitHandover
    /// Called with the position of each commit that is durable.
    var committed: @Sendable (LogOffset) -> Void = { _ in }

    func run() {
        while let set = commits.take() {
            do throws(StoreError) {
                try store.commit(set)
                committed(set.nextOffset)
                commits.ended(.committed)
            } catch {
                commits.ended(.failed(error))
            }
        }
    }
}

extension LogEndReading {
    /// The end as far as the log knows it without a request; nil when it knows nothing.
    init?(_ log: any EventLog, _ partition: PartitionIndex, _ clock: any ProcessClock) {
        // Read the clock first: a reading dated too late would let the fold treat unsettled records as settled.
        let asked = clock.uptime
        guard let known = try? log.knownEnd(partition) else { return nil }
        let seenAt = MonotonicTime(microseconds: asked.microseconds - max(0, known.ageMicroseconds))
        self.init(offset: known.offset, seenAt: seenAt)
    }
}
