// Layer: machine. Questions beside a fold: what they may have to wait for, and that each step counts everything once.
import EventLog
import EventModel
import Figures
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("Questions while a fold works (DESIGN 1.6)", .timeLimit(.minutes(10)))
struct DriverQuestionTests {
    @Test("questions are answered while pages are loaded, for events, for definitions and for hours made again")
    func questionsDuringLoads() throws {
        let store = MemoryProjections()
        let pages = WatchingPages(store)
        let rig = try DriverRig.evicted(pages, store)
        pages.rig = rig
        _ = try rig.fold(DriverRig.oneEvent)
        let first = pages.loads
        #expect(first > 0)
        _ = try rig.fold(DriverRig.definition(workers: ["W1", "W2", "W3"]))
        while rig.shared.isRederiving { rig.step(.read(end: nil)) }
        let second = pages.loads
        #expect(second > first)
        _ = try rig.fold(DriverRig.definition(workers: []))
        #expect(pages.loads > second)
        #expect(pages.lockedLoads == 0, "questions wait for page loads")
    }

    @Test("a late state that holds through pages of the store loads them while questions are answered (SPEC 4.3)")
    func questionsDuringLongLoads() throws {
        let store = MemoryProjections()
        let pages = WatchingPages(store)
        let rig = DriverRig(store: store, pages: pages) { $0.memory = .init(tailBytes: 0, otherBytes: 0) }
        // A worker who only counts, over many pages, and works at the very end.
        _ = try rig.fold(DriverRig.events(0..<1) { _ in .idle })
        for part in 1..<30 { _ = try rig.fold(DriverRig.events(part * 100..<(part + 1) * 100) { _ in .productCount }) }
        _ = try rig.fold(DriverRig.events(3000..<3001) { _ in .working })
        rig.commit()
        pages.rig = rig
        #expect(rig.shared.read { $0.needsStore(for: EventBatch(siteID: RandomScenario.siteID)) })
        _ = try rig.fold(DriverRig.events(50..<53) { _ in .working })
        #expect(pages.loads > 20, "the state reaches to the end")
        #expect(pages.lockedLoads == 0, "questions wait for page loads")
        #expect(rig.shared.failure == nil)
    }

    @Test("quarantined events that may repeat stored ones are looked up while questions are answered (SPEC 2.6)")
    func quarantinedLookups() throws {
        let store = MemoryProjections()
        let pages = WatchingPages(store)
        let rig = DriverRig(store: store, pages: pages)
        let events = (0..<20).map { number in
            SimulatedEvent(
                time: Int64(number), worker: WorkerID("T\(number)"), workstation: "S1", type: .idle,
                confidence: 900_000, count: 0, camera: nil, modelVersion: nil, mark: .unknownWorker)
        }
        let record = RandomScenario.Record.events(events, createdAt: 1).logRecord()
        _ = try rig.fold(record)
        rig.commit()
        pages.rig = rig
        _ = try rig.fold(record)
        #expect(pages.loads == 20 && pages.lockedLoads == 0)
        #expect(rig.shared.read { $0.site(RandomScenario.siteID)?.ledger.duplicates } == 20)
    }

    @Test("a commit is taken in small steps, and a question between any two of them counts everything once (SPEC 5.8)")
    func commitInSteps() throws {
        let scenario = RandomScenario(seed: 4_200, size: .init(events: 400, workers: 6))
        var memory = try MemoryFold(scenario.records)
        let window = Window(from: 0, end: Timestamp.latest.microseconds)
        let right = try figures(memory, window, storeGeneration: 0)
        var steps = 0
        while !memory.fold.gatherHours(limit: 1) {
            steps += 1
            #expect(try figures(memory, window, storeGeneration: 0) == right, "step \(steps)")
        }
        #expect(steps > 6, "every worker has an hour to gather")
        let set = try #require(memory.fold.nextCommit())
        #expect(try figures(memory, window, storeGeneration: 0) == right)
        let commit = memory.fold.beginCommit(set)
        #expect(try figures(memory, window, storeGeneration: 0) == right)
        memory.projections.apply(set)
        #expect(try figures(memory, window, storeGeneration: set.generation) == right)
        memory.fold.finishCommit(commit)
        #expect(try figures(memory, window, storeGeneration: set.generation) == right)
        #expect(memory.fold.nextCommit() == nil && memory.fold.backlog == CommitBacklog())
    }

    private func figures(_ memory: MemoryFold, _ window: Window, storeGeneration: UInt64) throws -> NamedFigures {
        let site = try #require(memory.fold.site(RandomScenario.siteID, storeGeneration: storeGeneration))
        return try NamedFigures(site, window, nil, memory.projections)
    }
}

extension DriverRig {
    /// One record with an event of one worker at each of these minutes.
    static func events(_ minutes: Range<Int>, _ type: (Int) -> EventType) -> NewRecord {
        let events = minutes.map { minute in
            SimulatedEvent(
                time: 20_465 * Microseconds.day + Int64(minute) * Microseconds.minute, worker: "W1", workstation: "S1",
                type: type(minute), confidence: 900_000, count: type(minute) == .productCount ? 1 : 0)
        }
        return RandomScenario.Record.events(events, createdAt: 20_470 * Microseconds.day).logRecord()
    }
}
