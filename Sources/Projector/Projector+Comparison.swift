internal import Clocks
public import EventModel
internal import Locks
public import ProjectionStore
public import Timeline

/// A generation at a committed position, read in one transaction.
public struct CommittedGeneration {
    public var fold: PartitionFold
    /// For the thread that compares, and not after that.
    public var reader: StoreReader
}

// Two generations at one and the same position: the new one stops there, the live one is read through a transaction
// (DESIGN 7).
extension Projector {
    /// Calls `body` with the live generation and that of a job, both as committed at the same position.
    ///
    /// The live fold goes on meanwhile. When its writer needs its turn, reading ends with `TimelineError` `.tooLong`, and
    /// `body` is called again with a later position, a few times.
    ///
    /// - Throws: ``ProjectorError`` when the two do not meet at one position in time, and what `body` throws.
    public func withBoth<Result>(
        job: String,
        _ body: (_ live: CommittedGeneration, _ new: CommittedGeneration, _ position: LogOffset) throws -> Result
    ) throws -> Result {
        try changes.withLock { _ in
            guard let new = fold(of: job) else { throw ProjectorError.noGeneration(of: job, partition) }
            guard new !== live else { throw ProjectorError.isLive(job) }
            guard !live.isOld else {
                throw ProjectorError.isBehind(next: live.run.shared.nextOffset, goal: new.run.shared.nextOffset)
            }
            guard let orders = new.orders else { throw ProjectorError.noGeneration(of: job, partition) }
            let pace = orders.pace
            orders.set(.unlimited)
            defer {
                orders.stop(at: nil)
                orders.set(pace)
            }
            var attempts = 0
            while true {
                attempts += 1
                do {
                    return try meet(live, new, orders, body)
                } catch let error as TimelineError where error.code == .tooLong {
                    guard attempts < ProjectorConfiguration.comparisonAttemptsMaximum else {
                        throw ProjectorError.changesTooFast
                    }
                }
            }
        }
    }

    private func meet<Result>(
        _ live: GenerationFold, _ new: GenerationFold, _ orders: FoldOrders,
        _ body: (CommittedGeneration, CommittedGeneration, LogOffset) throws -> Result
    ) throws -> Result {
        let clock = configuration.clock
        let deadline = clock.uptime.advanced(milliseconds: ProjectorConfiguration.meetingMilliseconds)
        while true {
            for fold in [live, new] { try awaitDerived(fold, deadline) }
            // Held where it is, so that the live one can get past it.
            let reached = new.run.shared.nextOffset
            orders.stop(at: reached)
            try awaitCommit(live, reached, deadline)
            let liveReader = try live.run.store.reader()
            defer { liveReader.end() }
            let position = try begin(liveReader, deadline)
            orders.stop(at: position.fold.nextOffset)
            try awaitCommit(new, position.fold.nextOffset, deadline)
            let newReader = try new.run.store.reader()
            defer { newReader.end() }
            let other = try begin(newReader, deadline)
            // A read that was under way may have gone further, and hours may be derived anew after a definition.
            let isWhole = !position.fold.isRederiving && !other.fold.isRederiving
            guard clock.uptime < deadline else { throw ProjectorError.changesTooFast }
            if isWhole, other.fold.nextOffset == position.fold.nextOffset {
                return try body(position, other, position.fold.nextOffset)
            }
        }
    }

    /// Waits until a fold has no hours to derive: that is slow while it is held.
    private func awaitDerived(_ fold: GenerationFold, _ deadline: MonotonicTime) throws {
        let clock = configuration.clock
        while fold.run.shared.isRederiving {
            let next = clock.uptime.advanced(milliseconds: FoldLimits.waitMilliseconds)
            _ = clock.wait(for: state, until: next) { $0.isStopping ? () : nil }
            if let failure = fold.failure { throw ProjectorError.hasFailed(failure) }
            guard !state.withLock({ $0.isStopping }) else { throw ProjectorError.isStopped }
            guard clock.uptime < deadline else { throw ProjectorError.changesTooFast }
        }
    }

    private func begin(_ reader: StoreReader, _ deadline: MonotonicTime) throws -> CommittedGeneration {
        let end = deadline.advanced(milliseconds: ProjectorConfiguration.meetingMilliseconds)
        _ = try reader.begin(until: end, by: configuration.clock)
        return CommittedGeneration(fold: try reader.loadInside(), reader: reader)
    }

    private func awaitCommit(_ fold: GenerationFold, _ position: LogOffset, _ deadline: MonotonicTime) throws {
        let clock = configuration.clock
        while true {
            if let failure = fold.failure { throw ProjectorError.hasFailed(failure) }
            guard !state.withLock({ $0.isStopping }) else { throw ProjectorError.isStopped }
            let run = fold.run
            let look = clock.uptime.advanced(milliseconds: FoldLimits.waitMilliseconds)
            let isThere: Void? = clock.wait(for: run.committed, until: min(look, deadline)) {
                $0 >= position ? () : nil
            }
            if isThere != nil { return }
            guard clock.uptime < deadline else {
                throw ProjectorError.isBehind(next: run.committed.withLock { $0 }, goal: position)
            }
        }
    }
}
