// Layer: machine. Commits of every kind of content into a store, against the pages that they really take. Shows that
// the write-ahead log has room for a commit before it is written.
import EventModel
import Foundation
import SimulationKit
import Testing
import Timeline

@testable import ProjectionStore

@Suite("The room that a commit needs in the write-ahead log (DESIGN 1.9)", .timeLimit(.minutes(10)))
struct CommitRoomTests {
    /// What a commit mainly consists of.
    enum Content: CaseIterable {
        case sources, hours, stays, definition, quarantined, displaced
    }

    private static let base = 20_465 * Microseconds.day
    private static let pageBytes = 4096 + 24

    private func longID(_ kind: String, _ number: Int) -> String {
        kind + String(repeating: "x", count: 100) + "\(number)"
    }

    private func event(
        _ number: Int, every step: Int64, id: Int = 0, isLong: Bool = false, mark: Mark = .accepted
    ) -> SimulatedEvent {
        func name(_ kind: String) -> String { isLong ? longID(kind, id) : "\(kind)\(id)" }
        return SimulatedEvent(
            time: Self.base + Int64(number) * step, worker: WorkerID(mark == .unknownWorker ? name("W") : "W1"),
            workstation: WorkstationID(name("S")), type: number % 2 == 0 ? .working : .idle,
            camera: CameraID(name("C")), modelVersion: ModelVersion(name("M")), mark: mark)
    }

    /// Records of up to 1000 events.
    private func batches(_ count: Int, created: Int64 = 0, _ event: (Int) -> SimulatedEvent) -> [RandomScenario.Record]
    {
        stride(from: 0, to: count, by: 1000).map { first in
            .events((first..<min(count, first + 1000)).map(event), createdAt: Self.base + created)
        }
    }

    /// The records of each commit.
    private func commits(_ content: Content) -> [[RandomScenario.Record]] {
        switch content {
        case .sources: return [batches(1000) { event($0, every: 1, id: $0, isLong: true) }]
        case .hours: return [batches(8000) { event($0, every: Microseconds.minute, id: $0 % 97) }]
        case .stays:
            var site = SiteDefinition(siteID: RandomScenario.siteID)
            site.observationTTLSeconds = 0
            site.workers = (0..<100).map { .init(workerID: WorkerID("W\($0)")) }
            let events = batches(8000) { number in
                SimulatedEvent(
                    time: Self.base + Int64(number / 100) * Stay.hoursMinimum * Microseconds.hour,
                    worker: WorkerID("W\(number % 100)"), workstation: "S1",
                    type: number / 100 % 2 == 0 ? .working : .idle)
            }
            return [[.definition(site, createdAt: Self.base)] + events]
        case .definition:
            var site = SiteDefinition(siteID: RandomScenario.siteID)
            site.workers = (0..<20_000).map { .init(workerID: WorkerID(longID("W", $0))) }
            return [[.definition(site, createdAt: Self.base)]]
        case .quarantined:
            return [batches(1000) { event($0, every: 1, id: $0, isLong: true, mark: .unknownWorker) }]
        case .displaced:
            // The same events again, of an earlier created_at, so that they win.
            return [100, 0].map { created in
                batches(1000, created: created) { event($0, every: 1, id: $0, isLong: true, mark: .unknownWorker) }
            }
        }
    }

    @Test("No commit takes more pages than it is estimated to, whatever it consists of", arguments: Content.allCases)
    func enough(content: Content) throws {
        let workplace = try Workplace()
        var limits = StoreLimits()
        (limits.checkpointPages, limits.walPagesMaximum) = (1 << 30, 1 << 30)
        let store = try workplace.store(limits)
        let reader = try store.reader()
        var fold = try store.load()
        func pages() throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: workplace.storePath + "-wal")
            return (attributes[.size] as? Int ?? 0) / Self.pageBytes
        }
        var largest = 0
        for records in commits(content) {
            for record in records {
                try fold.apply(record.content, offset: fold.nextOffset, pages: reader) {
                    RandomScenario.hourOffset(of: $0)
                }
            }
            try fold.commit { set in
                let before = try pages()
                try store.commit(set)
                let taken = try pages() - before
                #expect(taken <= set.estimatedPages)
                largest = max(largest, taken)
            }
        }
        // More than what is allowed for in every commit.
        #expect(largest > 64)
    }
}
