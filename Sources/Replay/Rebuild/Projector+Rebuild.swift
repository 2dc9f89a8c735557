internal import ProjectionStore
public import Projector

/// A fold is rebuilt beside itself.
extension Projector: RebuildablePartition {
    public func build(job: JobID, pace: FoldPace) throws { try build(job: job.text, pace: pace) }

    public func progress(job: JobID) -> BuildProgress? {
        progress(ofJob: job.text).map { found in
            BuildProgress(
                generation: found.generation, next: found.next, end: found.end, events: found.events,
                startedAt: found.startedAt, eventsPerSecond: found.eventsPerSecond, isLevel: found.isLevel,
                state: found.state.rawValue, failure: found.failure, hindrance: found.hindrance,
                isFolded: found.isFolded)
        }
    }

    public func setPace(_ pace: FoldPace, job: JobID) { setPace(pace, ofJob: job.text) }

    public func cancel(job: JobID) throws { try cancel(job: job.text) }

    public func compare(job: JobID, limit: Int) throws -> GenerationDifferences {
        try withBoth(job: job.text) { live, new, _ in
            try comparePartitions(
                live: (live.fold, live.reader), new: (new.fold, new.reader), partition: partition, limit: limit)
        }
    }

    public func promote(job: JobID) throws { try promote(job: job.text) }

    public func rollback(job: JobID) throws { try rollback(job: job.text) }
}
