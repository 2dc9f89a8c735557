public import Clocks
public import EventModel
public import HTTPServer
internal import Locks
public import Observability

/// The clock of a process, watched: ``ClockWatch`` with its readings, and what they mean for each partition to which the
/// process appends (SPEC 2.9). A worker, which appends nothing, has it for what is certain about the time (SPEC 5.8).
///
/// Callable from any thread.
public final class WatchedClock: Sendable {
    /// Interval of the readings while nothing else asks.
    static let tickMilliseconds = 1000
    /// After time was set back in a partition, what others say about its newest created_at may be from before for so long.
    static let foreignPauseMilliseconds = 60_000

    /// What a log thread does with its next records.
    package struct Decision: Equatable {
        /// created_at for the next records.
        package var time: Timestamp
        package var verdict: ClockVerdict
        /// The newest created_at of the partition, as far as known.
        package var newestStamp: Timestamp
    }

    /// The newest created_at of a partition since time was last set back there.
    struct Stamps: Equatable {
        var own = Timestamp.earliest
        /// Of the other gateways, as far as it is known here.
        var foreign = Timestamp.earliest
        /// The latest time that was certain here: answers may have been called settled by it.
        var certain = Timestamp.earliest
        /// When this process set time back, or found at its start that it had been. What others said before is void.
        var setBackAt: MonotonicTime?
        /// Before then nothing from others counts.
        var pauseUntil: MonotonicTime?

        var newest: Timestamp { max(own, foreign, certain) }
    }

    private struct State {
        var watch: ClockWatch
        var stamps: [Stamps]
        /// What was said last.
        var told = Told.nothing
    }

    private enum Told { case nothing, behind, refuses }

    let clock: any ProcessClock
    private let journal: Journal
    private let state: Guarded<State>

    /// - Parameter partitionCount: those to which this process appends; 0 for a process that does not.
    public init(_ clock: any ProcessClock, partitionCount: Int32 = 0, journal: Journal = .silent) {
        self.clock = clock
        self.journal = journal
        state = Guarded(
            State(
                watch: ClockWatch(clock.reading(asksKernel: true)),
                stamps: Array(repeating: Stamps(), count: Int(partitionCount))))
    }

    // MARK: Reading

    /// What is certain about the time.
    public var certain: CertainTime { look(asksKernel: false) { $0.watch.certain } }

    /// Reads the clocks; call it every second, so that what happens to the clock is noticed and said.
    /// - Returns: partitions where time is to be set back.
    @discardableResult
    package func tick() -> [PartitionIndex] {
        look(asksKernel: true) { state in
            state.stamps.indices.filter {
                if case .setBack = state.watch.verdict(newestStamp: state.stamps[$0].newest) { true } else { false }
            }.map { PartitionIndex(Int32($0)) }
        }
    }

    private func look<Result>(asksKernel: Bool, _ body: (inout State) -> Result) -> Result {
        let (result, events) = state.withLock { state in
            var events: [JournalEvent] = []
            // Inside the lock, so that readings come in order.
            var reading = clock.reading(asksKernel: asksKernel)
            if !asksKernel, Self.isDoubtful(reading, state) { reading = clock.reading(asksKernel: true) }
            if let event = state.watch.observe(reading) { events.append(.clock(event, reading.wall)) }
            let certain = state.watch.certain.time
            for partition in state.stamps.indices where state.stamps[partition].certain < certain {
                state.stamps[partition].certain = certain
            }
            let result = body(&state)
            events += Self.changes(&state)
            return (result, events)
        }
        for event in events { journal.record(event) }
        return result
    }

    /// Whether the newest word of the kernel decides something.
    private static func isDoubtful(_ reading: ClockReading, _ state: State) -> Bool {
        state.watch.isOff(reading)
            || state.stamps.contains { $0.newest - reading.wall > ClockWatch.lagMicrosecondsMaximum }
    }

    private static func changes(_ state: inout State) -> [JournalEvent] {
        let (worst, stamp) = worst(state)
        let now: Told
        switch (worst, state.watch.verdict(newestStamp: stamp)) {
        case (_, .refuse): now = .refuses
        case (.some, .stamp): now = .behind
        default: now = .nothing
        }
        defer { state.told = now }
        guard now != state.told else { return [] }
        switch now {
        case .nothing: return [.clockCaughtUp]
        case .behind where state.told == .refuses: return [.clockCaughtUp]
        case .behind: return [.clockBehind(ClockReasons.behind(state.watch, worst, stamp))]
        case .refuses: return [.clockRefused(ClockReasons.refuses(state.watch, worst, stamp))]
        }
    }

    /// The partition whose newest created_at is the most ahead of the clock; nil where none is by more than 2 s.
    private static func worst(_ state: State) -> (partition: PartitionIndex?, stamp: Timestamp) {
        var found: (partition: PartitionIndex?, stamp: Timestamp) = (nil, .earliest)
        for (number, stamps) in state.stamps.enumerated()
        where stamps.newest > found.stamp && stamps.newest - state.watch.newest.wall > ClockWatch.toleranceMicroseconds
        {
            found = (PartitionIndex(Int32(number)), stamps.newest)
        }
        return found
    }

    // MARK: Partitions

