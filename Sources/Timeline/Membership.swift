/// Which definitions name whom, and where the intervals of dropped workers end (SPEC 3).
///
/// Invariant: a worker's runs of definitions are ascending and do not touch; the end is the created_at of the first
/// definition after the last run, none while the newest definition names the worker or none ever did.
struct Membership: Sendable {
    /// Runs of definitions that name a worker, by sequence number, half-open.
    private var runs: [[Range<Int>]] = []
    private var clips: [Clip] = []

    /// Where the intervals of a worker end.
    struct Clip: Sendable {
        /// None when the worker is not dropped.
        fileprivate(set) var end = OldestTime.none
        /// The earliest that ``end`` ever was: from here on the hours depend on what is known of the definitions.
        fileprivate(set) var earliest = OldestTime.none
        /// created_at of the definition that changed ``end`` last.
        fileprivate(set) var changedAt = NewestTime.none
    }

    var workerCount: Int { runs.count }

    mutating func addWorker() {
        runs.append([])
        clips.append(Clip())
    }

    /// Notes that definition `sequence`, the newest, names the worker.
    mutating func name(_ worker: UInt32, in sequence: Int) {
        let index = Int(worker)
        guard let last = runs[index].last, last.upperBound >= sequence else {
            runs[index].append(sequence..<(sequence + 1))
            return
        }
        runs[index][runs[index].count - 1] = last.lowerBound..<(sequence + 1)
    }

    func isNamed(_ worker: UInt32, in sequence: Int) -> Bool {
        runs[Int(worker)].contains { $0.contains(sequence) }
    }

    /// Workers that definition `sequence` names, by number.
    func workers(namedIn sequence: Int) -> [UInt32] {
        (0..<UInt32(runs.count)).filter { isNamed($0, in: sequence) }
    }

    @inline(__always)
    func clip(_ worker: UInt32) -> Clip { clips[Int(worker)] }

    /// Where a worker's intervals end now that definition `sequence` is the newest.
    ///
    /// - Returns: nil where no definition names the worker.
    func end(of worker: UInt32, at sequence: Int, _ definitions: [DefinitionVersion]) -> OldestTime? {
        runs[Int(worker)].last.map { last in
            last.upperBound > sequence ? .none : OldestTime(definitions[last.upperBound].createdAt)
        }
    }

    mutating func setEnd(of worker: UInt32, _ end: OldestTime, changedAt: Int64) {
        clips[Int(worker)].end = end
        clips[Int(worker)].earliest.note(end)
        clips[Int(worker)].changedAt = NewestTime(changedAt)
    }

    /// Where a worker's intervals end for those who know the `visible` definitions alone: created_at of the first of them
    /// after the last one that names the worker.
    func end(of worker: UInt32, visible: [Int], _ definitions: [DefinitionVersion]) -> OldestTime {
        for run in runs[Int(worker)].reversed() {
            let after = visible.partitioningIndex { $0 >= run.upperBound }
            guard after > 0, visible[after - 1] >= run.lowerBound else { continue }
            return after < visible.count ? OldestTime(definitions[visible[after]].createdAt) : .none
        }
        return .none
    }
}
