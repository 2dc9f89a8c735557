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
    func halfHour(
        knownAt: Int64? = nil, settledBefore: Int64?, _ reader: (any ProjectionReader)? = nil
    ) throws -> FactoryTotals {
        let window = Window(from: minute(15), end: minute(45))
        guard let site = fold.site(RandomScenario.siteID) else { return FactoryTotals() }
        let view = site.view(knownAt: knownAt.map { Timestamp(microseconds: $0) })
        let remembered = settledBefore.map { RememberedParts(memory, settledBefore: $0) }
        return try site.figures(window, view, .factory, reader ?? store, remembered).factory
    }
}

/// An event of the site's first worker.
func seen(
    _ type: EventType, at time: Int64, by worker: WorkerID = "W1", count: UInt32 = 0
) -> SimulatedEvent {
    SimulatedEvent(time: time, worker: worker, workstation: "S1", type: type, count: count)
}

/// Counts the pages that are read from a store.
final class CountingReader: PageReader, HourReader, ArrivalReader, QuarantineReader, DefinitionReader {
    private let store: MemoryProjections
    private(set) var pageCount = 0

    init(_ store: MemoryProjections) { self.store = store }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        pageCount += 1
        return try store.page(of: line, holding: key)
    }

    func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace? {
        try store.quarantinedWinner(site: site, key)
    }

    func forEachHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (UInt32, HourSums) -> Void
    ) throws { try store.forEachHour(site: site, kind, hours, body) }

    func forEachStay(site: UInt32, _ hours: Range<Hour>, _ body: (Stay) -> Void) throws {
        try store.forEachStay(site: site, hours, body)
    }

    func forEachStationHour(site: UInt32, before hour: Hour, _ body: (UInt32, HourSums) -> Bool) throws {
        try store.forEachStationHour(site: site, before: hour, body)
    }

    func forEachHealthHour(site: UInt32, _ hours: Range<Hour>, _ body: (UInt32, HealthSums) -> Void) throws {
        try store.forEachHealthHour(site: site, hours, body)
    }

    func forEachArrival(site: UInt32, upTo createdAt: Int64, _ body: (ArrivalRow) -> Bool) throws {
        try store.forEachArrival(site: site, upTo: createdAt, body)
    }

    func newestEvent(site: UInt32, upTo createdAt: Int64) throws -> NewestTime {
        try store.newestEvent(site: site, upTo: createdAt)
    }

    func forEachQuarantined(
        site: UInt32, createdAt range: ClosedRange<Int64>, _ body: (QuarantinedEvent) -> Bool
    ) throws { try store.forEachQuarantined(site: site, createdAt: range, body) }

    func quarantined(site: UInt32, after key: QuarantineKey?, limit: Int) throws -> [QuarantinedEvent] {
        try store.quarantined(site: site, after: key, limit: limit)
    }

    func settings(site: UInt32, definition sequence: Int) throws -> SiteDefinition? {
        try store.settings(site: site, definition: sequence)
    }
}
