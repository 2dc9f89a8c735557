/// Which definitions name which workers, and where the intervals of dropped workers end (SPEC 3).
///
/// Invariant: a worker's runs of definitions are ascending and not adjacent. The end is the created_at of the first
/// definition after the last run; there is none while the newest definition names the worker, or if no definition ever
/// did.
struct Membership: Sendable {
    /// Runs of definitions that name a worker, by sequence number, half-open.
    private var runs: [[Range<Int>]] = []
    private var clips: [Clip] = []

    /// Where the intervals of a worker end.
    struct Clip: Sendable {
        /// None unless the worker is dropped.
        fileprivate(set) var end = OldestTime.none
        /// The earliest value that ``end`` ever had: from here on, hours depend on which definitions are known.
        fileprivate(set) var earliest = OldestTime.none
        /// created_at of the definition that last changed ``end``.
        fileprivate(set) var changedAt = NewestTime.none
    }

    var workerCount: Int { runs.count }

    mutating func addWorker() {
        runs.append([])
        clips.append(Clip())
    }

    /// Records that definition `sequence`, the newest, names the worker.
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

    /// Where a worker's intervals end, with definition `sequence` as the newest.
    ///
    /// - Returns: nil when no definition names the worker.
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

    /// Where a worker's intervals end if only the `visible` definitions are known: created_at of the first of them
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
