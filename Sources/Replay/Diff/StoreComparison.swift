public import EventModel
internal import ProjectionStore

/// Compares two files of projections that nobody has to run for.
public enum StoreComparison {
    /// Opens both read-only and compares the newest state that each has committed.
    ///
    /// A running fold of one of the files goes on, but its write-ahead log grows until this returns (DESIGN 1.9).
    /// - Parameters:
    ///   - live, new: paths of the files.
    ///   - limit: see ``comparePartitions(live:new:partition:limit:)``.
    /// - Throws: ``ReplayError`` where they are of different logs, positions or formats; `StoreError` where one cannot
    ///   be read.
    public static func run(
        live: String, new: String, partition: PartitionIndex = PartitionIndex(0), limit: Int
    ) throws -> GenerationDifferences {
        let (one, other) = (try StoreReader(path: live), try StoreReader(path: new))
        _ = try one.begin()
        defer { one.end() }
        _ = try other.begin()
        defer { other.end() }
        let origins = (live: try one.origin(), new: try other.origin())
        guard origins.live.format == StoreReader.format else { throw ReplayError.otherFormat(live) }
        guard origins.new.format == StoreReader.format else { throw ReplayError.otherFormat(new) }
        guard origins.live.logEpoch == origins.new.logEpoch else { throw ReplayError.otherLogs }
        return try comparePartitions(
            live: (try one.loadInside(), one), new: (try other.loadInside(), other), partition: partition,
            limit: limit)
    }
}
