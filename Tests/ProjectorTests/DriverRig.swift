import Clocks
import EventLog
import EventModel
import Locks
import ProjectionStore
import SimulationKit
import Timeline

@testable import Projector

/// A driver with nothing around it: the test gives it inputs and turns the clock.
final class DriverRig {
    private(set) var driver: FoldDriver
    let shared: SharedFold
    let store: MemoryProjections
    let records: [NewRecord]
    private(set) var now = MonotonicTime(microseconds: 1_000_000_000)

    init(
        _ records: [NewRecord] = DriverRig.records, isVerified: Bool = true,
        store: MemoryProjections = MemoryProjections(), pages: (any PageReader)? = nil,
        _ change: (inout FoldLimits) -> Void = { _ in }
    ) {
        self.records = records
        self.store = store
        var limits = FoldLimits()
        change(&limits)
        let shared = SharedFold(PartitionFold(), end: LogEndReading(offset: .zero, seenAt: now))
        self.shared = shared
        driver = FoldDriver(
            partition: PartitionIndex(0), shared: shared, pages: pages ?? store, limits: limits,
            isVerified: isVerified, at: now)
    }

    /// Some dozens, the first of them a definition.
    static let records = (1...).lazy.map { RandomScenario(seed: $0, size: .init(events: 200, eventsPerRecord: 4)) }
        .first { $0.records.count > 24 }!.records.map { $0.logRecord() }

    func advance(milliseconds: Int) { now = now.advanced(milliseconds: milliseconds) }

    @discardableResult
    func step(_ input: FoldInput = .resume) -> FoldActions { driver.step(now, input) }

    /// Hands out the next records of the log and ends the read.
    /// - Returns: the effects on the way, and the actions at the end.
    @discardableResult
    func read(_ count: Int) throws -> FoldActions {
        var effects: [FoldEffect] = []
        for _ in 0..<count { effects += try fold() }
        var actions = step(.read(end: nil))
        actions.effects = effects + actions.effects
        return actions
    }

    /// Hands out the next record of the log, or the one at `offset`.
    func fold(at offset: LogOffset? = nil) throws -> [FoldEffect] {
        let offset = offset ?? next
        var effects: [FoldEffect] = []
        try records[Int(offset.value)].withLogRecord(at: offset) { effects = try driver.fold($0, at: now) }
        return effects
    }

    /// Hands out a record that the log does not have, at the next offset.
    func fold(_ record: NewRecord) throws -> [FoldEffect] {
        var effects: [FoldEffect] = []
        try record.withLogRecord(at: next) { effects = try driver.fold($0, at: now) }
        return effects
    }

    /// Passes over what a log declares as skipped.
    func pass(to offset: Int64, over skips: [(Int64, Int64)]) throws -> [FoldEffect] {
        let skips = skips.map {
            LogSkip(first: LogOffset($0.0), next: LogOffset($0.1), reason: "", by: "", at: .earliest)
        }
        return try driver.pass(to: LogOffset(offset), over: skips, at: now)
    }

    var next: LogOffset { shared.progress(at: now).nextOffset }

    func sight(_ end: Int64) -> LogEndReading { LogEndReading(offset: LogOffset(end), seenAt: now) }

    /// Waits for an offset.
    /// - Returns: where the answer will be.
    func wait(for offset: Int64, milliseconds: Int = 5000) -> WaiterAnswer {
        let answer = WaiterAnswer()
        shared.wait(
            FoldWaiter(offset: LogOffset(offset), deadline: now.advanced(milliseconds: milliseconds)) {
                answer.give($0)
            })
        return answer
    }
}

/// The result of a wait.
final class WaiterAnswer: Sendable {
    private let kept = Guarded<Bool?>(nil)
    func give(_ isPassed: Bool) { kept.withLock { $0 = isPassed } }
    var isPassed: Bool? { kept.withLock { $0 } }
}

extension [FoldEffect] {
    /// Does what has an outcome for others.
    func answer() {
        for case .answer(let waiters, let isPassed) in self { for waiter in waiters { waiter.body(isPassed) } }
    }

    var commits: [CommitSet] { compactMap { if case .commit(let set) = $0 { set } else { nil } } }
    /// Names of the events for the journal.
    var recorded: [String] { compactMap { if case .record(let event) = $0 { event.name } else { nil } } }
    var failures: [FoldFailure] { compactMap { if case .failed(let failure) = $0 { failure } else { nil } } }
}
