// Layer: machine. Pages through their stored form, right and damaged.
import EventModel
import SimulationKit
import Testing

@testable import Timeline

@Suite("Pages as the store keeps them (DESIGN 1.6)") struct PageCodecTests {
    private static let time = 20_465 * Microseconds.day

    private func entry(
        _ time: Int64, _ type: EventType, offset: Int64 = 3, count: UInt32 = 0, mark: Mark = .accepted
    ) -> TimelineEntry {
        TimelineEntry(
            key: EventKey(time: time, type: type), createdAt: time + 1,
            position: PackedPosition(offset: LogOffset(offset), index: 7, mark: mark),
            detail: PackedDetail(origin: 2, count: count, confidence: 900_000))
    }

    /// Empty; with one entry; with an entry state; and full.
    private func pages() -> [Page] {
        let start = EventKey(at: Self.time)
        let end = EventKey(at: Self.time + 1)
        let one = entry(Self.time, .productCount, count: 5)
        let held = entry(Self.time - Microseconds.hour, .working)
        var generator = SeededGenerator(seed: 15)
        let many = (0..<Page.entriesMaximum).map { index in
            entry(
                Self.time + Int64(index) * Microseconds.minute, generator.pick(EventType.allCases),
                offset: Int64(index) * 1000, count: UInt32(generator.pick(0...1_000_000)),
                mark: generator.pick(Mark.allCases))
        }
        return [
            Page(id: 4, fence: .lowest, limit: .highest, entry: nil, entries: []),
            Page(id: 4, fence: start, limit: .highest, entry: held, entries: []),
            Page(id: 4, fence: .lowest, limit: end, entry: nil, entries: [one]),
            Page(id: 4, fence: start, limit: end, entry: held, entries: [one]),
            Page(id: 4, fence: .lowest, limit: .highest, entry: nil, entries: many),
            Page(id: 4, fence: start, limit: .highest, entry: held, entries: many),
        ]
    }

    private func blob(_ page: Page) -> [UInt8] {
        var blob: [UInt8] = []
        PageCodec.encode(page, into: &blob)
        return blob
    }

    private func decode(_ blob: [UInt8], like page: Page) throws -> Page {
        try blob.withUnsafeBytes { try PageCodec.decode($0, id: page.id, fence: page.fence) }
    }

    private func expectCorrupt(_ blob: [UInt8], like page: Page, _ what: String) {
        do {
            let read = try decode(blob, like: page)
            Issue.record("\(what) of a page with \(page.entries.count) entries was read as \(read)")
        } catch {
            #expect((error as? TimelineError)?.code == .corruptPage, "\(what): \(error)")
        }
    }

    @Test("a page comes back as it was")
    func roundTrip() throws {
        for page in pages() { #expect(try decode(blob(page), like: page) == page) }
    }

    @Test("every single wrong bit of a stored page is an error")
    func bitFlips() {
        for page in pages() {
            let right = blob(page)
            for bit in 0..<right.count * 8 {
                var wrong = right
                wrong[bit / 8] ^= 1 << UInt8(bit % 8)
                expectCorrupt(wrong, like: page, "bit \(bit)")
            }
        }
    }

    @Test("a count of 5 whose stored byte changed is an error, and no count of 7")
    func changedCount() {
        let page = pages()[2]
        var wrong = blob(page)
        wrong[wrong.count - 1] ^= 2
        expectCorrupt(wrong, like: page, "the count")
    }

    @Test("a checksum of zero is checked like any other")
    func zeroChecksum() {
        for page in pages() {
            var wrong = blob(page)
            for place in 4..<8 { wrong[place] = 0 }
            expectCorrupt(wrong, like: page, "no checksum")
            wrong[wrong.count - 1] ^= 1
            expectCorrupt(wrong, like: page, "no checksum and another byte")
        }
    }

    @Test("a page that is cut short, or has bytes behind it, is an error")
    func lengths() {
        for page in pages() {
            let right = blob(page)
            for length in 0..<right.count { expectCorrupt(Array(right[..<length]), like: page, "\(length) bytes") }
            expectCorrupt(right + [0], like: page, "a byte more")
            expectCorrupt(
                right + Array(repeating: 0, count: PageCodec.blobBytesMaximum), like: page, "far too many bytes")
        }
    }

    @Test("a page under the fence of another one is an error")
    func foreignFences() {
        for page in pages() where !page.entries.isEmpty {
            let first = page.entries[0].key
            for fence in [EventKey(rawValue: first.rawValue + 1), page.limit] where fence > first {
                #expect(throws: TimelineError.self) {
                    try blob(page).withUnsafeBytes { try PageCodec.decode($0, id: 4, fence: fence) }
                }
            }
        }
    }
}
