// Layer: machine. Which pages leave memory, when, and how many are examined for it (DESIGN 1.6).
import EventModel
import Testing

@testable import Timeline

@Suite("Pages that leave memory")
struct EvictionTests {
    private static let nothing = PartitionFold.MemoryBudget(tailBytes: 0, otherBytes: 0)
    private static let start = Int64(1_767_225_600_000_000)

    /// One event of each worker.
    private func batch(_ workers: Range<Int>, hour: Int64) -> EventBatch {
        let time = Self.start + hour * Microseconds.hour
        var batch = EventBatch(siteID: "plant", createdAt: Timestamp(microseconds: time))
        let station = batch.ids.append(Array("s".utf8))
        for worker in workers {
            let id = batch.ids.append(Array("w\(worker)".utf8))
            batch.append(
                time: time + Int64(worker), type: .working, mark: .accepted, worker: id, workstation: station,
                camera: nil, modelVersion: nil, confidence: 1_000_000, count: 0)
        }
        return batch
    }

    private func apply(_ fold: inout PartitionFold, _ workers: Range<Int>, hour: Int64, _ store: MemoryProjections)
        throws
    {
        try fold.apply(batch(workers, hour: hour), offset: fold.nextOffset, pages: store)
    }

    private func residentPages(_ fold: PartitionFold) -> Int {
        fold.sites.reduce(0) { count, site in
            count + site.timelines.indices.reduce(0) { $0 + site.timelines.residentPages(of: $1).count }
        }
    }

    @Test("pages that the store does not have yet stay: dirty ones, and those of the commit in flight")
    func pinned() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        try apply(&fold, 0..<10, hour: 0, store)
        fold.evict(Self.nothing)
        #expect(residentPages(fold) == 10)
        fold.commit { store.apply($0) }
        // Five of them are dirty again, and in flight.
        try apply(&fold, 0..<5, hour: 1, store)
        var inFlight = fold.takeCommit()
        fold.evict(Self.nothing)
        #expect(residentPages(fold) == 5)
        guard let commit = inFlight.take() else {
            Issue.record("nothing to commit")
            return
        }
        store.apply(commit.set)
        fold.finishCommit(commit)
        fold.evict(Self.nothing)
        #expect(residentPages(fold) == 0)
        try apply(&fold, 0..<10, hour: 2, store)
        #expect(fold.site("plant")?.ledger.folded == 25)
    }

    @Test("a page that was used since it was examined stays, one that was not leaves first")
    func leastRecentlyUsed() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        try apply(&fold, 0..<10, hour: 0, store)
        fold.commit { store.apply($0) }
        let all = PartitionFold.MemoryBudget(tailBytes: 1 << 20, otherBytes: 1 << 20)
        fold.evict(all)
        #expect(residentPages(fold) == 10)
        try apply(&fold, 3..<5, hour: 1, store)
        fold.commit { store.apply($0) }
        let timelines = try #require(fold.site("plant")).timelines
        let some =
            timelines.indices.reduce(0) { $0 + (timelines.residentPages(of: $1).first?.byteCount ?? 0) } / 4
        fold.evict(.init(tailBytes: some, otherBytes: 0))
        let left = try #require(fold.site("plant")).timelines
        let kept = left.indices.filter { !left.residentPages(of: $0).isEmpty }.map(\.worker)
        #expect(kept.contains(3) && kept.contains(4))
        #expect(kept.count < 5)
    }

    @Test("each call examines no more pages than asked, and goes on where it was")
    func bounded() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        try apply(&fold, 0..<100, hour: 0, store)
        fold.commit { store.apply($0) }
        var calls = 0
        var before = residentPages(fold)
        while before > 0 {
            fold.evict(Self.nothing, pageLimit: 7)
            let now = residentPages(fold)
            #expect(before - now <= 7)
            before = now
            calls += 1
        }
        // Each page arrives and leaves.
        #expect(calls == (200 + 6) / 7)
    }

    @Test("what is loaded to be changed leaves again once it is committed")
    func loaded() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        for hour in 0..<40 { try apply(&fold, 0..<3, hour: Int64(hour), store) }
        fold.commit { store.apply($0) }
        fold.evict(Self.nothing)
        try apply(&fold, 0..<3, hour: 5, store)
        #expect(residentPages(fold) == 3)
        fold.commit { store.apply($0) }
        fold.evict(Self.nothing)
        #expect(residentPages(fold) == 0)
    }

    @Test("of a batch only pages that are in the store alone are loaded in advance")
    func absentPages() throws {
        let store = MemoryProjections()
        var fold = PartitionFold()
        try apply(&fold, 0..<4, hour: 0, store)
        fold.commit { store.apply($0) }
        let first = batch(0..<9, hour: 1)
        #expect(try loads(fold, first, store).isEmpty && !fold.needsStore(for: first))
        fold.evict(Self.nothing)
        try apply(&fold, 0..<2, hour: 1, store)
        let second = batch(0..<9, hour: 2)
        #expect(try loads(fold, second, store).count == 2 && fold.needsStore(for: second))
        let other = EventBatch(siteID: "other")
        #expect(try loads(fold, other, store).isEmpty && !fold.needsStore(for: other))
    }

    /// The pages that a fold wants in advance, each by line and fence.
    private func loads(_ fold: PartitionFold, _ batch: EventBatch, _ store: MemoryProjections) throws -> Set<[Int64]> {
        var loaded: Set<[Int64]> = []
        try fold.load(
            for: batch,
            { line, key in
                let page = try store.page(of: line, holding: key)
                if let page { loaded.insert([line.value, page.fence.rawValue]) }
                return page
            }, winner: { _, _ in Issue.record("nothing is in quarantine") })
        return loaded
    }
}
