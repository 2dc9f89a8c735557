import Clocks
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import Replay
import SQLiteLog

/// Lives through a rebuild of the log in a folder, and kills itself between two steps of one of its phases. The test that
/// starts it then looks whether exactly one generation is live and right, and goes on.
///
///     rebuild-torture FOLDER PHASE STEP
///
/// Ends with 0 when the phase has fewer steps.
@main
enum RebuildTorture {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 4, let phase = Phase(rawValue: words[2]), let step = Int(words[3]) else { exit(64) }
        let steps = Steps(last: step, of: phase)
        let life = try Life(words[1], steps)
        for next in Phase.allCases {
            steps.begin(next)
            try life.go(through: next)
            if next == phase { break }
        }
        life.end()
    }
}

/// In the order in which they come.
enum Phase: String, CaseIterable {
    case snapshot, start, pause, resume, promote, rollback, cancel
}

/// Counts the steps of one phase and ends the process at the last one, as nothing else can.
final class Steps: Sendable {
    private struct State {
        var phase: Phase?
        var left: Int
    }

    private let wanted: Phase
    private let state: Guarded<State>

    init(last: Int, of phase: Phase) {
        wanted = phase
        state = Guarded(State(left: last))
    }

    func begin(_ phase: Phase) { state.withLock { $0.phase = phase } }

    /// Steps of other threads come when they like, and do not count.
    func pass() {
        guard Thread.isMainThread else { return }
        let isLast = state.withLock { state in
            guard state.phase == wanted else { return false }
            state.left -= 1
            return state.left == 0
        }
        guard isLast else { return }
        kill(getpid(), SIGKILL)
        while true { Glibc.pause() }
    }
}

/// Jobs in a file, with a step before and one after each change.
final class SteppedBoard: JobBoard {
    private let inner: JobStore
    private let steps: Steps

    init(_ path: String, _ steps: Steps) throws {
        inner = try JobStore(path: path)
        self.steps = steps
    }

    func jobs() throws(ReplayError) -> [RebuildJob] { try inner.jobs() }

    func put(_ job: RebuildJob) throws(ReplayError) -> JobVerdict {
        steps.pass()
        defer { steps.pass() }
        return try inner.put(job)
    }

    func watch(_ changed: @escaping @Sendable () -> Void) { inner.watch(changed) }
    var failure: String? { inner.failure }
}

/// One process on the folder.
final class Life {
    private let log: SQLiteLog
    private let projector: Projector
    private let board: SteppedBoard
    private let keeper: RebuildKeeper
    private let folder: String
    private let steps: Steps

    init(_ folder: String, _ steps: Steps) throws {
        (self.folder, self.steps) = (folder, steps)
        log = try SQLiteLog.open(path: folder + "/log.sqlite")
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.generationTickMilliseconds = 2
        configuration.limits.commitMilliseconds = 0
        configuration.freeBytes = { _ in nil }
        configuration.journal = Journal { _ in steps.pass() }
        let directory = GenerationDirectory(path: folder + "/projections.sqlite") { _ in steps.pass() }
        let projector = try Projector(log: log, generations: directory, configuration: configuration)
        self.projector = projector
        board = try SteppedBoard(folder + "/jobs.sqlite", steps)
        keeper = RebuildKeeper(board: board, journal: Journal { _ in steps.pass() }) {
            [PartitionIndex(0): projector]
        }
        projector.start()
    }

    func end() {
        projector.stop()
        log.close()
    }

    func go(through phase: Phase) throws {
        switch phase {
        case .snapshot:
            let snapshots = SnapshotDirectory(path: folder + "/snapshots") { [steps] _ in steps.pass() }
            _ = try SnapshotMaker(snapshots, program: "test").take(.init(projector.store, PartitionIndex(0)))
        case .start:
            let job = RebuildJob(by: "test", after: nil, at: SystemClock().now)
            guard try board.put(job) == .taken else { exit(1) }
            keepUntil { $0.state == .level }
        case .pause: try act(.pause) { $0.state == .paused }
        case .resume: try act(.resume) { $0.state == .level }
        case .promote: try act(.promote()) { $0.state == .promoted }
        case .rollback: try act(.rollback) { $0.state == .rolledBack }
        case .cancel: try act(.cancel) { $0.state == .cancelled }
        }
    }

    private func act(_ act: RebuildAct, until isDone: (RebuildReport) -> Bool) throws {
        guard let job = try board.jobs().first, let next = try job.after(act, by: "test", at: SystemClock().now),
            try board.put(next) == .taken
        else { exit(1) }
        keepUntil(isDone)
    }

    private func keepUntil(_ isDone: (RebuildReport) -> Bool) {
        while true {
            keeper.step()
            if let job = try? board.jobs().first,
                let report = keeper.report(job, isActing: job.wanted != .cancelled, of: PartitionIndex(0)),
                report.hasActed, isDone(report)
            {
                return
            }
            sched_yield()
        }
    }
}
