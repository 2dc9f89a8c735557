// Layer: machine. Time lines under random events, commits and evictions, against the list of their winners.
import EventModel
import SimulationKit
import Testing

@testable import Timeline

@Suite("Time lines of workers")
struct WorkerTimelinesTests {
    /// A store of pages, and how often it was asked.
    private final class PageShelf: PageReader {
        private(set) var pages: [LineID: [Page]] = [:]
        private(set) var loads = 0

        func put(_ dirty: CommitSet.DirtyPage) {
            var page = dirty.page
            // As through a file: what memory knows beside the entries is lost.
            page = Page(id: page.id, fence: page.fence, limit: page.limit, entry: page.entry, entries: page.entries)
            pages[dirty.line, default: []].removeAll { $0.fence == page.fence }
            pages[dirty.line, default: []].append(page)
        }

        func page(of line: LineID, holding key: EventKey) -> Page? {
            loads += 1
            return pages[line]?.first { $0.holds(key) }
        }

        func quarantinedWinner(site: UInt32, _ key: QuarantineKey) -> QuarantinedPlace? { nil }
    }

    private static func entry(_ time: Int64, _ type: EventType, _ offset: Int64) -> TimelineEntry {
        TimelineEntry(
            key: EventKey(time: time, type: type), createdAt: offset,
            position: PackedPosition(offset: LogOffset(offset), index: 0, mark: .accepted),
            detail: PackedDetail(origin: 0, count: 1, confidence: 1))
    }

    private static func allPages(_ timelines: WorkerTimelines, _ line: LineIndex, _ shelf: PageShelf) throws -> [Page] {
        var pages: [Page] = []
        var key = EventKey.lowest
        while let page = try timelines.page(of: line, holding: key, shelf) {
            pages.append(page)
            if page.limit == .highest { break }
            key = page.limit
        }
        return pages
    }

    /// Drops every page that may leave.
    private func dropAll(_ timelines: inout WorkerTimelines) {
        for line in Array(timelines.indices) {
            for page in timelines.residentPages(of: line) { timelines.drop(line, page.fence) }
        }
    }

    private func commit(_ timelines: inout WorkerTimelines, _ shelf: PageShelf) {
        for page in timelines.dirtyPages(storedPages: 0) { shelf.put(page) }
        timelines.beginCommit()
        _ = timelines.finishCommit()
        dropAll(&timelines)
    }

