// Layer: machine. A store that is written while it is copied, with little room in its write-ahead log.
import Crypto
import EventModel
import Foundation
import SimulationKit
import Testing
import Timeline

@testable import ProjectionStore

@Suite("Copies of a store (DESIGN 1.9, 7)", .timeLimit(.minutes(10)))
struct StoreCopyTests {
    private let workplace: Workplace
    private let records: [RandomScenario.Record]
    private var copy: String { workplace.storePath + ".copy" }

    init() throws {
        workplace = try Workplace()
        let scenarios = (1...1000 as ClosedRange<UInt64>).lazy.map {
            RandomScenario(seed: $0, size: .init(events: 900, workers: 9)).records
        }
        records = try #require(scenarios.first { $0.count >= 120 })
    }

    private func limits(copied: Int) -> StoreLimits {
        var limits = StoreLimits()
        limits.walPagesMaximum = 1
        limits.checkpointPages = 1
        limits.walPagesWhileCopied = copied
        limits.readingMilliseconds = 0
        limits.stoppingMilliseconds = 0
        limits.pagesCopiedPerStep = 4
        return limits
    }

    private func digest(_ reader: StoreReader) throws -> SHA256Digest {
        _ = try reader.begin()
        defer { reader.end() }
        var hasher = SHA256Hasher()
        for site in try reader.loadInside().sites { try site.digest(reader) { hasher.update($0) } }
        return hasher.finish()
    }

    @Test("commits go on while a store is copied, and the copy holds what was there when it began")
    func commitsGoOn() throws {
        let store = try workplace.store(limits(copied: 100_000))
        var folding = try StoredFold(store)
        for record in records.prefix(60) { try folding.apply(record) }
        let (before, position) = (try digest(store.reader()), folding.fold.nextOffset)
        var rest = records.dropFirst(60)
        let isWhole = try store.copy(to: copy) { done, total in
            #expect(done <= total)
            do { if let record = rest.popFirst() { try folding.apply(record) } } catch { Issue.record(error) }
            return true
        }
        #expect(isWhole && rest.count < records.count - 62)
        #expect(try StoreCopy.checkPages(of: copy) { _, _ in true })
        #expect(try StoreFacts(copyAt: copy).nextOffset == position)
        #expect(try digest(StoreReader(copyAt: copy)) == before)
        #expect(try digest(store.reader()) != before)
        #expect(
            try !FileManager.default.contentsOfDirectory(atPath: workplace.folderPath).contains {
                $0.hasPrefix("projections.sqlite.copy-")
            })
    }

    @Test("a copy that takes more room than it is allowed is ended, and the next commit finds its room")
    func cut() throws {
        let store = try workplace.store(limits(copied: 20))
        var folding = try StoredFold(store)
        for record in records.prefix(60) { try folding.apply(record) }
        var rest = records.dropFirst(60)
        var refused: CommitSet?
        let failure = #expect(throws: StoreError.self) {
            try store.copy(to: copy) { _, _ in
                guard refused == nil, let record = rest.popFirst() else { return true }
                do {
                    try folding.apply(record) { set in
                        do throws(StoreError) { try store.commit(set) } catch { refused = set }
                    }
                } catch { Issue.record(error) }
                return true
            }
        }
        #expect(failure?.code == .busy && failure?.isRetriable == true)
        try store.commit(try #require(refused))
    }

    @Test("whoever gets the progress of a copy can end it")
    func stopped() throws {
        let store = try workplace.store(limits(copied: 100_000))
        var folding = try StoredFold(store)
        for record in records.prefix(60) { try folding.apply(record) }
        #expect(try !store.copy(to: copy) { _, _ in false })
        #expect(try !StoreCopy.run(from: workplace.storePath, to: copy + "2") { _, _ in false })
    }

    @Test("a copy that becomes a store counts its commits as one of its own, so that nothing passes for published")
    func madeStore() throws {
        let store = try workplace.store()
        var folding = try StoredFold(store)
        for record in records.prefix(20) { try folding.apply(record) }
        #expect(try StoreCopy.run(from: workplace.storePath, to: copy) { _, _ in true })
        let before = try ChangeFeed(path: workplace.storePath).changes(since: 0, of: 0)
        try StoreCopy.makeStore(of: copy)
        let after = try ChangeFeed(path: copy).changes(since: before.generation, of: before.storeID)
        #expect(after.storeID != before.storeID && after.generation == before.generation)
        #expect(after.hours.count == before.hours.count)
    }
}
