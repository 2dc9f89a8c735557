public import EventModel
internal import ProjectionStore
public import Projector

/// A running projector as a partition that can be rebuilt.
public final class ProjectorRebuild: RebuildablePartition {
    private let projector: Projector
    public var partition: PartitionIndex { projector.partition }

    public init(_ projector: Projector) { self.projector = projector }

    public func build(job: JobID, pace: FoldPace) throws { try projector.build(job: job.text, pace: pace) }

    public func progress(job: JobID) -> BuildProgress? {
        projector.progress(ofJob: job.text).map { found in
            BuildProgress(
                generation: found.generation, next: found.next, end: found.end, events: found.events,
                startedAt: found.startedAt, eventsPerSecond: found.eventsPerSecond, isLevel: found.isLevel,
                state: found.state.rawValue, failure: found.failure)
        }
    }

    public func setPace(_ pace: FoldPace, job: JobID) { projector.setPace(pace, ofJob: job.text) }

    public func cancel(job: JobID) throws { try projector.cancel(job: job.text) }

    public func compare(job: JobID, limit: Int) throws -> GenerationDifferences {
        try projector.withBoth(job: job.text) { live, new, _ in
            try comparePartitions(
                live: (live.fold, live.reader), new: (new.fold, new.reader), partition: partition, limit: limit)
        }
    }

    public func promote(job: JobID) throws { try projector.promote(job: job.text) }

    public func rollback(job: JobID) throws { try projector.rollback(job: job.text) }
}
