/// Which definitions name which workers, and where the intervals of dropped workers end (SPEC 3).
///
/// Invariant: a worker's runs of definitions are ascending and not adjacent. The end is the created_at of the first
/// definition after the last run; there is none while the newest definition names the worker, or if no definition ever
/// did.
struct Membership: Sendable {
    /// Definitions that name a worker, by sequence number, half-open.
    private struct Run {
        var first: UInt32
        var end: UInt32

        func contains(_ sequence: Int) -> Bool { first <= sequence && sequence < end }
    }

    /// The last run of each worker; empty for one whom no definition ever named.
    private var last: [Run] = []
    /// The runs before, of workers who were dropped and named again.
    private var earlier: [UInt32: [Run]] = [:]
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

    var workerCount: Int { last.count }
    /// For tests: how many runs are in memory.
    var runCount: Int { last.count { $0.end > 0 } + earlier.values.reduce(0) { $0 + $1.count } }

    mutating func addWorker() {
        last.append(Run(first: 0, end: 0))
        clips.append(Clip())
    }

    /// Records that definition `sequence`, the newest, names the worker.
    mutating func name(_ worker: UInt32, in sequence: Int) {
        let index = Int(worker)
        let sequence = UInt32(sequence)
        if last[index].end < sequence || last[index].end == 0 {
            if last[index].end > 0 { earlier[worker, default: []].append(last[index]) }
            last[index].first = sequence
        }
        last[index].end = sequence + 1
    }

    func isNamed(_ worker: UInt32, in sequence: Int) -> Bool {
        last[Int(worker)].contains(sequence)
            || (!earlier.isEmpty && earlier[worker]?.contains { $0.contains(sequence) } == true)
    }

    /// Workers that definition `sequence` names, by number.
    func workers(namedIn sequence: Int) -> [UInt32] {
        (0..<UInt32(last.count)).filter { isNamed($0, in: sequence) }
    }

    @inline(__always)
    func clip(_ worker: UInt32) -> Clip { clips[Int(worker)] }

    /// Where a worker's intervals end, with definition `sequence` as the newest.
    ///
    /// - Returns: nil when no definition names the worker.
    func end(of worker: UInt32, at sequence: Int, _ definitions: [DefinitionVersion]) -> OldestTime? {
        let end = Int(last[Int(worker)].end)
        guard end > 0 else { return nil }
        return end > sequence ? OldestTime.none : OldestTime(definitions[end].createdAt)
    }

    mutating func setEnd(of worker: UInt32, _ end: OldestTime, changedAt: Int64) {
        clips[Int(worker)].end = end
        clips[Int(worker)].earliest.note(end)
        clips[Int(worker)].changedAt = NewestTime(changedAt)
    }

    /// Where a worker's intervals end if only the `visible` definitions are known: created_at of the first of them
    /// after the last one that names the worker.
    func end(of worker: UInt32, visible: [Int], _ definitions: [DefinitionVersion]) -> OldestTime {
        guard last[Int(worker)].end > 0 else { return .none }
        for run in [last[Int(worker)]] + (earlier[worker] ?? []).reversed() {
            let after = visible.partitioningIndex { $0 >= run.end }
            guard after > 0, visible[after - 1] >= run.first else { continue }
            return after < visible.count ? OldestTime(definitions[visible[after]].createdAt) : .none
        }
        return .none
    }
}
