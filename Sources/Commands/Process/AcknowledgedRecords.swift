internal import EventLog
internal import EventModel
internal import ProjectionStore
internal import Projector

/// Every record that the log of some projections had acknowledged at one moment; lets the projections have them, so that a
/// copy covers what was acknowledged before.
struct AcknowledgedRecords {
    private let log: any EventLog
    private let directory: DataDirectory
    private let ends: [PartitionIndex: LogOffset]

    private static let lookMilliseconds = 25
    /// How long a running server may fold nothing.
    private static let patienceMilliseconds = 15_000

    /// Looks where the log ends now.
    /// - Throws: `LogError` when it cannot be read.
    init(_ log: any EventLog, _ directory: DataDirectory, _ partitions: [PartitionIndex]) throws {
        self.log = log
        self.directory = directory
        ends = try partitions.reduce(into: [:]) { ends, partition in
            if partition.value < log.partitionCount { ends[partition] = try log.endOffset(partition) }
        }
    }

    /// Waits until the server on the directory has committed them; folds them where none runs.
    ///
    /// Projections of another log, and those that cannot be read, are left as they are: who copies them says what is wrong.
    /// - Parameter isStopped: waits for so many milliseconds, and says whether to stop.
    /// - Returns: false when it was told to stop.
    /// - Throws: ``CommandFailure`` when the projections do not get on.
    func reach(_ partition: PartitionIndex, _ console: Console, isStopped: (Int) -> Bool) throws -> Bool {
        guard let end = ends[partition],
            let generations = directory.allGenerations.first(where: { $0.0 == partition })?.1
        else { return true }
        var (stand, waited, isNoted) = (LogOffset.zero, 0, false)
        while let place = StorePlace.read(path: generations.livePath), place.logEpoch == log.epoch.bytes,
            place.nextOffset < end
        {
            let missing = grouped(end.value - place.nextOffset.value)
            if let mark = RunningMark(directory) {
                console.note("partition \(partition.value): \(missing) records are folded first")
                return try withExtendedLifetime(mark) {
                    try fold(partition, generations, to: end, isStopped: isStopped)
                }
            }
            waited = place.nextOffset > stand ? 0 : waited + Self.lookMilliseconds
            guard waited < Self.patienceMilliseconds else {
                throw CommandFailure(
                    .tryAgain, "the server has not folded \(missing) records of partition \(partition.value)",
                    why: "its projections have stood at offset \(place.nextOffset.value) for a while",
                    next: "andon status says why")
            }
            if waited >= 2000, !isNoted {
                console.note("partition \(partition.value): waiting until the server has folded \(missing) records")
                isNoted = true
            }
            stand = place.nextOffset
            if isStopped(Self.lookMilliseconds) { return false }
        }
        return true
    }

    /// What a server has left when it was killed.
    private func fold(
        _ partition: PartitionIndex, _ generations: GenerationDirectory, to end: LogOffset, isStopped: (Int) -> Bool
    ) throws -> Bool {
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.rebuildsDamaged = false
        configuration.orders = FoldOrders(end: end)
        let live = try generations.list().first { $0.state == .live }
        let projector = try Projector(
            log: log, partition: partition, generations: generations,
            keepsFeed: live.flatMap { generations.head($0.id) }?.hasFeed ?? false, configuration: configuration)
        projector.start()
        defer { projector.stop() }
        while projector.progress.nextOffset < end {
            if let failure = projector.failure ?? projector.halt?.message {
                throw CommandFailure(.failure, "the records cannot be folded", why: failure, next: "andon doctor")
            }
            if isStopped(Self.lookMilliseconds) { return false }
        }
        return true
    }
}
