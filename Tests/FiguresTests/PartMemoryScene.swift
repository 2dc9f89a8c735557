import EventModel
import Figures
import SimulationKit
import Timeline

/// `minutes` after six o'clock of a day, in microseconds.
func minute(_ minutes: Int64) -> Int64 { 1_768_197_600 * Microseconds.second + minutes * Microseconds.minute }

/// A small site whose records a test writes, and a memory that all its questions share.
struct PartMemoryScene {
    private(set) var fold = PartitionFold()
    let store = MemoryProjections()
    let memory = PartMemory()

    mutating func define(_ workers: [WorkerID] = ["W1"], ttlSeconds: Int64 = 28_800, at createdAt: Int64) throws {
        var definition = SiteDefinition(siteID: RandomScenario.siteID)
        definition.observationTTLSeconds = ttlSeconds
        definition.workers = workers.map { .init(workerID: $0) }
        definition.workstations = [.init(workstationID: "S1")]
        try apply(
            .definition(DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: createdAt))))
    }

    mutating func send(_ events: [SimulatedEvent], at createdAt: Int64) throws {
        try apply(.events(EventBatch(events, siteID: RandomScenario.siteID, createdAt: createdAt)))
    }

    private mutating func apply(_ record: RecordContent) throws {
        try fold.apply(record, offset: fold.nextOffset, pages: store) { _ in 0 }
    }

    mutating func rederive() throws {
        while fold.isRederiving { try fold.rederive(pageLimit: 1, pages: store) }
    }

    /// Leaves nothing in memory that the store can have.
    mutating func evict() {
        fold.commit { store.apply($0) }
        fold.evict(.init(tailBytes: 0, otherBytes: 0))
    }

    /// The factory from a quarter past six to a quarter to seven.
    ///
    /// - Parameter settledBefore: nil: asked without the memory.
    func halfHour(knownAt: Int64? = nil, settledBefore: Int64?) throws -> FactoryTotals {
        let window = Window(from: minute(15), end: minute(45))
        guard let site = fold.site(RandomScenario.siteID) else { return FactoryTotals() }
        let view = site.view(knownAt: knownAt.map { Timestamp(microseconds: $0) })
        let remembered = settledBefore.map { RememberedParts(memory, settledBefore: $0) }
        return try site.figures(window, view, .factory, store, remembered).factory
    }
}

/// An event of the site's first worker.
func seen(
    _ type: EventType, at time: Int64, by worker: WorkerID = "W1", count: UInt32 = 0
) -> SimulatedEvent {
    SimulatedEvent(time: time, worker: worker, workstation: "S1", type: type, count: count)
}
