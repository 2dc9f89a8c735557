internal import Clocks
public import EventLog
public import EventModel
internal import Foundation
internal import Locks
public import Projector

/// The partitions that a worker holds: opens, folds, serves and releases each as ``PartitionOwnership`` decides.
///
/// Each partition has a file and a fold of its own; one that fails does not affect the others. Calls may come from any
/// thread. Create it, ``assign(_:)`` what the group gives or a fixed set, ``stop()`` it once.
public final class WorkerPartitions: PartitionedProjections, Sendable {
    struct Slot {
        var machine = PartitionOwnership()
        var projector: Projector?
        /// What has to be done, in order, by one thread at a time.
        var actions: [PartitionOwnership.Action] = []
        var isActing = false
        var failure: PartitionFailure?
        /// Counts openings, so that a report of a released fold does not concern the next one.
        var opening = 0
        var retryAt = MonotonicTime(microseconds: 0)

        var isQuiet: Bool { !isActing && actions.isEmpty }
    }

    struct State {
        var slots: [PartitionIndex: Slot] = [:]
        /// Among how many partitions the memory is divided.
        var shares = 1
        var isStopping = false
    }

    let log: any EventLog
    let configuration: WorkerPartitionsConfiguration
    let state = Monitor(State())
    private let lock: Guarded<FileLock?>
    private let checks: Ticker

    public var partitionCount: Int32 { log.partitionCount }

    /// Takes the folder; holds nothing yet.
    public init(log: any EventLog, _ configuration: WorkerPartitionsConfiguration) throws(PartitionsError) {
        self.log = log
        self.configuration = configuration
        lock = Guarded(try Self.lock(configuration.folder))
        checks = Ticker(
            milliseconds: WorkerPartitionsConfiguration.checkMilliseconds, clock: configuration.clock)
        checks.start("partitions") { [weak self] in self?.check() }
    }

