public import Clocks
internal import EventLog
public import EventModel
internal import Observability
internal import ProjectionStore
public import Timeline

/// Folds one partition of a log, as a state machine: its inputs are events and their times, its outputs are actions
/// (DESIGN 1.10).
///
/// It reads no clock and no log and writes no store; the shell does, on its own threads, or step by step in a
/// simulation. The driver contains everything that a fold must get right: decoding, where hours start, applying
/// records, how much may be uncommitted, that at most one commit is in flight, which pages leave memory, who waits for
/// which offset, and whether the log is still the one that was folded.
///
/// Several drivers can run in parallel, even on one log, each with its own reader: a driver shares nothing but its
/// ``SharedFold`` and publishes nothing.
public struct FoldDriver: ~Copyable {
    public let partition: PartitionIndex
    public let shared: SharedFold
    public internal(set) var life: FoldLife

    let limits: FoldLimits
    let pages: PagesAtHand
    var records = RecordFold()
    var lastRecord: MonotonicTime
    /// Records in the current read so far.
    var recordsInRead = 0
    var recordsSinceCheck = 0
    var entriesSinceCheck = 0
    /// The one commit that may be in flight.
    var commit: CommitInFlight?
    /// When to write it again; nil while it is being written.
    var retryCommitAt: MonotonicTime?
    var lastCommit: MonotonicTime
    private var trouble = LogTrouble()

    /// A driver that continues from the state of `shared`.
    ///
    /// - Parameters:
    ///   - pages: reads pages that are not in memory, from the store that receives the commits.
    ///   - isVerified: whether the log has just been compared with the fold.
    public init(
        partition: PartitionIndex, shared: SharedFold, pages: any PageReader, limits: FoldLimits,
        isVerified: Bool = false, at now: MonotonicTime
    ) {
        self.partition = partition
        self.shared = shared
        self.pages = PagesAtHand(pages)
        self.limits = limits
        life = isVerified ? .catchingUp : .verifying
        lastCommit = now
        lastRecord = now
    }

    /// Handles an input and returns what to do next.
    public mutating func step(_ now: MonotonicTime, _ input: FoldInput) -> FoldActions {
        var actions = FoldActions()
        if !life.hasEnded { handle(input, now, &actions.effects) }
        if life.isFolding { tend(now, &actions.effects) }
        if life == .finishing { finish(now, &actions.effects) }
        actions.next = next(now)
        return actions
    }

    private mutating func handle(
        _ input: FoldInput, _ now: MonotonicTime, _ effects: inout [FoldEffect]
    ) {
        switch input {
        case .resume: resume(now)
        case .verified(let end): verified(end, &effects)
        case .read(let end): read(end, now)
        case .failed(let error): failed(error, now, &effects)
        case .committed: committed(now)
        case .commitFailed(let error): commitFailed(error, now, &effects)
        case .stop: stop(&effects)
        }
    }

    // MARK: The log

    private mutating func resume(_ now: MonotonicTime) {
        switch life {
        case .level: life = .catchingUp
        case .waitingForLog(let until) where until <= now: life = .verifying
        case .halted(let until) where until <= now: life = .catchingUp
        default: break
        }
    }

    private mutating func verified(_ end: LogEndReading, _ effects: inout [FoldEffect]) {
        shared.note(end)
        guard life == .verifying else { return }
        life = .catchingUp
        shared.note { $0.log = nil }
        if trouble.verified() { effects.append(.record(.foldReadsLogAgain(partition))) }
    }

    private mutating func read(_ end: LogEndReading?, _ now: MonotonicTime) {
        defer { recordsInRead = 0 }
        trouble.read()
        if let end { shared.note(end) }
        // The record that stopped it was passed, or is readable after all.
        if recordsInRead > 0 { shared.resume() }
        guard life == .catchingUp, recordsInRead == 0 else { return }
        life = .level
        // An end before the folded offset, seen after that record was folded, cannot belong to this log.
        if let end, end.offset < shared.nextOffset, end.seenAt > lastRecord { life = .verifying }
    }

