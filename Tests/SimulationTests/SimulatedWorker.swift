import Clocks
import EventLog
import EventModel
import Foundation
import ProjectionStore
import SimulationKit
import Timeline

@testable import Cluster
@testable import Projector
@testable import Publisher

/// A worker in single steps: ownership, fold, store and publisher of the one partition, without threads or a clock.
///
/// Its files are real ones, so that a death loses what a death loses: the memory.
final class SimulatedWorker {
    let number: Int
    private let log: SimulatedLog
    private let topics: SimulatedTopics
    private let names: TopicNames
    private let clock: SimulatedClock
    private let tally: Tally
    private let folder: URL
    private(set) var ownership = PartitionOwnership()
    private(set) var open: OpenPartition?
    private var core: PublishingCore?

    init(
        _ number: Int, _ log: SimulatedLog, _ topics: SimulatedTopics, _ names: TopicNames, _ clock: SimulatedClock,
        _ tally: Tally, folder: URL
    ) {
        (self.number, self.log, self.topics, self.names) = (number, log, topics, names)
        (self.clock, self.tally, self.folder) = (clock, tally, folder)
    }

    // MARK: The group

    func assign() throws { try perform(ownership.assigned()) }

    /// Lets the partition go as it is asked to, and returns when it is closed.
    func revoke() throws { try perform(ownership.revoked()) }

    /// Learns that the partition is another's already.
    func lose() throws { try perform(ownership.lost()) }

    /// Its last poll is too old: another worker may have the partition.
    func suspend() throws { try perform(ownership.pollOverdue()) }

    /// The process ends at once: what is in memory is gone.
    func kill(sentArrives: Bool) {
        if open?.isCommitting == true { tally.note("commit in flight at a death") }
        ownership = PartitionOwnership()
        core = nil
        open = nil
        topics.kill(number, isStored: sentArrives)
    }

    var answers: Bool { ownership.answers }

    // MARK: Turns

    func fold() throws {
        guard let open else { return }
        try open.turn(log, now: clock.instant)
        if let failure = open.shared.failure { throw Broken(what: "fold of worker \(number): \(failure.message)") }
    }

    func commit(succeeds: Bool) throws {
        if !succeeds, open?.isCommitting == true { tally.note("commit failed") }
        try open?.commit(succeeds: succeeds, now: clock.instant)
    }

    func publish() { _ = core?.advance() }

    /// Whether everything in the log is folded and in the store.
    var isLevel: Bool { open?.isLevel == true }

    /// Whether the publisher waits for its next round, with nothing on its way.
    var isPublisherResting: Bool {
        guard let core, case .resting = core.machine.state else { return false }
        return topics.waitingCount(of: number) == 0
    }

    private func perform(_ actions: [PartitionOwnership.Action]) throws {
        for action in actions {
            switch action {
            case .openStore:
                open = try OpenPartition(folder.path + "/worker-\(number).sqlite", log, now: clock.instant)
                try perform(ownership.opened())
            case .startFold, .announceHolder, .withdrawHolder: break
            case .startPublishing: try startPublishing()
            case .stopPublishing: core = nil
            case .stopFold:
                try open?.finish(log, now: clock.instant)
                open = nil
                try perform(ownership.drained())
            case .closeStore: open = nil
            case .retryLater: try perform(ownership.retryDue())
            }
        }
    }

    private func startPublishing() throws {
        guard let open else { return }
        let (clock, worker) = (clock, Owner(self))
        core = try PublishingCore(
            source: SimulatedFigures(open, log.epoch, clock), topics: topics.process(number), names: names,
            path: folder.path + "/worker-\(number)-published.sqlite", configuration: PublisherConfiguration(),
            clock: clock.process, isStillOwner: { worker.mayPublish })
    }

    /// `@unchecked Sendable`: a simulation has one thread.
    private final class Owner: @unchecked Sendable {
        private weak var worker: SimulatedWorker?
        init(_ worker: SimulatedWorker) { self.worker = worker }
        var mayPublish: Bool { worker?.ownership.mayPublish ?? false }
    }
}

/// Time as a simulation has it: one number for both clocks. Nobody waits for it.
final class SimulatedClock: Sendable {
    let process: ManualClock

    init(_ start: Int64) { process = ManualClock(now: Timestamp(microseconds: start)) }

    /// Microseconds since 1970.
    var now: Int64 {
        get { process.now.microseconds }
        set { process.set(Timestamp(microseconds: newValue)) }
    }

    var timestamp: Timestamp { process.now }
    var instant: MonotonicTime { MonotonicTime(microseconds: now) }
}

/// Something that must never happen in any run.
struct Broken: Error, CustomStringConvertible {
    var what: String
    var description: String { what }

    /// The same for failures that differ in numbers alone: a failure that shrinks must stay the same one.
    static func kind(_ description: String) -> Substring { description.prefix { $0 != ":" && !$0.isNumber } }
}

/// The partition while a worker holds it: the driver, and what its two threads would do.
final class OpenPartition {
    let store: ProjectionStore
    let shared: SharedFold
    private var driver: FoldDriver
    private var activity = FoldActivity.wait(at: .zero, milliseconds: 0)
    private var commit: CommitSet?

