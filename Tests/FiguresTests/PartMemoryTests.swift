// Layer: machine. Each reason for which remembered sums of parts of hours must not be used, and what they save. Every
// answer is compared with the same question without a memory, and with the answer before, so that it tells something.
import Dispatch
import EventModel
import Locks
import SimulationKit
import Testing
import Timeline

@testable import Figures

@Suite("What is remembered of parts of hours (SPEC 5.1, 5.6, 5.8, 7.2)") struct PartMemoryTests {
    /// Working from 6:00, idle from 6:20, working from 6:40, absent from 7:30; known at 8:00.
    private func day() throws -> PartMemoryScene {
        var scene = PartMemoryScene()
        try scene.define(at: minute(0))
        try scene.send(
            [
                seen(.working, at: minute(0)), seen(.idle, at: minute(20)),
                seen(.productCount, at: minute(25), count: 3),
                seen(.working, at: minute(40)), seen(.absent, at: minute(90)),
            ], at: minute(120))
        return scene
    }

    /// Checks an answer against the same question without a memory.
    @discardableResult
    private func ask(
        _ scene: PartMemoryScene, knownAt: Int64? = nil, settledBefore: Int64,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> FactoryTotals {
        let found = try scene.halfHour(knownAt: knownAt, settledBefore: settledBefore)
        #expect(try found == scene.halfHour(knownAt: knownAt, settledBefore: nil), sourceLocation: location)
        return found
    }

    @Test("a second question about settled parts reads no page but those of last states")
    func pages() throws {
        var scene = try day()
        let workers = (1...20).map { WorkerID("W\($0)") }
        try scene.define(workers, at: minute(121))
        for worker in workers.dropFirst() {
            let times: [(EventType, Int64)] = [(.working, 0), (.idle, 20), (.working, 40), (.idle, 300)]
            try scene.send(times.map { seen($0.0, at: minute($0.1), by: worker) }, at: minute(301))
        }
        scene.evict()
        let wanted = try scene.halfHour(settledBefore: nil)
        func reads() throws -> Int {
            let before = scene.store.pageReads
            #expect(try scene.halfHour(settledBefore: minute(400)) == wanted)
            return scene.store.pageReads - before
        }
        #expect(try reads() > 2 * workers.count)
        #expect(try reads() == workers.count)
        #expect(wanted.activeWorkers == 20 && wanted.activeStations == 1 && wanted.units == 3)
    }

    @Test("an event that comes late into a part of an hour shows in it")
    func late() throws {
        var scene = try day()
        let before = try ask(scene, settledBefore: minute(130))
        #expect(scene.memory.count == 1)
        try scene.send([seen(.absent, at: minute(30))], at: minute(130))
        let after = try ask(scene, settledBefore: minute(130))
        #expect(before.absent == 0 && after.absent == 10 * Int128(Microseconds.minute))
        #expect(try ask(scene, settledBefore: minute(500)) == after)
        #expect(try ask(scene, settledBefore: minute(500)) == after)
    }

    @Test("what is not settled is not kept: a record with the created_at of the newest change may follow")
    func unsettled() throws {
        var scene = try day()
        let before = try ask(scene, settledBefore: minute(120))
        #expect(scene.memory.count == 0)
        try scene.send([seen(.productCount, at: minute(26), count: 4)], at: minute(120))
        #expect(try ask(scene, settledBefore: minute(120)).units == before.units + 4)
        #expect(scene.memory.count == 0)
        #expect(try ask(scene, settledBefore: minute(120) + 1).units == before.units + 4)
        #expect(scene.memory.count == 1)
    }

    @Test("an older state of the site, which lacks what is settled now, does not use what was kept since")
    func older() throws {
        var scene = try day()
        let old = scene
        try scene.send([seen(.productCount, at: minute(26), count: 4)], at: minute(120))
        let newest = try ask(scene, settledBefore: minute(121))
        #expect(try ask(old, settledBefore: minute(120)).units == newest.units - 4)
        #expect(scene.memory.count == 1)
    }

    @Test("a question that knows less than what was kept does not use it (SPEC 7.2)")
    func knownBefore() throws {
        var scene = try day()
        try scene.send([seen(.absent, at: minute(30))], at: minute(130))
        let now = try ask(scene, settledBefore: minute(500))
        #expect(scene.memory.count == 1)
        #expect(try ask(scene, knownAt: minute(130), settledBefore: minute(500)) == now)
        let known = try ask(scene, knownAt: minute(129), settledBefore: minute(500))
        #expect(known.absent == 0 && now.absent > 0)
        #expect(try ask(scene, knownAt: minute(119), settledBefore: minute(500)) == FactoryTotals())
        #expect(scene.memory.count == 1)
    }

    @Test("a definition that changes the ttl counts as a change of every hour, while hours are derived again and after")
    func ttl() throws {
        var scene = try day()
        let before = try ask(scene, settledBefore: minute(500))
        try scene.define(ttlSeconds: 300, at: minute(140))
        let during = try ask(scene, settledBefore: minute(500))
        #expect(during.working == 5 * Int128(Microseconds.minute) && during != before)
        try scene.rederive()
        for _ in 0..<2 {
            #expect(try ask(scene, settledBefore: minute(500)) == during)
            #expect(try ask(scene, knownAt: minute(139), settledBefore: minute(500)) == before)
        }
    }

    @Test("a worker who is dropped, and named again, counts only as long as the definitions say (SPEC 3)")
    func dropped() throws {
        var scene = PartMemoryScene()
        try scene.define(["W1", "W2"], at: minute(0))
        try scene.send([seen(.working, at: minute(0)), seen(.idle, at: minute(90))], at: minute(120))
        let whole = try ask(scene, settledBefore: minute(30))
        #expect(whole.working == 30 * Int128(Microseconds.minute))
        // The clock that stamped the definition stood at half past six: hours that have passed change.
        try scene.define(["W2"], at: minute(30))
        for _ in 0..<2 {
            #expect(try ask(scene, settledBefore: minute(150)).working == 15 * Int128(Microseconds.minute))
        }
        try scene.define(["W1", "W2"], at: minute(150))
        #expect(try ask(scene, settledBefore: minute(160)) == whole)
        try scene.define(["W2"], at: minute(160))
        #expect(try ask(scene, settledBefore: minute(500)) == whole)
    }

    @Test("a long interval, which hours keep as a stay, counts as a change of every hour that it covers")
    func stays() throws {
        for others in [[], [seen(.working, at: minute(10), by: "W2"), seen(.idle, at: minute(50), by: "W2")]] {
            var scene = PartMemoryScene()
            try scene.define(["W1", "W2"], ttlSeconds: 86_400, at: minute(0))
            try scene.send(
                [seen(.absent, at: minute(-600)), seen(.working, at: minute(600))] + others, at: minute(700))
            for _ in 0..<2 {
                #expect(try ask(scene, settledBefore: minute(800)).absent == 30 * Int128(Microseconds.minute))
            }
            try scene.send([seen(.idle, at: minute(-300))], at: minute(800))
            for _ in 0..<2 {
                #expect(try ask(scene, settledBefore: minute(900)).idle == 30 * Int128(Microseconds.minute))
            }
        }
    }

    @Test("a state that is still open is added to what is kept, wherever it ends by now (SPEC 4.4)")
    func open() throws {
        var scene = try day()
        try scene.define(["W1", "W2"], at: minute(121))
        try scene.send([seen(.idle, at: minute(30), by: "W2")], at: minute(122))
        func present() throws -> Int128 {
            let found = try ask(scene, settledBefore: minute(500))
            return (found.working + found.idle) / Int128(Microseconds.minute)
        }
        #expect(try present() == 30 + 15 && present() == 30 + 15)
        // Closed after the window, and then inside it.
        try scene.send([seen(.absent, at: minute(50), by: "W2")], at: minute(123))
        #expect(try present() == 30 + 15 && present() == 30 + 15)
        try scene.send([seen(.absent, at: minute(35), by: "W2")], at: minute(124))
        #expect(try present() == 30 + 5 && present() == 30 + 5)
        #expect(
            try ask(scene, knownAt: minute(123), settledBefore: minute(500)).idle == 35 * Int128(Microseconds.minute))
    }

    @Test("an hour without a closed interval needs no memory, and shows what is open in it")
    func empty() throws {
        var scene = PartMemoryScene()
        try scene.define(at: minute(0))
        try scene.send([seen(.working, at: minute(-60))], at: minute(1))
        #expect(try ask(scene, settledBefore: minute(500)).working == 30 * Int128(Microseconds.minute))
        #expect(scene.memory.count == 0)
    }

    @Test("the memory is emptied when it has as many parts as it may have, and the answer shows nothing of it")
    func limits() throws {
        let scene = try day()
        let site = try #require(scene.fold.site(RandomScenario.siteID))
        let sums = PartSums(totals: FactoryTotals(), activeWorkers: [1], activeStations: [1])
        let count = PartMemory.bytesMaximum / sums.byteCount + 100
        let windows = (0..<count).map { number in
            let from = minute(0) + Int64(number) * Microseconds.second
            return Window(from: from, end: from + Microseconds.second / 2)
        }
        let found = try site.figures(
            windows: windows, site.view(knownAt: nil), .totals, scene.store,
            RememberedParts(scene.memory, settledBefore: .max))
        #expect(found.reduce(0) { $0 + $1.factory.observed } == Int128(count) * Int128(Microseconds.second / 2))
        #expect(scene.memory.count == 100)
    }

    @Test("sums of many workers count by their bits, and those that replace others once")
    func bits() {
        let wide = PartSums(
            totals: FactoryTotals(), activeWorkers: Array(repeating: 1, count: PartMemory.bytesMaximum / 8 / 5),
            activeStations: [])
        let memory = PartMemory()
        for number in [0, 1, 1, 1, 2, 3] as [Int64] {
            memory.keep(wide, of: number..<number + 1, changedAt: NewestTime(1))
        }
        #expect(memory.count == 4)
        memory.keep(wide, of: 9..<10, changedAt: NewestTime(1))
        #expect(memory.count == 1)
    }

    @Test("questions on several threads share a memory")
    func threads() throws {
        let scene = try day()
        let wanted = try scene.halfHour(settledBefore: nil)
        let (fold, memory) = (scene.fold, scene.memory)
        let wrong = Guarded(0)
        DispatchQueue.concurrentPerform(iterations: 16) { thread in
            let window = Window(from: minute(15), end: minute(45))
            let site = fold.site(RandomScenario.siteID)
            for _ in 0..<20 {
                let found = try? site?.figures(
                    window, fold.site(RandomScenario.siteID)!.view(knownAt: nil), .factory, MemoryProjections(),
                    RememberedParts(memory, settledBefore: minute(thread % 2 == 0 ? 500 : 1)))
                if found?.factory != wanted { wrong.withLock { $0 += 1 } }
            }
        }
        #expect(wrong.withLock { $0 } == 0)
        #expect(memory.count == 1)
    }
}