    /// Two workers with one folder would write the same files (DESIGN 1.9). Makes the folder where there is none.
    private static func lock(_ folder: String) throws(PartitionsError) -> FileLock {
        // Where this fails, so does the lock, and the lock says why in the kernel's words.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        do throws(FileLockFailure) {
            return try FileLock(path: folder + "/worker.lock")
        } catch {
            switch error {
            case .unusable(let reason): throw .folderUnusable(folder, reason)
            case .inUse: throw .folderInUse(folder)
            }
        }
    }

    // MARK: What the group decides

    /// The partitions are this worker's from now on. Returns at once; each is opened by a thread of its own.
    public func assign(_ partitions: [PartitionIndex]) {
        guard state.withLock({ !$0.isStopping }) else { return }
        for partition in partitions { handle(partition) { $0.machine.assigned() } }
    }

    /// The partitions are being taken back. After it returns nothing more is published about them; what was folded is
    /// committed meanwhile, and the files stay for next time.
    public func revoke(_ partitions: [PartitionIndex]) {
        for partition in partitions { handle(partition) { $0.machine.revoked() } }
        waitUntilQuiet(partitions)
    }

    /// The partitions belong to another worker already. As ``revoke(_:)``.
    public func lose(_ partitions: [PartitionIndex]) {
        for partition in partitions { handle(partition) { $0.machine.lost() } }
        waitUntilQuiet(partitions)
    }

    /// Releases everything; when it returns all is committed and closed, and the folder is free.
    public func stop() {
        let all = state.update { state in
            state.isStopping = true
            return Array(state.slots.keys)
        }
        revoke(all)
        state.wait { state in
            state.slots.values.allSatisfy { $0.machine.state == .closed && $0.isQuiet } ? () : nil
        }
        checks.stop()
        lock.withLock { $0 = nil }
    }

    private func waitUntilQuiet(_ partitions: [PartitionIndex]) {
        state.wait { state in partitions.allSatisfy { state.slots[$0]?.isQuiet ?? true } ? () : nil }
    }

    // MARK: What other parts of the process ask for

    public func projections(of partition: PartitionIndex) -> (any Projections)? { projector(of: partition) }

    /// The fold of a partition that answers at the moment.
    public func projector(of partition: PartitionIndex) -> Projector? {
        state.withLock { state in
            guard let slot = state.slots[partition], slot.machine.answers else { return nil }
            return slot.projector
        }
    }

    /// How far each fold is: for lag, readiness, and what is committed to the group.
    public var progress: [PartitionIndex: FoldProgress] { folding.mapValues(\.progress) }

    /// The folds of the partitions that answer at the moment.
    public var projectors: [Projector] { Array(folding.values) }

    private var folding: [PartitionIndex: Projector] {
        state.withLock { $0.slots.compactMapValues { $0.machine.answers ? $0.projector : nil } }
    }

    /// The status of each partition that is this worker's or still being released.
    public var statuses: [PartitionIndex: PartitionStatus] {
        let progress = progress
        let rebuilds = folding.compactMapValues(\.rebuild)
        let upgrades = folding.compactMapValues(\.upgrade)
        let halts = folding.compactMapValues(\.halt).mapValues {
            PartitionFailure(message: $0.message, isRetriable: $0.isRetriable)
        }
        return state.withLock { state in
            var statuses: [PartitionIndex: PartitionStatus] = [:]
            for (partition, slot) in state.slots {
                guard let phase = slot.machine.phase else { continue }
                statuses[partition] = PartitionStatus(
                    phase: phase, progress: progress[partition], failure: slot.failure ?? halts[partition],
                    rebuild: rebuilds[partition], upgrade: upgrades[partition])
            }
            return statuses
        }
    }

    /// What is wrong, by partition.
    public var failures: [PartitionIndex: PartitionFailure] {
        state.withLock { $0.slots.compactMapValues { $0.machine.isOurs ? $0.failure : nil } }
    }

    /// Newest definitions of all sites of the partitions that fold here.
    public func newestDefinitions() -> [PlacedDefinition] {
        folding.flatMap { _, projector in projector.newestDefinitions() }
    }

    /// Whether a record about the partition may be sent at this moment (see ``HeldPartition/mayPublish``).
    public func mayPublish(_ partition: PartitionIndex) -> Bool {
        guard configuration.pollAgeMilliseconds() <= configuration.pollAgeMaximumMilliseconds else { return false }
        return state.withLock { $0.slots[partition]?.machine.mayPublish ?? false }
    }

    /// Blocks until the machine of a partition is in a state; for tests, which must not sleep.
    package func wait(_ partition: PartitionIndex, until isTrue: (PartitionOwnership.State) -> Bool) {
        state.wait { state in
            let slot = state.slots[partition] ?? Slot()
            return isTrue(slot.machine.state) && slot.isQuiet ? () : nil
        }
    }

    // MARK: Time

    /// Suspends and resumes publishing by the age of the last poll, and retries what is due, or what an operator has
    /// mended.
    package func check() {
        let isOverdue = configuration.pollAgeMilliseconds() > configuration.pollAgeMaximumMilliseconds
        let now = configuration.clock.uptime
        let states = state.withLock { $0.slots.mapValues { ($0.machine.state, $0.retryAt, $0.failure?.lost) } }
        for (partition, (ownership, retryAt, lost)) in states {
            switch ownership {
            case .folding where isOverdue: handle(partition) { $0.machine.pollOverdue() }
            case .suspended where !isOverdue: handle(partition) { $0.machine.pollResumed() }
            case .waiting where retryAt <= now: handle(partition) { $0.machine.retryDue() }
            case .failed: goOn(without: lost, partition)
            default: break
            }
        }
    }

    /// Opens a partition again once an operator has declared as skipped what the log has lost.
    private func goOn(without lost: Range<LogOffset>?, _ partition: PartitionIndex) {
        guard let lost, (try? log.skips(partition))?.cover(lost) == true else { return }
        configuration.journal.record(.partitionGoesOn(partition, without: lost))
        handle(partition) { $0.machine.mended() }
    }
}

extension PartitionOwnership {
    /// nil: not this worker's, and nothing is in progress that an operator could see.
    fileprivate var phase: PartitionStatus.Phase? {
        switch state {
        case .closed: nil
        case .restoring: .restoring
        case .abandoning, .draining: .draining
        case .folding: .folding
        case .suspended: .suspended
        case .waiting: .waiting
        case .failed: .failed
        }
    }
}
