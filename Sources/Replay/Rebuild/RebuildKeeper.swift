public import Clocks
public import EventModel
internal import Locks
public import Observability

/// Carries out, for the partitions that this process holds, what the board says of rebuilds (DESIGN 7).
///
/// A thread around one ``RebuildMachine`` for each partition and rebuild. It keeps nothing that has to outlive the
/// process. Create it, ``start()`` and ``stop()`` it once each.
public final class RebuildKeeper: Sendable {
    /// The partitions that are held at the moment, each the same object for as long as it is held.
    public typealias Partitions = @Sendable () -> [PartitionIndex: any RebuildablePartition]

    /// How often it looks, beside whenever the board says that something changed.
    static let lookMilliseconds = 500

    private struct Key: Hashable {
        var partition: PartitionIndex
        var job: JobID
    }

    private struct Slot {
        var machine = RebuildMachine()
        var meter = RebuildMeter()
        /// Whom the machine has spoken to: another holding of the partition is another object.
        var partition: any RebuildablePartition
    }

    private struct Waking {
        var isDue = true
        var isStopping = false
        var thread: BackgroundThread?
    }

    private let board: any JobBoard
    private let partitions: Partitions
    private let clock: any ProcessClock
    private let journal: Journal
    private let slots = Guarded<[Key: Slot]>([:])
    /// Held during a step: one at a time.
    private let turn = Guarded(Turn())
    private let waking = Monitor(Waking())

    private struct Turn {
        var isUnread = false
    }

    public init(
        board: any JobBoard, clock: any ProcessClock = .system, journal: Journal = .silent,
        partitions: @escaping Partitions
    ) {
        (self.board, self.clock, self.journal, self.partitions) = (board, clock, journal, partitions)
    }

    // MARK: Life

    public func start() {
        board.watch { [weak self] in self?.waking.update { $0.isDue = true } }
        let thread = BackgroundThread.start("rebuilds") { [self] in run() }
        waking.update { $0.thread = thread }
    }

    /// Returns when the thread has ended. Builds go on, or end with their partitions.
    public func stop() {
        let thread = waking.update { waking in
            waking.isStopping = true
            return waking.thread
        }
        thread?.join()
    }

    private func run() {
        while true {
            let look = clock.uptime.advanced(milliseconds: Self.lookMilliseconds)
            let isStopping: Bool? = clock.wait(for: waking, until: look) { waking in
                guard waking.isDue || waking.isStopping else { return nil }
                waking.isDue = false
                return waking.isStopping
            }
            if isStopping == true { return }
            step()
        }
    }

    // MARK: A step

    /// Looks at the board and at the partitions once, and does what is to be done.
    package func step() {
        turn.withLock { turn in
            let jobs: [RebuildJob]
            do throws(ReplayError) { jobs = try board.jobs() } catch {
                if !turn.isUnread { journal.record(.jobsUnread(error)) }
                turn.isUnread = true
                return
            }
            turn.isUnread = false
            let held = partitions()
            forget(allBut: held, jobs)
            for (_, partition) in held.sorted(by: { $0.key < $1.key }) {
                for job in jobs { act(job, isActing: job.id == jobs.acting?.id, partition) }
            }
        }
    }

    /// Machines of partitions that are held no more, or anew.
    private func forget(allBut held: [PartitionIndex: any RebuildablePartition], _ jobs: [RebuildJob]) {
        let known = Set(jobs.map(\.id))
        slots.withLock { slots in
            slots = slots.filter { key, slot in
                known.contains(key.job) && held[key.partition].map { $0 === slot.partition } ?? false
            }
        }
    }

    private func act(_ job: RebuildJob, isActing: Bool, _ partition: any RebuildablePartition) {
        let key = Key(partition: partition.partition, job: job.id)
        let progress = partition.progress(job: job.id)
        let now = clock.uptime
        var slot = slots.withLock { $0[key] } ?? Slot(partition: partition)
        if let progress { slot.meter.note(progress.next, at: now) }
        let action = slot.machine.next(job, isActing: isActing, progress, now: now, time: clock.now)
        if action != .nothing {
            do {
                try Self.carryOut(action, job.id, partition)
                slot.machine.did(action)
                // Where there was nothing to remove, nothing has happened.
                if action != .cancel || progress != nil { journal.record(.rebuildActed(job.id, key.partition, action)) }
            } catch {
                let message = error.forOperator.description
                if slot.machine.failure != message { journal.record(.rebuildFailed(job.id, key.partition, message)) }
                slot.machine.failed(message, now: clock.uptime)
            }
        }
        slots.withLock { [slot] in $0[key] = slot }
    }

    private static func carryOut(
        _ action: RebuildMachine.Action, _ job: JobID, _ partition: any RebuildablePartition
    ) throws {
        switch action {
        case .nothing: break
        case .build(let pace): try partition.build(job: job, pace: pace)
        case .setPace(let pace): partition.setPace(pace, job: job)
        case .cancel: try partition.cancel(job: job)
        case .promote: try partition.promote(job: job)
        case .rollback: try partition.rollback(job: job)
        }
    }

    // MARK: What is known here

    /// What this process says about a rebuild in a partition; nil where it does not hold the partition.
    public func report(_ job: RebuildJob, isActing: Bool, of index: PartitionIndex) -> RebuildReport? {
        guard let partition = partitions()[index] else { return nil }
        let progress = partition.progress(job: job.id)
        let slot = slots.withLock { $0[Key(partition: index, job: job.id)] } ?? Slot(partition: partition)
        let left = progress.flatMap { slot.meter.secondsLeft($0.next, $0.end, at: clock.uptime) }
        return RebuildReport(
            job, index, progress,
            hasActed: slot.machine.hasActed(job, isActing: isActing, progress, time: clock.now),
            failure: slot.machine.failure, secondsLeft: left)
    }

    /// Whether this process holds the partition.
    public func holds(_ index: PartitionIndex) -> Bool { partitions()[index] != nil }

    /// Compares the generation of a rebuild with the live one; nil where this process does not hold the partition.
    public func compare(_ job: JobID, in index: PartitionIndex, limit: Int) throws -> GenerationDifferences? {
        try partitions()[index]?.compare(job: job, limit: limit)
    }
}