    init(_ path: String, _ log: SimulatedLog, now: MonotonicTime) throws {
        store = try ProjectionStore.open(path: path, logEpoch: log.epoch.bytes, keepsFeed: true)
        let fold = try store.load()
        let end = try LogIdentityCheck.run(
            log, PartitionIndex(0), next: fold.nextOffset, fingerprint: fold.fingerprint)
        shared = SharedFold(fold, end: LogEndReading(offset: end, seenAt: now))
        var limits = FoldLimits()
        // Small, so that commits, evictions and slices of rederiving come in the middle of everything.
        limits.commitEvents = 3
        limits.rederivePages = 1
        limits.memory = PartitionFold.MemoryBudget(tailBytes: 0, otherBytes: 0)
        driver = FoldDriver(
            partition: PartitionIndex(0), shared: shared, pages: try store.reader(), limits: limits, isVerified: true,
            at: now)
        take(driver.step(now, .resume))
    }

    private func take(_ actions: FoldActions) {
        note(actions.effects)
        activity = actions.next
    }

    private func note(_ effects: [FoldEffect]) {
        for effect in effects {
            if case .commit(let set) = effect { commit = set }
        }
    }

    /// What the fold thread does between two waits.
    func turn(_ log: SimulatedLog, now: MonotonicTime) throws {
        switch activity {
        case .verify(let next, let fingerprint):
            do {
                let end = try LogIdentityCheck.run(log, PartitionIndex(0), next: next, fingerprint: fingerprint)
                take(driver.step(now, .verified(LogEndReading(offset: end, seenAt: now))))
            } catch {
                take(driver.step(now, .failed(error)))
            }
        case .read(let from, let byteLimit):
            do {
                let next = try log.read(PartitionIndex(0), from: from, byteLimit: byteLimit) { record in
                    note(try driver.fold(record, at: now))
                }
                take(driver.step(now, .read(end: next == from ? LogEndReading(offset: log.end, seenAt: now) : nil)))
            } catch {
                take(driver.step(now, .failed(error)))
            }
        case .wait, .pause, .awaitCommit: take(driver.step(now, .resume))
        case .end: break
        }
    }

    /// What the committer does with one commit.
    func commit(succeeds: Bool, now: MonotonicTime) throws {
        guard let set = commit else { return }
        commit = nil
        guard succeeds else {
            let full = StoreError(.unavailable, "the simulated disk is full", isRetriable: true)
            return take(driver.step(now, .commitFailed(full)))
        }
        try store.commit(set)
        take(driver.step(now, .committed))
    }

    /// Stops the fold; everything that was folded is committed.
    func finish(_ log: SimulatedLog, now: MonotonicTime) throws {
        take(driver.step(now, .stop))
        for _ in 0..<10 where activity != .end {
            try commit(succeeds: true, now: now)
            try turn(log, now: now)
        }
        guard activity == .end else { throw Broken(what: "a fold does not stop") }
        shared.close()
    }

    /// The site as folded so far; nil where no folded record names it.
    func snapshot(of siteID: SiteID, at now: MonotonicTime) throws -> ProjectionSnapshot? {
        let reader = try store.reader()
        guard let found = try shared.site(siteID, at: now, begin: { try reader.begin() }) else {
            reader.end()
            return nil
        }
        return ProjectionSnapshot(
            site: found.site, reader: reader, progress: found.progress, clockDisputes: found.clockDisputes, fold: shared
        ) { reader.end() }
    }

    /// Whether a commit waits to be written.
    var isCommitting: Bool { commit != nil }

    /// Whether everything in the log is folded and in the store.
    var isLevel: Bool {
        commit == nil && driver.life == .level && shared.sites.allSatisfy { !$0.isRederiving }
    }
}

/// Figures of a partition that is folded in steps.
final class SimulatedFigures: FigureSource {
    let partition = PartitionIndex(0)
    let epoch: LogEpoch
    let origin = ProjectionsOrigin.refold(generation: 1)
    private let open: OpenPartition
    private let clock: SimulatedClock
    private let feed: ChangeFeed

    init(_ open: OpenPartition, _ epoch: LogEpoch, _ clock: SimulatedClock) throws {
        self.open = open
        self.clock = clock
        self.epoch = epoch
        feed = try ChangeFeed(path: open.store.path)
    }

    func snapshot(of site: SiteID) throws -> ProjectionSnapshot? { try open.snapshot(of: site, at: clock.instant) }

    func changes(since generation: UInt64, of storeID: Int64) throws -> ChangeFeed.Changes {
        try feed.changes(since: generation, of: storeID)
    }

    func nextHour(_ grid: HourGrid, of site: UInt32, from hour: Hour) throws -> Hour? {
        grid == .site ? try feed.nextHour(of: site, from: hour) : try feed.nextHealthHour(of: site, from: hour)
    }

    func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [ChangeFeed.Quarantined] {
        try feed.quarantined(after: offset, index: index, limit: limit)
    }
}
