import EventModel
import Figures
import Testing
import Timeline

@Suite("Long silence")
struct SilenceTests {
    private let start = Int64(1_767_225_600_000_000)

    private func batch(_ type: EventType, at time: Int64) -> EventBatch {
        var batch = EventBatch(siteID: "plant", createdAt: Timestamp(microseconds: time))
        let worker = batch.ids.append(Array("w".utf8))
        let station = batch.ids.append(Array("s".utf8))
        batch.append(
            time: time, type: type, mark: .accepted, worker: worker, workstation: station, camera: nil,
            modelVersion: nil, confidence: 1_000_000, count: 0)
        return batch
    }

    @Test("90 days of silence with ttl 0, then one event: the state held all the time (SPEC 3, 4.3)")
    func ninetyDays() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        var definition = SiteDefinition(siteID: "plant")
        definition.observationTTLSeconds = 0
        definition.workers = [.init(workerID: "w")]
        definition.workstations = [.init(workstationID: "s")]
        let record = DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: start))
        try fold.apply(record, offset: LogOffset(0), hourOffset: 0, pages: store)
        try fold.apply(batch(.working, at: start), offset: LogOffset(1), pages: store)
        let end = start + 90 * Microseconds.day
        try fold.apply(batch(.idle, at: end), offset: LogOffset(2), pages: store)
        fold.commit { store.apply($0) }
        let site = try #require(fold.site("plant", storeGeneration: 1))

        // Whole hours from buckets, an edge of half an hour on either side.
        let window = Window(from: start + Microseconds.hour / 2, end: end + Microseconds.hour / 2)
        let figures = try site.figures(window, site.view(knownAt: nil), [.workers, .stations], store)
        #expect(figures.workers[0].working == 90 * Microseconds.day - Microseconds.hour / 2)
        #expect(figures.workers[0].idle == Microseconds.hour / 2)
        #expect(figures.stations[0].present == 90 * Microseconds.day)

        // Known the day before: still working, and open.
        let before = site.view(knownAt: Timestamp(microseconds: end - Microseconds.day))
        let earlier = Window(from: start, end: end - Microseconds.day)
        let known = try site.figures(earlier, before, .workers, store)
        #expect(known.workers[0].working == 89 * Microseconds.day)
        #expect(known.workers[0].idle == 0)
    }
}
