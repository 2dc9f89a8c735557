internal import EventLog
internal import EventModel
internal import KafkaLog
internal import ProjectionStore
internal import Projector
internal import Replay

extension Projector {
    /// What the generations of a partition have not read of the log yet (SPEC 7.9).
    var needed: [NeededPosition] {
        places.map { place in
            let (what, remedy) = Self.words(place.generation, partition)
            return NeededPosition(what, partition, next: place.next, remedy: remedy)
        }
    }

    /// What it is called, and what helps it; nil where only somebody who looks can say.
    private static func words(_ generation: Generation, _ partition: PartitionIndex) -> (String, remedy: String?) {
        let number = "partition \(partition.value)"
        switch (generation.state, generation.job) {
        case (.live, _): return ("the fold of \(number)", nil)
        case (.retired, _):
            return (
                "generation \(generation.id) of \(number), kept for a rollback,",
                "raise its pace, or remove it: andon generation remove \(generation.id)"
            )
        case (_, Generation.upgradeJob?): return ("the new generation \(generation.id) of \(number)", nil)
        case (_, let job?):
            return (
                "rebuild \(job) in \(number)",
                "let it go on or faster (andon rebuild resume \(job)), or cancel it (andon rebuild cancel \(job))"
            )
        case (_, nil): return ("generation \(generation.id) of \(number)", nil)
        }
    }
}

extension SnapshotSettings {
    /// What is to be read after the newest snapshot of each partition that a start could go on from: without it, that
    /// snapshot is of no use any more. Older ones are spare, and grow too old in their turn (SPEC 7.9).
    func needed(of log: LogEpoch, in partitions: Set<PartitionIndex>, needsFeed: Bool) -> [NeededPosition] {
        // Where they cannot be read, whoever takes or restores one says so.
        let all = (try? snapshots.list().manifests) ?? []
        return partitions.sorted().compactMap { partition in
            let newest = all.first { manifest in
                manifest.partition == partition
                    && (try? SnapshotRestore.checkFit(manifest, log, needsFeed: needsFeed)) != nil
            }
            return newest.map {
                NeededPosition(
                    "snapshot \($0.id)", partition, next: $0.nextOffset, remedy: "take a new one: andon snapshot create"
                )
            }
        }
    }
}
