// Layer: machine. Readers that would never end, and a writer whose write-ahead log has little room. Shows that the log
// stays within its limit whatever is asked, and that what is read meanwhile is right or ends with an error.
import Clocks
import EventModel
import Figures
import Foundation
import Locks
import Projector
import SimulationKit
import Testing
import Timeline

@testable import ProjectionStore

@Suite("Readers and the write-ahead log (DESIGN 1.9)", .timeLimit(.minutes(10)))
struct ReadingTurnsTests {
    private static let site = RandomScenario.siteID
    private static let base = 20_465 * Microseconds.day
    private static let farAway = SystemClock().uptime.advanced(milliseconds: 3_600_000)
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    private var walBytes: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: workplace.storePath + "-wal")
        return attributes?[.size] as? Int ?? 0
    }

    /// Records of one day: some workers' events, each a minute after the one before.
    private func records(_ count: Int, day: Int64, from created: Int64) -> [RandomScenario.Record] {
        (0..<Int64(count)).map { number in
            let events = (0..<8 as Range<Int64>).map { index in
                SimulatedEvent(
                    time: Self.base + day * Microseconds.day + (number * 8 + index) * Microseconds.minute / 2,
                    worker: WorkerID("W\(index % 3)"), workstation: "S1", type: number % 2 == 0 ? .working : .idle)
            }
            return .events(events, createdAt: Self.base + created + number)
        }
    }

    private func limits(pages: Int, stopping: Int) -> StoreLimits {
        var limits = StoreLimits()
        limits.walPagesMaximum = pages
        limits.checkpointPages = min(10, pages)
        limits.readingMilliseconds = 0
        limits.stoppingMilliseconds = stopping
        return limits
    }

    // reader                               writer
    // begin, read, read …                  commit, commit … no room
    //          tooLong, end ◀───────────── its turn: stop!
    //                                      checkpoint, commit
    // begin, read …
    @Test("Readers that do not end by themselves are stopped before the write-ahead log passes its limit")
    func bounded() throws {
        let store = try workplace.store(limits(pages: 100, stopping: 60_000))
        var folding = try StoredFold(store)
        let records = records(200, day: 0, from: 0)
        try folding.apply(records[0])
        struct Progress {
            var isInside = false
            var isDone = false
            var stops = 0
            var failures: [String] = []
        }
        let progress = Monitor(Progress())
        let reader = try store.reader()
        let reading = BackgroundThread.start("reading") {
            while !progress.withLock({ $0.isDone }) {
                do {
                    _ = try reader.begin(until: Self.farAway, by: .system)
                    progress.update { $0.isInside = true }
                    while !progress.withLock({ $0.isDone }) {
                        try reader.forEachHour(site: 0, .factory, Hour(0)..<Hour(1 << 40)) { _, _ in }
                    }
                } catch let error as TimelineError where error.code == .tooLong {
                    progress.update { $0.stops += 1 }
                } catch {
                    progress.update { $0.failures.append("\(error)") }
                }
                progress.update { $0.isInside = false }
                reader.end()
            }
        }
        var largest = 0
        for record in records.dropFirst() {
            // Somebody reads at every moment.
            progress.wait { $0.isInside ? () : nil }
            try folding.apply(record)
            largest = max(largest, walBytes)
        }
        progress.update { $0.isDone = true }
        reading.join()
        #expect(progress.withLock { $0.failures } == [])
        #expect(progress.withLock { $0.stops } > 3)
        // Little more than the limit: what a commit takes is estimated.
        #expect(largest <= (100 + 64) * 4120)
    }

    @Test(
        "A commit that finds no room fails, loses nothing, and works when nobody reads any more",
        arguments: [true, false])
    func noRoom(isForeign: Bool) throws {
        let store = try workplace.store(limits(pages: 50, stopping: 0))
        var folding = try StoredFold(store)
        // A foreign one is a program of its own, of whose readers the store knows nothing.
        let reader = isForeign ? try StoreReader(path: workplace.storePath) : try store.reader()
        let records = records(60, day: 0, from: 0)
        try folding.apply(records[0])
        _ = try reader.begin(until: Self.farAway, by: .system)
        var refusals = 0
        for record in records.dropFirst() {
            try folding.apply(record) { set in
                do throws(StoreError) { try store.commit(set) } catch {
                    #expect(error.code == .busy && error.isRetriable && error.hint != nil)
                    #expect(walBytes <= (50 + 64) * 4120)
                    refusals += 1
                    reader.end()
                    try store.commit(set)
                    _ = try reader.begin(until: Self.farAway, by: .system)
                }
            }
        }
        reader.end()
        #expect(refusals > 0)
        let memory = try MemoryFold(records)
        let window = Window(from: 0, end: Timestamp.latest.microseconds)
        #expect(
            try NamedFigures(try #require(folding.fold.site(Self.site)), window, nil, try store.reader())
                == NamedFigures(try #require(memory.site), window, nil, memory.projections))
    }

    // question                             writer
    // begin, read pages                    commit: its turn
    //          end  ◀───────────────────── stop!
    //                                      checkpoint, commit
    // begin, read the next pages           …
    @Test("A question about the settled past goes on with later states, and its figures stay the same (SPEC 5.8)")
    func settledPast() throws {
        let store = try workplace.store(limits(pages: 1, stopping: 60_000))
        var folding = try StoredFold(store)
        let known = records(150, day: 0, from: 0)
        for record in known { try folding.apply(record) }
        let knownAt = Timestamp(microseconds: Self.base + 1000)
        let reader = try store.reader()
        let generation = try reader.begin(until: Self.farAway, by: .system)
        let site = try #require(folding.fold.site(Self.site, storeGeneration: generation))
        reader.goesOn(knownAt: knownAt) { site.storeHasHours(knownAt: KnowledgeLimit(knownAt.microseconds)) }
        let view = site.view(knownAt: knownAt)
        // A broken hour, into which late events come, and whole hours, into which none do.
        let windows = [
            Window(from: Self.base + 1, end: Self.base + 59 * Microseconds.minute),
            Window(from: Self.base + 3 * Microseconds.hour, end: Self.base + 570 * Microseconds.minute),
        ]
        func ask() throws -> [SiteFigures] {
            try site.figures(windows: windows, view, [.workers, .stations, .statuses, .factory], reader)
        }
        let right = try ask()
        #expect(right.allSatisfy { $0.factory.working > 0 })

        let later = records(20, day: 2, from: 2000) + lateEvents(20)
        let done = Monitor(0)
        let failures = Guarded<[String]>([])
        let writing = BackgroundThread.start("writing") {
            do {
                var folding = try StoredFold(store)
                for record in later {
                    try folding.apply(record)
                    done.update { $0 += 1 }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
                done.update { $0 = later.count }
            }
        }
        // Every one of the commits needs the turn of the question, which does not end before the last.
        var isSame = true
        while done.withLock({ $0 }) < later.count { isSame = try isSame && ask() == right }
        writing.join()
        #expect(isSame)
        #expect(failures.withLock { $0 } == [])
        #expect(try ask() == right)
        reader.end()
        let after = try #require(try store.load().site(Self.site))
        #expect(try after.figures(windows[0], after.view(knownAt: nil), .workers, reader).workers != right[0].workers)
    }

    @Test("What a question waits for the writer does not count as its own time")
    func waiting() throws {
        let store = try workplace.store()
        var folding = try StoredFold(store)
        for record in records(40, day: 0, from: 0) { try folding.apply(record) }
        let site = try #require(folding.fold.site(Self.site))
        let clock = ManualClock()
        let turns = ReadingTurns(limits(pages: 1, stopping: 60_000))
        let reader = try StoreReader(path: workplace.storePath, condition: StoreCondition(), turns: turns)
        _ = try reader.begin(until: clock.uptime.advanced(milliseconds: 5000), by: clock)
        let knownAt = Timestamp(microseconds: Self.base + 1000)
        reader.goesOn(knownAt: knownAt) { true }
        let taken = Monitor(0)
        let writing = BackgroundThread.start("writing") {
            for _ in 0..<10 {
                _ = try? turns.takeTurn { clock.advance(milliseconds: 1000) }
                taken.update { $0 += 1 }
            }
        }
        let window = Window(from: Self.base + 1, end: Self.base + 59 * Microseconds.minute)
        while taken.withLock({ $0 }) < 10 {
            _ = try site.figures(window, site.view(knownAt: knownAt), [.workers, .statuses], reader)
        }
        writing.join()
        clock.advance(milliseconds: 5001)
        let error = #expect(throws: TimelineError.self) {
            try site.figures(window, site.view(knownAt: knownAt), [.workers, .statuses], reader)
        }
        #expect(error?.code == .tooLong)
        reader.end()
    }

    /// Events into the first hours of the known ones.
    private func lateEvents(_ count: Int) -> [RandomScenario.Record] {
        (0..<Int64(count)).map { number in
            let event = SimulatedEvent(
                time: Self.base + number * 7 * Microseconds.minute + 1, worker: "W1", workstation: "S1", type: .absent)
            return .events([event], createdAt: Self.base + 3000 + number)
        }
    }

    @Test("A live question, and one that needs hours which changed, ends instead (SPEC 5.8)")
    func noLongerSame() throws {
        let store = try workplace.store(limits(pages: 1, stopping: 60_000))
        var folding = try StoredFold(store)
        for record in records(150, day: 0, from: 0) { try folding.apply(record) }
        let reader = try store.reader()
        for isLasting in [false, true] {
            let generation = try reader.begin(until: Self.farAway, by: .system)
            let site = try #require(folding.fold.site(Self.site, storeGeneration: generation))
            let knownAt = Timestamp(microseconds: Self.base + 1000)
            if isLasting { reader.goesOn(knownAt: knownAt) { true } }
            let view = site.view(knownAt: isLasting ? knownAt : nil)
            let late = lateEvents(40)[isLasting ? 20..<40 : 0..<20]
            let isDone = Monitor(false)
            let writing = BackgroundThread.start("writing") {
                // A failure shows as a question that is never stopped.
                if var folding = try? StoredFold(store) { for record in late { try? folding.apply(record) } }
                isDone.update { $0 = true }
            }
            let window = Window(from: Self.base, end: Self.base + Microseconds.day)
            let error = #expect(throws: TimelineError.self) {
                while true { _ = try site.figures(window, view, [.workers, .statuses], reader) }
            }
            #expect(error?.code == .tooLong)
            reader.end()
            isDone.wait { $0 ? () : nil }
            writing.join()
            folding = try StoredFold(store)
        }
    }
}
