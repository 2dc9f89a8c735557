// Layer: machine.
import Clocks
import EventModel
import Projector
import Testing

@testable import Replay

@Suite("What a holder does for a rebuild (DESIGN 7)")
struct RebuildMachineTests {
    private static let now = Timestamp(microseconds: 1_770_000_000_000_000)
    private static let uptime = MonotonicTime(microseconds: 1_000_000)
    private typealias Wanted = RebuildJob.Wanted

    /// All that a partition may say of a generation; nil: it has none.
    private static let states: [String?] = [nil, "building", "level", "live", "retired"]

    private static func job(_ wanted: RebuildJob.Wanted, _ pace: RebuildPace = .auto, revision: Int64 = 1) -> RebuildJob
    {
        var job = RebuildJob(by: "a", pace: pace, after: nil, at: now)
        (job.wanted, job.revision) = (wanted, revision)
        return job
    }

    private static func progress(_ state: String?, failure: String? = nil) -> BuildProgress? {
        state.map { state in
            BuildProgress(
                generation: 2, next: LogOffset(5), end: LogOffset(10), events: 1, startedAt: now, eventsPerSecond: 1,
                isLevel: state != "building", state: state, failure: failure)
        }
    }

    private static func next(
        _ machine: inout RebuildMachine, _ wanted: RebuildJob.Wanted, _ state: String?, isActing: Bool = true,
        after: Int64 = 0, failure: String? = nil
    ) -> RebuildMachine.Action {
        machine.next(
            job(wanted), isActing: isActing, progress(state, failure: failure), now: uptime, time: now + after)
    }

    @Test("from nothing asked yet: each wish in each state of the generation")
    func untouched() {
        let expected: [Wanted: [RebuildMachine.Action]] = [
            .running: [.build(.auto), .build(.auto), .build(.auto), .nothing, .nothing],
            .paused: [.nothing, .setPace(.paused), .setPace(.paused), .nothing, .nothing],
            .cancelled: [.cancel, .cancel, .cancel, .nothing, .cancel],
            .promoted: [.build(.auto), .build(.auto), .build(.auto), .nothing, .nothing],
            .rolledBack: [.nothing, .nothing, .nothing, .rollback, .nothing],
        ]
        #expect(expected.count == Wanted.allCases.count)
        for (wanted, actions) in expected {
            for (state, action) in zip(Self.states, actions) {
                var machine = RebuildMachine()
                #expect(Self.next(&machine, wanted, state) == action, "\(wanted) with \(state ?? "none")")
            }
        }
    }

    @Test("once it was told to build: each wish in each state of the generation")
    func told() {
        let expected: [Wanted: [RebuildMachine.Action]] = [
            .running: [.build(.auto), .nothing, .nothing, .nothing, .nothing],
            .paused: [.nothing, .setPace(.paused), .setPace(.paused), .nothing, .nothing],
            .cancelled: [.cancel, .cancel, .cancel, .nothing, .cancel],
            .promoted: [.build(.auto), .nothing, .promote, .nothing, .nothing],
            .rolledBack: [.nothing, .nothing, .nothing, .rollback, .nothing],
        ]
        for (wanted, actions) in expected {
            for (state, action) in zip(Self.states, actions) {
                var machine = RebuildMachine()
                machine.did(.build(.auto))
                #expect(Self.next(&machine, wanted, state) == action, "\(wanted) with \(state ?? "none")")
            }
        }
    }

    @Test("what was built before a start waits in its store: it is built on, and a paused one is left as it is")
    func waiting() {
        let expected: [Wanted: RebuildMachine.Action] = [
            .running: .build(.auto), .paused: .nothing, .cancelled: .cancel, .promoted: .build(.auto),
            .rolledBack: .nothing,
        ]
        for state in ["building", "level"] {
            for (wanted, action) in expected {
                var machine = RebuildMachine()
                var waiting = Self.progress(state)
                waiting?.isFolded = false
                let next = machine.next(
                    Self.job(wanted), isActing: true, waiting, now: Self.uptime, time: Self.now)
                #expect(next == action, "\(wanted) with \(state)")
                guard wanted == .paused else { continue }
                #expect(machine.hasActed(Self.job(wanted), isActing: true, waiting, time: Self.now))
            }
        }
    }

    @Test("an older rebuild is cleaned up and rolled back, and otherwise left alone")
    func older() {
        for wanted in Wanted.allCases {
            for state in Self.states {
                var machine = RebuildMachine()
                let action = Self.next(&machine, wanted, state, isActing: false)
                switch (wanted, state) {
                case (.cancelled, nil), (.cancelled, "building"), (.cancelled, "level"), (.cancelled, "retired"):
                    #expect(action == .cancel)
                case (.rolledBack, "live"): #expect(action == .rollback)
                default: #expect(action == .nothing, "\(wanted) with \(state ?? "none")")
                }
            }
        }
    }

    @Test("a partition that comes later builds a promoted rebuild for a day")
    func late() {
        for (after, action) in [
            (Microseconds.day, RebuildMachine.Action.build(.auto)), (Microseconds.day + 1, .nothing),
        ] {
            var machine = RebuildMachine()
            #expect(Self.next(&machine, .promoted, nil, after: after) == action)
        }
    }

    @Test("another pace is passed on: pause, resume, and a rate")
    func paces() {
        var machine = RebuildMachine()
        machine.did(.build(.auto))
        #expect(Self.next(&machine, .paused, "building") == .setPace(.paused))
        machine.did(.setPace(.paused))
        #expect(Self.next(&machine, .paused, "building") == .nothing)
        #expect(Self.next(&machine, .running, "building") == .setPace(.auto))
        let slow = Self.job(.running, .eventsPerSecond(9))
        let action = machine.next(
            slow, isActing: true, Self.progress("building"), now: Self.uptime, time: Self.now)
        #expect(action == .setPace(.eventsPerSecond(9)))
    }

