// Layer: machine. What the packed fields of a time line hold, at the edges of every field.
import EventModel
import Testing

@testable import Timeline

@Suite("Packed fields")
struct PackedFieldsTests {
    private static let offsets: [Int64] = [0, 1, 4095, 4096, PackedPosition.offsetsMaximum - 1]

    @Test("every offset, index and mark comes back from a packed position", arguments: Mark.allCases)
    func position(mark: Mark) {
        for offset in Self.offsets {
            for index in [0, 1, Limits.batchEventsMaximum - 1, 1 << Int(PackedPosition.indexBits) - 1] {
                let packed = PackedPosition(offset: LogOffset(offset), index: index, mark: mark)
                #expect(packed.offset.value == offset)
                #expect(packed.index == index)
                #expect(packed.quarantineReason == (mark.eventClass == .quarantined ? mark : nil))
                #expect(PackedPosition(offset: offset, low: packed.low) == packed)
            }
        }
    }

    @Test("every quarantine reason has a number of its own that fits, and no other mark has one")
    func reasons() {
        let numbers = Mark.allCases.filter { $0.eventClass == .quarantined }.map(PackedPosition.reason(of:))
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { $0 > 0 && $0 >> PackedPosition.reasonBits == 0 })
        let others = Mark.allCases.filter { $0.eventClass != .quarantined }
        #expect(others.allSatisfy { PackedPosition.reason(of: $0) == 0 })
    }

    @Test("packed positions are ordered by offset, then by index (SPEC 2.6)")
    func order() {
        let marks = [Mark.accepted, .timestampInFuture]
        for mark in marks {
            for other in marks {
                let low = PackedPosition(offset: LogOffset(7), index: 3, mark: mark)
                #expect(low < PackedPosition(offset: LogOffset(7), index: 4, mark: other))
                #expect(low < PackedPosition(offset: LogOffset(8), index: 0, mark: other))
            }
        }
    }

    @Test("numbers from a store that no packed position has room for are refused")
    func storedPosition() {
        let low = Int64(1) << Int64(PackedPosition.lowBits)
        #expect(PackedPosition(offset: 0, low: low - 1) != nil)
        #expect(PackedPosition(offset: 0, low: low) == nil)
        #expect(PackedPosition(offset: 0, low: -1) == nil)
        #expect(PackedPosition(offset: PackedPosition.offsetsMaximum, low: 0) == nil)
        #expect(PackedPosition(offset: -1, low: 0) == nil)
    }

    @Test("a record of the largest batch has room for every index (SPEC 1)")
    func indexRoom() { #expect(Limits.batchEventsMaximum <= 1 << Int(PackedPosition.indexBits)) }

    @Test("every origin, count and confidence comes back from a packed detail")
    func detail() {
        let origins: [UInt32] = [0, 1, UInt32(PackedDetail.originsMaximum - 1)]
        let counts: [UInt32] = [0, 1, Limits.countMaximum, 1 << UInt32(PackedDetail.countBits) - 1]
        let confidences: [UInt32] = [0, 1, 1_000_000, 1 << UInt32(PackedDetail.confidenceBits) - 1]
        for origin in origins {
            for count in counts {
                for confidence in confidences {
                    let packed = PackedDetail(origin: origin, count: count, confidence: confidence)
                    #expect([packed.origin, packed.count, packed.confidence] == [origin, count, confidence])
                }
            }
        }
    }

    @Test("every event class outside of quarantine has a line of each worker, also across sites (SPEC 2.6)")
    func lines() {
        var lines = Set<LineIndex>()
        var ids = Set<LineID>()
        let workers: [UInt32] = [0, 1, 2, UInt32.max]
        for worker in workers {
            for eventClass in EventClass.allCases where eventClass != .quarantined {
                let line = LineIndex(worker, eventClass)
                #expect(line.worker == worker && line.eventClass == eventClass)
                lines.insert(line)
                for site: UInt32 in [0, 1, 1 << 29 - 1] {
                    let id = LineID(site: site, line)
                    #expect(id.line == line && LineID.all(ofSite: site).contains(id.value))
                    ids.insert(id)
                }
            }
        }
        #expect(lines.count == workers.count * LineIndex.perWorker)
        #expect(ids.count == lines.count * 3)
    }

    @Test("a value that does not fit into its field stops the program")
    func overflow() async {
        await #expect(processExitsWith: .failure) {
            _ = PackedPosition(offset: LogOffset(0), index: 1 << Int(PackedPosition.indexBits), mark: .accepted)
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedPosition(offset: LogOffset(PackedPosition.offsetsMaximum), index: 0, mark: .accepted)
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedDetail(origin: UInt32(PackedDetail.originsMaximum), count: 0, confidence: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedDetail(origin: 0, count: 1 << UInt32(PackedDetail.countBits), confidence: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = PackedDetail(origin: 0, count: 0, confidence: 1 << UInt32(PackedDetail.confidenceBits))
        }
        await #expect(processExitsWith: .failure) { _ = LineID(site: 1 << 29, LineIndex(0, .accepted)) }
        await #expect(processExitsWith: .failure) { _ = LineIndex(0, .quarantined) }
    }

    @Test("a page keeps entries at the edges of every field")
    func page() throws {
        let entries = Self.offsets.enumerated().map { number, offset in
            TimelineEntry(
                key: EventKey(time: Int64(number), type: .working), createdAt: Int64(number),
                position: PackedPosition(offset: LogOffset(offset), index: 1023, mark: .timestampInFuture),
                detail: PackedDetail(
                    origin: UInt32(PackedDetail.originsMaximum - 1), count: Limits.countMaximum, confidence: 1_000_000))
        }
        let page = Page(id: 7, fence: .lowest, limit: .highest, entry: entries[0], entries: entries)
        var blob: [UInt8] = []
        PageCodec.encode(page, into: &blob)
        let decoded = try blob.withUnsafeBytes { try PageCodec.decode($0, id: 7, fence: .lowest) }
        #expect(decoded.entries == entries && decoded.entry == entries[0] && decoded.limit == .highest)
    }
}
