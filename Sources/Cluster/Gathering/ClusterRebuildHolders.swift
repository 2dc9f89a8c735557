public import Clocks
internal import EventModel
internal import JSON
public import Observability
public import Replay

/// The holders of a cluster's partitions, asked about rebuilds from any of its processes.
public final class ClusterRebuildHolders: RebuildHolders {
    /// Two generations of ten million events take ten seconds to compare; the client of an answer waits for a minute.
    static let comparisonMilliseconds = 50_000

    private let partitions: [PartitionIndex]
    /// What this process holds itself; nil in a gateway.
    private let keeper: RebuildKeeper?
    private let quick: PartitionGatherer
    private let slow: PartitionGatherer

    public convenience init(
        table: HolderTable, partitionCount: Int32, keeper: RebuildKeeper?, clock: any ProcessClock = .system,
        journal: Journal = .silent
    ) {
        let slow = PartitionGatherer.Limits(milliseconds: Self.comparisonMilliseconds)
        self.init(
            partitionCount: partitionCount, keeper: keeper,
            // Asked again and again while an answer waits; what is missing stands in the answer.
            quick: PartitionGatherer(table: table, clock: clock),
            slow: PartitionGatherer(table: table, limits: slow, clock: clock, journal: journal))
    }

    init(partitionCount: Int32, keeper: RebuildKeeper?, quick: PartitionGatherer, slow: PartitionGatherer) {
        partitions = (0..<partitionCount).map { PartitionIndex($0) }
        (self.keeper, self.quick, self.slow) = (keeper, quick, slow)
    }

    /// Ends the threads; what is asked afterwards is missing.
    public func stop() {
        quick.stop()
        slow.stop()
    }

    public func reports(_ job: RebuildJob, isActing: Bool) -> GatheredRebuild<RebuildReport> {
        let own = { [keeper] (partition: PartitionIndex) -> PartitionGatherer.Local? in
            guard let report = keeper?.report(job, isActing: isActing, of: partition) else { return nil }
            return { .body(RebuildHolderRoutes.json(report)) }
        }
        let answers = quick.gather(partitions, local: own, target: { RebuildHolderRoutes.path(job.id, $0) })
        return gathered(answers) { RebuildReport($0) }
    }

    public func differences(_ job: JobID, limit: Int) -> GatheredRebuild<PartitionDifferences> {
        let own = { [keeper] (partition: PartitionIndex) -> PartitionGatherer.Local? in
            guard let keeper, keeper.holds(partition) else { return nil }
            return { Self.compare(job, partition, limit, keeper) }
        }
        let target = { (partition: PartitionIndex) -> String in
            RebuildHolderRoutes.path(job, partition) + "/diff?limit=\(limit)"
        }
        return gathered(slow.gather(partitions, local: own, target: target)) { PartitionDifferences($0) }
    }

    private static func compare(
        _ job: JobID, _ partition: PartitionIndex, _ limit: Int, _ keeper: RebuildKeeper
    ) -> PartitionGatherer.Answer {
        do {
            guard let found = try keeper.compare(job, in: partition, limit: limit) else {
                return .missing("it has just been given to another worker")
            }
            return .body(RebuildHolderRoutes.json(found))
        } catch { return .missing(error.forOperator.description) }
    }

    private func gathered<Value>(
        _ answers: [PartitionIndex: PartitionGatherer.Answer], _ read: (JSONValue) -> Value?
    ) -> GatheredRebuild<Value> {
        var all = GatheredRebuild<Value>()
        for partition in partitions {
            switch answers[partition] {
            case .body(let body):
                if let value = JSONValue(body).flatMap(read) {
                    all.answers.append(value)
                } else {
                    all.missing.append(MissingPartition(partition, "its holder is of another version"))
                }
            case .missing(let reason): all.missing.append(MissingPartition(partition, reason))
            case nil: break
            }
        }
        return all
    }
}