    /// Decides about the next records of a partition.
    package func decide(_ partition: PartitionIndex) -> Decision {
        look(asksKernel: false) { state in
            let stamps = state.stamps[Int(partition.value)]
            let verdict = state.watch.verdict(newestStamp: stamps.newest)
            let now = state.watch.newest.wall
            let time = verdict == .stamp ? max(now, stamps.newest) : now
            return Decision(time: time, verdict: verdict, newestStamp: stamps.newest)
        }
    }

    /// The newest created_at of a partition at the start, by its log.
    /// - Parameter isSetBack: whether the log says that time was set back, and this is the newest since then.
    package func begin(_ stamp: Timestamp, of partition: PartitionIndex, isSetBack: Bool) {
        let now = clock.elapsed
        state.withLock { state in
            state.stamps[Int(partition.value)].own = stamp
            if isSetBack { state.stamps[Int(partition.value)].setBackAt = now }
        }
    }

    /// When time was last set back in a partition, as far as this process knows; nil if it was not.
    public func setBackAt(_ partition: PartitionIndex) -> MonotonicTime? {
        state.withLock { state in
            let number = Int(partition.value)
            return state.stamps.indices.contains(number) ? state.stamps[number].setBackAt : nil
        }
    }

    /// The newest created_at of a partition after its log thread has appended.
    /// - Parameter isSetBack: whether a record has just said that time was set back.
    package func note(_ stamp: Timestamp, of partition: PartitionIndex, isSetBack: Bool = false) {
        let now = clock.elapsed
        state.withLock { state in
            state.stamps[Int(partition.value)].own = stamp
            guard isSetBack else { return }
            state.stamps[Int(partition.value)].setBackAt = now
            state.stamps[Int(partition.value)].foreign = .earliest
            state.stamps[Int(partition.value)].certain = stamp
            state.stamps[Int(partition.value)].pauseUntil = now.advanced(
                milliseconds: Self.foreignPauseMilliseconds)
        }
    }

    /// The newest created_at of each partition that this process has stamped or found in the log. Without those that it does
    /// not go on with: where it refuses, it only repeats what others have said.
    public var ownStamps: [PartitionIndex: Timestamp] {
        state.withLock { state in
            state.stamps.enumerated().reduce(into: [:]) { found, stamps in
                let lead = stamps.element.own - state.watch.newest.wall
                guard stamps.element.own > .earliest, lead <= ClockWatch.lagMicrosecondsMaximum else { return }
                found[PartitionIndex(Int32(stamps.offset))] = stamps.element.own
            }
        }
    }

    /// The newest created_at of a partition as another process has seen it.
    public func noteForeign(_ stamp: Timestamp, of partition: PartitionIndex) {
        let now = clock.elapsed
        state.withLock { state in
            guard state.stamps.indices.contains(Int(partition.value)) else { return }
            var stamps = state.stamps[Int(partition.value)]
            if let until = stamps.pauseUntil, now < until { return }
            stamps.pauseUntil = nil
            stamps.foreign = stamp
            state.stamps[Int(partition.value)] = stamps
        }
    }

    // MARK: For operators

    /// What is to be said about the clock at `/readyz`.
    public var reasons: [ReadinessReason] {
        look(asksKernel: false) { state in
            var reasons: [ReadinessReason] = []
            if let jump = state.watch.jump { reasons.append(ReadinessReason(.degraded, ClockReasons.jumped(jump))) }
            let (worst, stamp) = Self.worst(state)
            guard worst != nil else { return reasons }
            switch state.watch.verdict(newestStamp: stamp) {
            case .stamp:
                reasons.append(ReadinessReason(.degraded, ClockReasons.behind(state.watch, worst, stamp)))
            case .refuse:
                reasons.append(ReadinessReason(.failing, ClockReasons.refuses(state.watch, worst, stamp)))
            case .setBack: break
            }
            return reasons
        }
    }

    /// Why a partition's records are refused.
    func refusal(of partition: PartitionIndex) -> String {
        state.withLock { ClockReasons.refuses($0.watch, partition, $0.stamps[Int(partition.value)].newest) }
    }

    /// The state for an operator.
    var status: ClockStatus { look(asksKernel: true) { Self.status($0) } }

    /// An operator says that the clock is right.
    /// - Returns: the state before that.
    @discardableResult
    package func accept(by name: String) -> ClockStatus {
        look(asksKernel: true) { state in
            defer { state.watch.accept(by: Array(name.utf8)) }
            return Self.status(state)
        }
    }

    private static func status(_ state: State) -> ClockStatus {
        let watch = state.watch
        let ahead = state.stamps.enumerated().filter {
            $0.element.newest - watch.newest.wall > ClockWatch.toleranceMicroseconds
        }
        return ClockStatus(
            now: watch.newest.wall, synchronisation: watch.synchronisation, jump: watch.jump,
            refuses: ahead.contains { watch.verdict(newestStamp: $0.element.newest) == .refuse },
            ahead: ahead.map { (PartitionIndex(Int32($0.offset)), $0.element.newest) })
    }
}

/// What an operator is told about the clock.
package struct ClockStatus {
    package var now: Timestamp
    var synchronisation: ClockSynchronisation
    /// See ``ClockWatch/jump``.
    var jump: Int64?
    /// Whether a partition's events are not admitted.
    var refuses: Bool
    /// Partitions whose newest created_at is more than 2 s ahead of the clock, with that created_at.
    var ahead: [(partition: PartitionIndex, newestStamp: Timestamp)]
}
