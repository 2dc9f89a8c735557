internal import EventLog
internal import EventModel
internal import Locks
internal import Observability
internal import SQLite

/// Keeps the answers to Idempotency-Keys: in memory, and where a gateway has a data directory, from there in a file
/// (SPEC 2.5). Callable from any thread.
///
/// A thread of its own writes the file, at most once a second, so that no request waits for it. What it has not written
/// when the process dies is read again from the log (``LogTail``); only answers that left no record are lost then, and
/// judging the same body again gives the same answer as long as the definition is the same.
package final class AnswerKeeper: Sendable {
    /// What waits for the thread.
    private struct Work {
        /// Up to where the records of partitions are answered.
        var next: [PartitionIndex: LogOffset] = [:]
        /// Partitions with records whose answers are not here, and when those are too old to be asked for.
        var held: [PartitionIndex: Timestamp] = [:]
        var isWaiting = false
        var isClosed = false
    }

    /// What is wrong with the file.
    private enum Trouble { case reading, writing, damage }

    private static let intervalMilliseconds = 1000
    /// Answers of one transaction.
    private static let answersMaximum = 4096

    private let table: Guarded<IdempotencyTable>
    private let file: AnswerFile?
    private let journal: Journal
    private let work = Monitor(Work())
    private let thread = Monitor<BackgroundThread?>(nil)
    private let troubles = Guarded<Set<Trouble>>([])

    /// In memory alone.
    package convenience init() { self.init(nil, journal: .silent) }

    /// - Parameter file: Where answers go; nil: they stay in memory.
    init(_ file: AnswerFile?, journal: Journal) {
        self.file = file
        self.journal = journal
        table = Guarded(IdempotencyTable(hasFile: file != nil))
    }

    // MARK: Requests

    func begin(_ claim: IdempotencyClaim, now: Timestamp) -> IdempotencyTable.Outcome {
        guard let file else { return table.withLock { $0.begin(claim, now: now) } }
        // First the file: a name that is claimed while its answer is looked for there keeps a second repeat waiting for
        // nothing.
        let before = table.withLock { $0.departures }
        if let found = find(claim, in: file, now: now) { return found }
        let (outcome, departures) = table.withLock { ($0.begin(claim, now: now), $0.departures) }
        if case .answered = outcome { return outcome }
        // An answer is in the file before it leaves memory. So only one that has left between the two looks was missed,
        // by this request or by the one that has the name now.
        guard departures != before, let found = find(claim, in: file, now: now) else { return outcome }
        if outcome == .claimed { forget(claim) }
        return found
    }

    /// nil where the file cannot be read: judging the request anew counts nothing twice (SPEC 2.6).
    private func find(_ claim: IdempotencyClaim, in file: AnswerFile, now: Timestamp) -> IdempotencyTable.Outcome? {
        do {
            let found = try file.find(claim, now: now)
            troubles.withLock { _ = $0.remove(.reading) }
            return found
        } catch {
            note(error, .reading)
            return nil
        }
    }

    func finish(_ claim: IdempotencyClaim, _ answer: KeptAnswer) {
        table.withLock { $0.finish(claim, answer) }
        wake()
    }

    func forget(_ claim: IdempotencyClaim) { table.withLock { $0.forget(claim) } }

    /// Everything of this gateway before `next` is durable, and its answers are here.
    func settled(_ partition: PartitionIndex, next: LogOffset) {
        guard file != nil else { return }
        work.withLock { $0.next[partition] = next }
        wake()
    }

    /// Answers to records of a partition up to now could not be read or written. Until they are too old, the file comes to
    /// know none of its records in this process, so that the next start reads them.
    func hold(_ partition: PartitionIndex, now: Timestamp) {
        work.withLock { $0.held[partition] = now + IdempotencyTable.keptMicroseconds }
    }

    private func wake() {
        guard file != nil, work.withLock({ !$0.isWaiting }) else { return }
        work.update { $0.isWaiting = true }
    }

    // MARK: The start

    /// Up to where the file knows a partition's records; nil if it knows none.
    func known(_ partition: PartitionIndex) -> LogOffset? { file?.known[partition] }

    /// Takes answers of one partition from the log, the newest first.
    func remember(_ answers: [KeptAnswer], of partition: PartitionIndex, now: Timestamp) {
        guard !answers.isEmpty else { return }
        guard let file else { return table.withLock { table in for answer in answers { table.remember(answer) } } }
        do {
            try file.write(answers, next: [:], now: now)
        } catch {
            hold(partition, now: now)
            note(error, .writing)
        }
    }

    // MARK: The thread

    /// Starts to write the file; once.
    func start() {
        guard file != nil else { return }
        let started = BackgroundThread.start("answers") { [self] in run() }
        thread.update { $0 = started }
    }

    /// Ends without writing what is left, as a kill does.
    package func abandon() { file?.close() }

    /// Writes what is left, and ends.
    package func stop() {
        work.update { $0.isClosed = true }
        thread.withLock { $0 }?.join()
        write()
        file?.close()
    }

    private func run() {
        while work.wait(until: { $0.isWaiting || $0.isClosed ? !$0.isClosed : nil }) {
            write()
            _ = work.wait(milliseconds: Self.intervalMilliseconds) { $0.isClosed ? () : nil }
        }
    }

    /// Writes what is there now.
    package func write() {
        guard let file else { return }
        // In this order: the answers of everything before `next` are in the table already.
        let (next, held) = work.withLock { work in
            work.isWaiting = false
            return (work.next, work.held)
        }
        var isLast = false
        while !isLast {
            let taken = table.withLock { $0.takeUnwritten(Self.answersMaximum) }
            isLast = taken.isLast
            // Positions with the last answers: before, not everything ahead of them is in the file.
            let known = isLast ? next.filter { held[$0.key].map { $0 <= taken.now } ?? true } : [:]
            if taken.answers.isEmpty, known.isEmpty { continue }
            do {
                try file.write(taken.answers, next: known, now: taken.now)
            } catch {
                table.withLock { $0.takeBack(taken.answers) }
                return note(error, .writing)
            }
            troubles.withLock { _ = $0.remove(.writing) }
            table.withLock { $0.leave(taken.answers) }
            work.withLock { work in
                for (partition, offset) in known where work.next[partition] == offset { work.next[partition] = nil }
            }
        }
    }

    /// The first failure of a series is enough; damage lasts until the next start, although not every page has it.
    private func note(_ error: any Error, _ trouble: Trouble) {
        let isDamage = (error as? SQLiteError)?.isCorrupt == true
        let isFirst = troubles.withLock { troubles in
            let isSound = troubles.isEmpty
            let isNew = troubles.insert(isDamage ? .damage : trouble).inserted
            return isNew && (isDamage || isSound)
        }
        // The next start makes a new one and reads the log.
        if isDamage { file?.discard() }
        guard isFirst, let error = error as? any OperatorError else { return }
        journal.record(.answersNotKept(error))
    }
}
