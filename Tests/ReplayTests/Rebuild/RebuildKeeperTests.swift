// Layer: simulation, by hand: a process may be killed between any two steps.
import Clocks
import EventModel
import JSON
import Locks
import Observability
import Testing

@testable import Replay

@Suite("Rebuilds are carried out by whoever holds the partitions (DESIGN 7)", .timeLimit(.minutes(10)))
struct RebuildKeeperTests {
    private let board = InMemoryJobBoard()
    private let clock = ManualClock()

    private func keeper(_ partitions: [FakePartition], _ journal: Journal = .silent) -> RebuildKeeper {
        RebuildKeeper(board: board, clock: clock, journal: journal) {
            Dictionary(uniqueKeysWithValues: partitions.map { ($0.partition, $0) })
        }
    }

    private func start(_ pace: RebuildPace = .auto) throws -> RebuildJob {
        let job = RebuildJob(by: "a", pace: pace, after: board.jobs().first, at: clock.now)
        try #require(board.put(job) == .taken)
        return job
    }

    private func act(_ act: RebuildAct, _ job: RebuildJob) throws -> RebuildJob {
        let next = try #require(try job.after(act, by: "b", at: clock.now))
        try #require(board.put(next) == .taken)
        return next
    }

    @Test("from start to rollback: every partition builds, is promoted when it is level, and goes back")
    func wholeLife() throws {
        let partitions = [FakePartition(0), FakePartition(1)]
        let keeper = keeper(partitions)
        keeper.step()
        var job = try start()
        keeper.step()
        #expect(partitions.allSatisfy { $0.calls == ["build auto"] })
        partitions[0].foldAll()
        job = try act(.promote(), job)
        keeper.step()
        keeper.step()
        #expect(partitions.map { $0.disk[job.id] } == ["live", "building"])
        partitions[1].foldAll()
        keeper.step()
        #expect(partitions.map { $0.disk[job.id] } == ["live", "live"])
        job = try act(.rollback, job)
        keeper.step()
        keeper.step()
        #expect(
            partitions.allSatisfy { $0.disk[job.id] == "level" && $0.calls == ["build auto", "promote", "rollback"] })
        job = try act(.cancel, job)
        keeper.step()
        #expect(partitions.allSatisfy { $0.disk[job.id] == nil })
    }

    @Test("killed after any step, in any state, with anything wanted: the next process brings about what is wanted")
    func killed() throws {
        for wanted in RebuildJob.Wanted.allCases {
            for state in [nil, "building", "level", "live"] as [String?] {
                for kills in 0..<3 {
                    let board = InMemoryJobBoard()
                    var job = RebuildJob(by: "a", after: nil, at: clock.now)
                    (job.wanted, job.revision) = (wanted, 2)
                    try #require(board.put(job) == .taken)
                    let disk = FakePartition.Disk()
                    disk.set(job.id, state)
                    for kill in 0...(kills + 4) {
                        // What ran is gone; the disk stays. After the last kill it is left in peace.
                        let partition = FakePartition(0, disk)
                        let keeper = RebuildKeeper(board: board, clock: clock) { [PartitionIndex(0): partition] }
                        for _ in 0...(kill < kills ? 0 : 3) {
                            keeper.step()
                            partition.foldAll()
                        }
                    }
                    let expected: String? =
                        switch (wanted, state) {
                        case (.running, "live"), (.paused, "live"), (.cancelled, "live"): "live"
                        case (.running, _): "level"
                        case (.paused, _): state
                        case (.cancelled, _): nil
                        case (.promoted, _): "live"
                        case (.rolledBack, "live"): "level"
                        case (.rolledBack, _): state
                        }
                    #expect(disk[job.id] == expected, "\(wanted) from \(state ?? "none"), killed \(kills) times")
                }
            }
        }
    }

    @Test("after a start a paused rebuild says how far its store is, and goes on from there when it is resumed")
    func pausedOverStart() throws {
        let partition = FakePartition(0)
        let job = try act(.pause, try start())
        partition.disk.set(job.id, "building")
        let keeper = keeper([partition])
        keeper.step()
        #expect(partition.calls == [])
        let report = try #require(keeper.report(job, isActing: true, of: PartitionIndex(0)))
        #expect(report.state == .paused && report.hasActed && report.failure == nil)
        #expect(report.recordsDone == 50 && report.recordsTotal == 100 && report.generation == 2)
        _ = try act(.resume, job)
        keeper.step()
        #expect(partition.calls == ["build auto"])
    }

    @Test("a partition that moves goes on with its new holder; what the former one built is not needed")
    func moved() throws {
        let job = try start(.eventsPerSecond(5))
        let first = FakePartition(3)
        keeper([first]).step()
        let second = FakePartition(3)
        let keeper = keeper([second])
        keeper.step()
        #expect(first.calls == ["build eventsPerSecond(5)"] && second.calls == first.calls)
        #expect(keeper.report(job, isActing: true, of: PartitionIndex(3))?.state == .building)
        #expect(keeper.report(job, isActing: true, of: PartitionIndex(4)) == nil)
    }

    @Test("a partition that is lost and given again is told again")
    func heldAgain() throws {
        let disk = FakePartition.Disk()
        let held = Guarded<FakePartition?>(FakePartition(0, disk))
        let keeper = RebuildKeeper(board: board, clock: clock) {
            held.withLock { $0 }.map { [$0.partition: $0] } ?? [:]
        }
        _ = try start()
        keeper.step()
        let again = FakePartition(0, disk)
        held.withLock { $0 = again }
        keeper.step()
        keeper.step()
        #expect(again.calls == ["build auto"])
    }

    @Test("a new rebuild does not disturb the one that was promoted before it; cancelled, it leaves nothing behind")
    func second() throws {
        let partition = FakePartition(0)
        let keeper = keeper([partition])
        var first = try start()
        keeper.step()
        partition.foldAll()
        first = try act(.promote(), first)
        keeper.step()
        let second = try start()
        keeper.step()
        #expect(partition.disk[first.id] == "live" && partition.disk[second.id] == "building")
        _ = try act(.cancel, second)
        keeper.step()
        #expect(partition.disk[first.id] == "live" && partition.disk[second.id] == nil)
        first = try act(.rollback, first)
        keeper.step()
        #expect(partition.disk[first.id] == "level")
    }

    @Test("a full disk is said once and tried again; the other partitions go on")
    func broken() throws {
        let (good, bad) = (FakePartition(0), FakePartition(1))
        bad.setBroken(true)
        let names = Guarded<[String]>([])
        let keeper = keeper([good, bad], Journal { event in names.withLock { $0.append(event.name) } })
        let job = try start()
        for _ in 0..<3 {
            keeper.step()
            clock.advance(milliseconds: 10_000)
        }
        #expect(names.withLock { $0.sorted() } == ["rebuild_acted", "rebuild_failed"])
        #expect(good.disk[job.id] == "building" && bad.disk[job.id] == nil)
        let report = try #require(keeper.report(job, isActing: true, of: bad.partition))
        #expect(report.state == .failed && report.failure == "the disk is full" && !report.hasActed)
        bad.setBroken(false)
        keeper.step()
        #expect(bad.disk[job.id] == "building")
    }

    @Test("a thread of its own acts as soon as the board changes, and ends when it is stopped")
    func running() throws {
        let partition = FakePartition(0)
        let told = Monitor<[String]>([])
        let keeper = keeper([partition], Journal { event in told.update { $0.append(event.name) } })
        keeper.start()
        _ = try start()
        told.wait { $0.contains("rebuild_acted") ? () : nil }
        keeper.stop()
        #expect(partition.calls == ["build auto"])
    }

    @Test("a report says how far the partition is, and reads the same from its JSON")
    func report() throws {
        let partition = FakePartition(2)
        let keeper = keeper([partition])
        let job = try start()
        keeper.step()
        let report = try #require(keeper.report(job, isActing: true, of: partition.partition))
        #expect(report.hasActed && report.state == .building && report.generation == 2 && report.secondsLeft == nil)
        partition.foldAll()
        clock.advance(milliseconds: 1000)
        let level = try #require(keeper.report(job, isActing: true, of: partition.partition))
        #expect(
            level.state == .level && level.recordsDone == 100 && level.recordsTotal == 100 && level.secondsLeft == 0)
        for report in [report, level] {
            let text = RebuildReport.text(report)
            #expect(RebuildReport.read(text) == report)
        }
    }
}

extension RebuildReport {
    /// As its holder sends it.
    static func text(_ report: RebuildReport) -> [UInt8] {
        var json = JSONWriter()
        report.write(to: &json)
        return json.bytes
    }

    static func read(_ bytes: [UInt8]) -> RebuildReport? { JSONValue(bytes).flatMap { RebuildReport($0) } }
}