    private mutating func failed(
        _ error: any Error, _ now: MonotonicTime, _ effects: inout [FoldEffect]
    ) {
        recordsInRead = 0
        guard life.isFolding else { return }
        if let error = unreadable(error) { return halt(FoldFailure(error), now, &effects) }
        guard let logError = error as? LogError, case .wait(let isNews) = trouble.note(logError) else {
            return fail(FoldFailure(error, "the fold of partition \(partition.value) stopped"), &effects)
        }
        life = .waitingForLog(until: now.advanced(milliseconds: FoldLimits.logRetryMilliseconds))
        shared.note { $0.log = "waits for the log: \(logError)" }
        if isNews { effects.append(.record(.foldWaitsForLog(partition, logError))) }
    }

    /// Named by the shell, which knows the log; otherwise by the offset alone.
    private func unreadable(_ error: any Error) -> ProjectorError? {
        if let error = error as? ProjectorError { return error.code == .recordUnreadable ? error : nil }
        let place = "offset \(shared.nextOffset.value) of partition \(partition.value)"
        return ProjectorError(unreadable: error, at: place, command: nil)
    }

    private mutating func halt(_ failure: FoldFailure, _ now: MonotonicTime, _ effects: inout [FoldEffect]) {
        life = .halted(until: now.advanced(milliseconds: FoldLimits.haltRetryMilliseconds))
        if shared.halt(failure) { effects.append(.record(.foldHalted(partition, failure))) }
    }

    // MARK: The end

    private mutating func stop(_ effects: inout [FoldEffect]) {
        guard life.isFolding else { return }
        life = .finishing
        answer(shared.end(), isPassed: false, &effects)
    }

    mutating func fail(_ failure: FoldFailure, _ effects: inout [FoldEffect]) {
        life = .failed(failure)
        let waiters = shared.end(failure)
        effects.append(.failed(failure))
        answer(waiters, isPassed: false, &effects)
    }

    // MARK: What comes next

    /// Does what is due at this time, or what can be done between two reads.
    private mutating func tend(_ now: MonotonicTime, _ effects: inout [FoldEffect]) {
        answer(shared.takeExpired(at: now), isPassed: false, &effects)
        if recordsInRead == 0, mayRederive {
            do { try rederive() } catch { return failed(error, now, &effects) }
        }
        tendCommit(now, &effects)
    }

    private var mayRederive: Bool {
        switch life {
        case .catchingUp, .level, .halted: true
        default: false
        }
    }

    func answer(_ waiters: [FoldWaiter], isPassed: Bool, _ effects: inout [FoldEffect]) {
        if !waiters.isEmpty { effects.append(.answer(waiters, isPassed: isPassed)) }
    }

    private func next(_ now: MonotonicTime) -> FoldActivity {
        switch life {
        case .verifying: .verify(next: shared.nextOffset, shared.fingerprint)
        case .catchingUp: .read(from: shared.nextOffset, byteLimit: limits.readBytes)
        case .level where shared.isRederiving: .read(from: shared.nextOffset, byteLimit: limits.readBytes)
        case .level: .wait(at: shared.nextOffset, milliseconds: idleMilliseconds(now, until: nil))
        case .waitingForLog(let until), .halted(let until): .pause(milliseconds: idleMilliseconds(now, until: until))
        case .full, .finishing: .awaitCommit(milliseconds: idleMilliseconds(now, until: nil))
        case .stopped, .failed: .end
        }
    }

    /// How long nothing is due, at most ``FoldLimits/waitMilliseconds``: a new waiter may arrive in the meantime.
    private func idleMilliseconds(_ now: MonotonicTime, until: MonotonicTime?) -> Int {
        let latest = now.advanced(milliseconds: FoldLimits.waitMilliseconds)
        let due = [until, shared.firstDeadline, retryCommitAt].reduce(latest) { min($0, $1 ?? latest) }
        return now.milliseconds(until: due)
    }
}