    @Test("what failed is tried again after ten seconds, and at once when something else is wanted")
    func failures() {
        var machine = RebuildMachine()
        #expect(Self.next(&machine, .running, nil) == .build(.auto))
        machine.failed("disk full", now: Self.uptime)
        #expect(machine.failure == "disk full")
        func at(_ milliseconds: Int, _ job: RebuildJob) -> RebuildMachine.Action {
            machine.next(
                job, isActing: true, nil, now: Self.uptime.advanced(milliseconds: milliseconds), time: Self.now)
        }
        #expect(at(9_999, Self.job(.running)) == .nothing)
        #expect(at(10_000, Self.job(.running)) == .build(.auto))
        machine.failed("disk full", now: Self.uptime)
        #expect(at(1, Self.job(.running, revision: 2)) == .build(.auto))
        machine.did(.build(.auto))
        #expect(machine.failure == nil)
    }

    @Test("a build that stands still is given ten seconds, then told to go on; nothing is acted meanwhile")
    func standingStill() {
        var machine = RebuildMachine()
        machine.did(.build(.auto))
        func at(_ milliseconds: Int, _ failure: String?) -> RebuildMachine.Action {
            machine.next(
                Self.job(.running), isActing: true, Self.progress("building", failure: failure),
                now: Self.uptime.advanced(milliseconds: milliseconds), time: Self.now)
        }
        #expect(at(0, "disk full") == .nothing && at(9_999, "disk full") == .nothing)
        let standing = Self.progress("building", failure: "disk full")
        #expect(!machine.hasActed(Self.job(.running), isActing: true, standing, time: Self.now))
        #expect(at(10_000, "disk full") == .build(.auto))
        machine.did(.build(.auto))
        #expect(at(10_001, nil) == .nothing)
        #expect(machine.hasActed(Self.job(.running), isActing: true, Self.progress("building"), time: Self.now))
    }

    @Test("promoted is acted once the generation is live; the other wishes once nothing is left to do")
    func acted() {
        var machine = RebuildMachine()
        machine.did(.build(.auto))
        func acted(_ wanted: RebuildJob.Wanted, _ state: String?) -> Bool {
            machine.hasActed(Self.job(wanted), isActing: true, Self.progress(state), time: Self.now)
        }
        #expect(!acted(.promoted, "building") && !acted(.promoted, "level") && acted(.promoted, "live"))
        // What a former process left is not seen: it is told to go once.
        #expect(!acted(.cancelled, "level") && !acted(.cancelled, nil))
        #expect(!acted(.rolledBack, "live") && acted(.rolledBack, "level"))
        #expect(acted(.running, "building") && !acted(.paused, "building"))
        machine.did(.cancel)
        #expect(acted(.cancelled, nil))
    }

    @Test("time left follows the speed of lately, and is unknown before there is one")
    func meter() {
        var meter = RebuildMeter()
        func at(_ seconds: Int) -> MonotonicTime { Self.uptime.advanced(milliseconds: seconds * 1000) }
        meter.note(LogOffset(0), at: at(0))
        #expect(meter.secondsLeft(LogOffset(0), LogOffset(10), at: at(1)) == nil)
        #expect(meter.secondsLeft(LogOffset(10), LogOffset(10), at: at(1)) == 0)
        meter.note(LogOffset(100), at: at(10))
        #expect(meter.secondsLeft(LogOffset(100), LogOffset(1100), at: at(10)) == 100)
        // Ten times as fast since: two windows later the slow start is forgotten.
        for second in [20, 30] { meter.note(LogOffset(Int64(second - 9) * 100), at: at(second)) }
        #expect(meter.secondsLeft(LogOffset(2100), LogOffset(3100), at: at(30)) == 10)
        // Begun anew: nothing is known again.
        meter.note(LogOffset(0), at: at(31))
        #expect(meter.secondsLeft(LogOffset(0), LogOffset(10), at: at(32)) == nil)
    }

    @Test("acts: each wish in each state of the rebuild, and what is so already changes nothing (SPEC 7.3)")
    func acts() throws {
        let acts: [RebuildAct] = [.pause, .resume, .cancel, .promote(accepted: 4), .rollback]
        let expected: [Wanted: [Wanted?]] = [
            .running: [.paused, .running, .cancelled, .promoted, nil],
            .paused: [.paused, .running, .cancelled, nil, nil],
            .cancelled: [nil, nil, .cancelled, nil, nil],
            .promoted: [nil, nil, nil, .promoted, .rolledBack],
            .rolledBack: [nil, nil, .cancelled, nil, .rolledBack],
        ]
        for (wanted, outcomes) in expected {
            for (act, outcome) in zip(acts, outcomes) {
                let job = Self.job(wanted, revision: 3)
                guard let outcome else {
                    #expect(throws: RebuildRefusal.self, "\(act) of \(wanted)") {
                        try job.after(act, by: "b", at: Self.now + 1)
                    }
                    continue
                }
                let next = try job.after(act, by: "b", at: Self.now + 1)
                #expect((next?.wanted ?? wanted) == outcome && (next == nil) == (outcome == wanted), "\(act)")
                #expect(next.map { $0.revision == 4 && $0.changedBy == "b" && $0.by == "a" } ?? true)
            }
        }
        #expect(try Self.job(.running).after(.promote(accepted: 4), by: "b", at: Self.now)?.acceptedDifferences == 4)
    }
}