    @Test("pages tile all keys and know the state before them, in any order of events (SPEC 4.5)", arguments: 0..<12)
    func tiling(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) ^ 0x11e5)
        let shelf = PageShelf()
        var timelines = WorkerTimelines(siteID: "plant", site: 3)
        timelines.addWorker()
        let line = LineIndex(0, .accepted)
        var winners: [EventKey: TimelineEntry] = [:]
        for step in 0..<600 {
            timelines.beginRecord(pageCount: timelines.pageCount)
            let time = Int64(random.pick(0...70)) * Microseconds.day + Int64(random.pick(0...5)) * Microseconds.hour
            let entry = Self.entry(time, random.pick(EventType.allCases), Int64(step))
            _ = try timelines.insert(entry, 0, .accepted, shelf)
            if winners[entry.key].map({ entry.wins(over: $0) }) ?? true { winners[entry.key] = entry }
            if random.chance(5) {
                commit(&timelines, shelf)
            }
        }
        let pages = try Self.allPages(timelines, line, shelf)
        #expect(pages.count > 2 && shelf.loads > 0, "the seed must split and load")
        #expect(pages.first?.fence == .lowest && pages.last?.limit == .highest)
        #expect(zip(pages, pages.dropFirst()).allSatisfy { $0.limit == $1.fence })
        let sorted = winners.values.sorted { $0.key < $1.key }
        #expect(pages.flatMap(\.entries) == sorted)
        for page in pages {
            #expect(page.entry == sorted.last { $0.isState && $0.key < page.fence }, "before \(page.fence)")
            #expect(page.entries.allSatisfy { page.holds($0.key) })
        }
    }

    @Test("an accepted state event gets the state events around it, across pages and the store", arguments: 0..<8)
    func neighbours(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) ^ 0x4e16)
        let shelf = PageShelf()
        var timelines = WorkerTimelines(siteID: "plant", site: 0)
        timelines.addWorker()
        var states: [EventKey: TimelineEntry] = [:]
        for step in 0..<400 {
            timelines.beginRecord(pageCount: timelines.pageCount)
            let type = random.pick(EventType.allCases)
            let entry = Self.entry(Int64(random.pick(0...900)) * 7 * Microseconds.hour, type, Int64(step))
            let insertion = try timelines.insert(entry, 0, .accepted, shelf)
            if case .inserted(let found) = insertion {
                let previous = states.values.filter { $0.key < entry.key }.max { $0.key < $1.key }
                let next = states.values.filter { $0.key > entry.key }.min { $0.key < $1.key }
                #expect(found.previous == (type.isState ? previous : nil))
                #expect(found.next == (type.isState ? next : nil))
                if type.isState { states[entry.key] = entry }
            }
            if random.chance(10) {
                commit(&timelines, shelf)
            }
        }
        #expect(states.count > 100 && shelf.loads > 0)
    }

    @Test("a page that the store lacks never leaves memory, and a commit takes it once")
    func dirtyPagesStay() throws {
        let shelf = PageShelf()
        var timelines = WorkerTimelines(siteID: "plant", site: 0)
        timelines.addWorker()
        for number in 0..<Int64(300) {
            _ = try timelines.insert(Self.entry(number, .idle, number), 0, .accepted, shelf)
        }
        dropAll(&timelines)
        #expect(try Self.allPages(timelines, LineIndex(0, .accepted), shelf).flatMap(\.entries).count == 300)
        #expect(shelf.loads == 0 && timelines.insertedEntries == 300 && !timelines.lacksPages)

        let dirty = timelines.dirtyPages(storedPages: 0)
        timelines.beginCommit()
        #expect(Set(dirty.map(\.page.id)).count == dirty.count && Int64(dirty.count) == timelines.pageCount)
        #expect(dirty.allSatisfy(\.isNew) && timelines.dirtyPageCount == 0 && timelines.insertedEntries == 0)
        dropAll(&timelines)
        #expect(timelines.residentPages(of: LineIndex(0, .accepted)).count == dirty.count, "the commit is in flight")

        for page in dirty { shelf.put(page) }
        #expect(timelines.finishCommit().map(\.fence) == dirty.map(\.page.fence))
        dropAll(&timelines)
        #expect(timelines.residentPages(of: LineIndex(0, .accepted)).isEmpty && timelines.lacksPages)
        #expect(try Self.allPages(timelines, LineIndex(0, .accepted), shelf).flatMap(\.entries).count == 300)
        _ = try timelines.insert(Self.entry(299, .working, 1000), 0, .accepted, shelf)
        #expect(timelines.takeLoadedPages().count == 1 && timelines.takeLoadedPages().isEmpty)
        #expect(timelines.dirtyPages(storedPages: timelines.pageCount).map(\.isNew) == [false])
    }

    @Test("a store that lacks a page of a line is an error, not an empty line")
    func missingPage() throws {
        var timelines = WorkerTimelines(siteID: "plant", site: 0)
        timelines.addWorker()
        timelines.markStored(LineIndex(0, .accepted))
        let shelf = PageShelf()
        let later = Page(id: 1, fence: EventKey(at: 100), limit: .highest, entry: nil, entries: [])
        shelf.put(.init(line: LineID(site: 0, LineIndex(0, .accepted)), page: later, isNew: true))
        _ = try timelines.insert(Self.entry(100, .idle, 0), 0, .accepted, shelf)
        #expect {
            try timelines.insert(Self.entry(99, .idle, 1), 0, .accepted, shelf)
        } throws: { ($0 as? TimelineError)?.code == .missingPage }
    }
}
