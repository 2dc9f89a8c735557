import EventModel
import Locks
import Observability
import Projector
import Replay

/// A partition that only remembers what it was told. What would be on the disk is a ``Disk``, which outlives it.
final class FakePartition: RebuildablePartition {
    struct Generation {
        var next = LogOffset(0)
        var state = "building"
    }

    /// What a kill leaves.
    final class Disk: Sendable {
        struct Stored {
            var generations: [JobID: Generation] = [:]
            var end = LogOffset(100)
            var differences: Int64 = 0
            var notes: [String] = []
        }

        let stored = Guarded(Stored())

        subscript(job: JobID) -> String? { stored.withLock { $0.generations[job]?.state } }

        /// Jobs whose generation answers; of several the fold before all of them was replaced twice.
        var live: [JobID] { stored.withLock { $0.generations.filter { $0.value.state == "live" }.map(\.key) } }

        func set(_ job: JobID, _ state: String?) {
            stored.withLock {
                $0.generations[job] = state.map { Generation(next: LogOffset($0 == "building" ? 50 : 100), state: $0) }
            }
        }
    }

    struct Trouble: OperatorError {
        let name = "disk_full"
        let message = "the disk is full"
        let hint: String? = nil
        let isRetriable = true
    }

    private struct Running {
        var paces: [JobID: FoldPace] = [:]
        var calls: [String] = []
        var isBroken = false
        var failure: String?
        var comparing: (@Sendable () -> Void)?
    }

    let partition: PartitionIndex
    let disk: Disk
    private let running = Guarded(Running())

    init(_ number: Int32 = 0, _ disk: Disk = Disk()) {
        partition = PartitionIndex(number)
        self.disk = disk
    }

    var calls: [String] { running.withLock { $0.calls } }
    func pace(_ job: JobID) -> FoldPace? { running.withLock { $0.paces[job] } }
    /// From now on everything fails, or nothing.
    func setBroken(_ isBroken: Bool) { running.withLock { $0.isBroken = isBroken } }
    /// From now on builds stand still because of this.
    func setFailure(_ failure: String?) { running.withLock { $0.failure = failure } }

    /// What happens while its generations are compared, once.
    func whileComparing(_ body: @escaping @Sendable () -> Void) { running.withLock { $0.comparing = body } }

    /// Folds to the end of the log whatever builds.
    func foldAll() {
        let paces = running.withLock { $0.paces }
        disk.stored.withLock { stored in
            for (job, pace) in paces where pace != .paused && stored.generations[job] != nil {
                stored.generations[job]?.next = stored.end
                if stored.generations[job]?.state == "building" { stored.generations[job]?.state = "level" }
            }
        }
    }

    private func note(_ call: String) throws {
        try running.withLock { running in
            running.calls.append(call)
            if running.isBroken { throw Trouble() }
        }
    }

    func build(job: JobID, pace: FoldPace) throws {
        try note("build \(pace)")
        disk.stored.withLock { if $0.generations[job] == nil { $0.generations[job] = Generation() } }
        running.withLock { $0.paces[job] = pace }
    }

    func progress(job: JobID) -> BuildProgress? {
        let (failure, isPaced) = running.withLock { ($0.failure, $0.paces[job] != nil) }
        return disk.stored.withLock { stored in
            stored.generations[job].map { found in
                BuildProgress(
                    generation: 2, next: found.next, end: stored.end, events: found.next.value * 10,
                    startedAt: Timestamp(microseconds: 0), eventsPerSecond: 7,
                    isLevel: found.state == "level" || found.state == "live", state: found.state, failure: failure,
                    isFolded: isPaced || found.state == "live" || found.state == "retired")
            }
        }
    }

    func setPace(_ pace: FoldPace, job: JobID) {
        running.withLock { running in
            running.calls.append("pace \(pace)")
            running.paces[job] = pace
        }
    }

    func cancel(job: JobID) throws {
        try note("cancel")
        disk.stored.withLock { if $0.generations[job]?.state != "live" { $0.generations[job] = nil } }
        running.withLock { $0.paces[job] = nil }
    }

    func compare(job: JobID, limit: Int) throws -> GenerationDifferences {
        try note("compare")
        running.withLock { running in
            defer { running.comparing = nil }
            return running.comparing
        }?()
        guard disk[job] != "live" else { throw Trouble() }
        return disk.stored.withLock { stored in
            let all = (0..<stored.differences).map { number in
                Difference(
                    kind: .workerHour, site: "plant",
                    ids: [NamedValue("worker_id", .id(Array("W\(partition.value)-\(number)".utf8)))],
                    size: 100 - number,
                    members: [.init("working_us", .integer(1), .integer(2))])
            }
            return GenerationDifferences(
                partition: partition, position: stored.end,
                counts: [.init(kind: .workerHour, equal: 50, different: stored.differences)],
                differences: Array(all.prefix(limit)), notes: stored.notes)
        }
    }

    func promote(job: JobID) throws {
        try note("promote")
        disk.stored.withLock { stored in
            for (other, found) in stored.generations where found.state == "live" {
                stored.generations[other]?.state = "retired"
            }
            stored.generations[job]?.state = "live"
        }
    }

    func rollback(job: JobID) throws {
        try note("rollback")
        disk.stored.withLock { $0.generations[job]?.state = "level" }
    }
}
