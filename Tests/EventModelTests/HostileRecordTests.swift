import EventModel
import Testing

/// What no encoder writes gives an error, and never a trap or an event.
struct HostileRecordTests {
    private func code(_ record: [UInt8]) -> CodecError.Code? {
        var batch = RecordSamples.batch
        do throws(CodecError) {
            _ = try RecordCodec.decode(record, into: &batch)
            return nil
        } catch {
            #expect(batch.count == 0 && batch.ids.count == 0 && batch.idempotency == nil)
            #expect(0...record.count ~= error.offset, "\(error)")
            return error.code
        }
    }

    /// Two events, a state and a count, with `change` made to the fields: a field is replaced by number, or added.
    private func batch(_ changes: (inout HandWritten) -> Void = { _ in }, without left: Set<Int> = []) -> [UInt8] {
        let fields: [(Int, (inout HandWritten) -> Void)] = [
            (1, { $0.field(1, 1) }), (2, { $0.field(2, "plant-1") }), (3, { $0.field(3, 1_000_000) }),
            (
                7,
                {
                    $0.field(7, "W1")
                    $0.field(7, "S1")
                }
            ), (8, { $0.field(8, 2) }),
            (10, { $0.column(10, 2_000_000, 1) }), (11, { $0.column(11, 2, 3) }), (14, { $0.column(14, 1) }),
            (18, { $0.column(18, 1_000_000, 0) }), (19, { $0.column(19, 0, 5) }),
        ]
        return HandWritten.record(
            HandWritten { content in
                for (number, write) in fields where !left.contains(number) { write(&content) }
                changes(&content)
            }.bytes)
    }

    private func replaced(_ number: Int, _ write: (inout HandWritten) -> Void) -> CodecError.Code? {
        code(batch(write, without: [number]))
    }

    @Test("the record that the others are changed from is readable")
    func unchanged() throws {
        var events = EventBatch(siteID: "other")
        #expect(try RecordCodec.decode(batch(), into: &events) == .events)
        #expect(events.siteID == "plant-1" && events.types == [.working, .productCount] && events.counts == [0, 5])
        #expect(events.times == [1_000_000, 999_999] && events.workers == [0, 0] && events.workstations == [1, 1])
        #expect(
            events.confidences == [1_000_000, 0] && events.cameras == [0, 0] && events.marks == [.accepted, .accepted])
    }

    @Test("fields of later versions are skipped, whatever their wire type")
    func unknownFields() throws {
        var events = EventBatch(siteID: "other")
        let record = batch { content in
            content.field(21, 7)
            content.field(1000, "new")
            content.varint(40 << 3 | 1)
            content.bytes += Array(repeating: 9, count: 8)
            content.varint(41 << 3 | 5)
            content.bytes += Array(repeating: 9, count: 4)
            content.field(7, "W2")
        }
        #expect(try RecordCodec.decode(record, into: &events) == .events)
        #expect(events.count == 2 && events.ids.count == 3 && events.ids[2] == Array("W2".utf8))
    }

    @Test("a later format, a missing format, site or content, and an unknown content are errors")
    func formats() {
        #expect(replaced(1) { $0.field(1, 2) } == .unknownFormat)
        #expect(replaced(1) { $0.field(1, 0) } == .unknownFormat)
        #expect(replaced(1) { _ in } == .missingField)
        #expect(replaced(2) { _ in } == .missingField)
        #expect(code([]) == .missingField)
        #expect(code([0x0d, 0, 0, 0, 0]) == .missingField)
        #expect(code(HandWritten.record([1], field: 9)) == .missingField)
        #expect(code(HandWritten { $0.field(2, [UInt8]()) }.bytes) == .missingField)
        #expect(code(HandWritten.record(HandWritten { $0.field(1, 2) }.bytes, field: 5)) == .missingField)
        let future = HandWritten {
            $0.field(1, 2)
            $0.field(2, "s")
        }.bytes
        #expect(code(HandWritten.record(future, field: 5)) == .unknownFormat)
    }

    @Test("a wrong CRC, a second content and trailing bytes are errors")
    func envelopes() {
        var wrong = batch()
        wrong[1] ^= 1
        #expect(code(wrong) == .wrongChecksum)
        #expect(code(batch() + HandWritten { $0.field(2, "x") }.bytes) == .repeatedField)
        #expect(code(batch() + HandWritten { $0.field(5, "x") }.bytes) == .repeatedField)
        #expect(code(batch() + [0x0d, 0, 0, 0, 0]) == .repeatedField)
        #expect(code(batch() + [0]) == .wrongWireType)
        #expect(code(batch() + [0x4d]) == .truncated)
        #expect(code(Array(repeating: 0, count: Limits.recordBytesMaximum + 1)) == .tooLong)
        #expect(code(Array(repeating: 0, count: Limits.recordBytesMaximum)) == .wrongWireType)
    }

    @Test("groups, field 0, wrong wire types and repeated fields are errors")
    func fields() {
        for wireType in [3, 4, 6, 7] as [UInt64] {
            #expect(code(batch { $0.varint(30 << 3 | wireType) }) == .wrongWireType)
        }
        #expect(code(batch { $0.field(0, 1) }) == .wrongWireType)
        #expect(code(batch { $0.field(1 << 29, 1) }) == .wrongWireType)
        for number in 1...20 as ClosedRange<UInt64> where number != 7 {
            #expect(
                replaced(Int(number)) {
                    $0.varint(number << 3 | 5)
                    $0.bytes += [0, 0, 0, 0]
                } == .wrongWireType)
        }
        #expect(replaced(7) { $0.field(7, 1) } == .wrongWireType)
        for number in [1, 3, 8] as [UInt64] { #expect(code(batch { $0.field(number, 1) }) == .repeatedField) }
        for number in [2, 10, 11, 14, 18, 19] as [UInt64] {
            #expect(code(batch { $0.field(number, "x") }) == .repeatedField)
        }
    }

    @Test("varints longer than they have to be, or than 64 bits, are errors")
    func varints() {
        let tooLong: [[UInt8]] = [
            [0x80, 0x00], [0x81, 0x80, 0x00], Array(repeating: 0xff, count: 10),
            Array(repeating: 0xff, count: 9) + [0x02],
            Array(repeating: 0x80, count: 9) + [0x00], Array(repeating: 0x80, count: 11) + [0x01],
        ]
        for bytes in tooLong {
            #expect(replaced(3) { $0.bytes += [0x18] + bytes } == .overlongVarint, "\(bytes)")
            for number in [13, 18, 19] as [UInt64] {
                let found = replaced(Int(number)) { $0.field(number, [0x01] + bytes) }
                #expect(found == .overlongVarint || found == .wrongColumnLength, "\(number) \(bytes)")
            }
            let found = replaced(10) { $0.field(10, [0x02] + bytes) }
            #expect(found == .overlongVarint || found == .wrongColumnLength, "\(bytes)")
            // The same with room behind them, where varints are read eight bytes at a time.
            let early = code(
                batch(
                    {
                        $0.field(10, [0x02] + bytes)
                        $0.field(50, "12345678")
                    }, without: [10]))
            #expect(early == .overlongVarint || early == .wrongColumnLength, "\(bytes)")
        }
    }

    @Test("columns with neither no, nor one, nor a value for each event are errors")
    func columnLengths() {
        for number in [13, 14, 15, 16, 18, 19] as [UInt64] {
            #expect(replaced(Int(number)) { $0.column(number, 0, 0, 0) } == .wrongColumnLength)
        }
        #expect(replaced(11) { $0.column(11, 2, 3, 2) } == .wrongColumnLength)
        #expect(replaced(12) { $0.column(12, 1, 1, 1) } == .wrongColumnLength)
        #expect(replaced(10) { $0.column(10, 2) } == .wrongColumnLength)
        #expect(replaced(10) { $0.column(10, 2, 2, 2) } == .wrongColumnLength)
        #expect(replaced(10) { _ in } == .wrongColumnLength)
        #expect(replaced(20) { $0.column(20, 1, 1, 1) } == .wrongColumnLength)
        #expect(replaced(8) { _ in } == .wrongColumnLength)
        #expect(replaced(8) { $0.field(8, 3) } == .wrongColumnLength)
        // A column that ends inside a value.
        #expect(replaced(18) { $0.field(18, [0x01, 0x80]) } == .wrongColumnLength)
        #expect(replaced(18) { $0.field(18, [0x80]) } == .truncated)
        #expect(
            code(
                batch(
                    {
                        $0.field(18, [0x01, 0x80])
                        $0.field(50, "12345678")
                    }, without: [18])) == .wrongColumnLength)
    }

    @Test("a record has at most 1000 events (SPEC 1)")
    func eventLimit() throws {
        func record(_ count: Int) -> [UInt8] {
            HandWritten.record(
                HandWritten { content in
                    content.field(1, 1)
                    content.field(2, "s")
                    content.field(7, "W1")
                    content.field(8, UInt64(count))
                    content.field(10, Array(repeating: 0, count: count))
                }.bytes)
        }
        var batch = EventBatch(siteID: "s")
        #expect(try RecordCodec.decode(record(1000), into: &batch) == .events)
        #expect(batch.count == 1000)
        #expect(code(record(1001)) == .tooMany)
        #expect(replaced(8) { $0.field(8, .max) } == .tooMany)
    }

    @Test("ids have their limits, also those of quarantined events; indexes have the dictionary's")
    func ids() throws {
        let longest = String(repeating: "x", count: 128)
        #expect(
            replaced(7) {
                $0.field(7, longest)
                $0.field(7, "S1")
            } == nil)
        #expect(
            replaced(7) {
                $0.field(7, longest + "x")
                $0.field(7, "S1")
            } == .invalidIdentifier)
        #expect(code(batch { $0.field(7, "a\u{1f}") }) == .invalidIdentifier)
        #expect(code(batch { $0.field(7, "a\u{9f}") }) == .invalidIdentifier)
        #expect(code(batch { $0.field(7, "") }) == .invalidIdentifier)
        #expect(code(batch { $0.field(7, [0xc3]) }) == .invalidIdentifier)
        #expect(code(batch { content in for _ in 0..<3998 { content.field(7, "x") } }) == nil)
        #expect(code(batch { content in for _ in 0..<3999 { content.field(7, "x") } }) == .tooMany)
        #expect(replaced(7) { content in for _ in 0..<4001 { content.field(7, "x") } } == .tooMany)
        for number in [13, 14] as [UInt64] {
            #expect(replaced(Int(number)) { $0.column(number, 1, 1) } == nil)
            #expect(replaced(Int(number)) { $0.column(number, 0, 2) } == .indexOutOfRange)
            #expect(replaced(Int(number)) { $0.column(number, 2) } == .indexOutOfRange)
            #expect(replaced(Int(number)) { $0.column(number, 0, 1 << 32) } == .indexOutOfRange)
            #expect(replaced(Int(number)) { $0.column(number, .max, 0) } == .indexOutOfRange)
        }
        for number in [15, 16] as [UInt64] {
            #expect(replaced(Int(number)) { $0.column(number, 0, 2) } == nil)
            #expect(replaced(Int(number)) { $0.column(number, 0, 3) } == .indexOutOfRange)
        }
        #expect(replaced(7) { _ in } == .indexOutOfRange)
    }

    @Test("a record of a site id that none may have is an error (SPEC 1)")
    func siteIDs() {
        for text in ["", ".", "..", "a b", "a/b", String(repeating: "a", count: 65)] {
            #expect(replaced(2) { $0.field(2, text) } == .invalidIdentifier)
        }
        #expect(replaced(2) { $0.field(2, String(repeating: "a", count: 64)) } == nil)
    }

    @Test("times, types, marks, ppm and counts out of range are errors, at the limit they are not (SPEC 2.1)")
    func values() {
        func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
        let latest = Timestamp.latest.microseconds
        #expect(replaced(10) { $0.column(10, zigzag(latest), 0) } == nil)
        #expect(replaced(10) { $0.column(10, zigzag(latest), zigzag(1)) } == .valueOutOfRange)
        #expect(replaced(10) { $0.column(10, zigzag(0), zigzag(-1)) } == .valueOutOfRange)
        #expect(replaced(10) { $0.column(10, zigzag(latest), zigzag(.max)) } == .valueOutOfRange)
        #expect(replaced(10) { $0.column(10, zigzag(.min), zigzag(.min)) } == .valueOutOfRange)
        #expect(
            code(
                batch(
                    {
                        $0.field(9, 1_000_000)
                        $0.column(10, 2 * 253_402_300_799, 0)
                    }, without: [10])) == nil)
        let second = batch(
            {
                $0.field(9, 1_000_000)
                $0.column(10, 2 * 253_402_300_800, 0)
            }, without: [10])
        #expect(code(second) == .valueOutOfRange)
        #expect(code(batch { $0.field(9, 60) }) == .valueOutOfRange)
        #expect(replaced(3) { $0.field(3, UInt64(latest)) } == nil)
        #expect(replaced(3) { $0.field(3, UInt64(latest) + 1) } == .valueOutOfRange)
        #expect(replaced(3) { $0.field(3, .max) } == .valueOutOfRange)
        #expect(replaced(20) { $0.column(20, 0, UInt64(latest)) } == nil)
        #expect(replaced(20) { $0.column(20, 0, UInt64(latest) + 1) } == .valueOutOfRange)
        #expect(replaced(20) { $0.column(20, .max) } == .valueOutOfRange)
        #expect(replaced(11) { $0.column(11, 2, 4) } == .valueOutOfRange)
        #expect(replaced(11) { $0.column(11, 0x7f, 3) } == .valueOutOfRange)
        #expect(replaced(12) { $0.column(12, 0, 4) } == nil)
        #expect(replaced(12) { $0.column(12, 0, 5) } == .valueOutOfRange)
        #expect(replaced(18) { $0.column(18, 1_000_001, 0) } == .valueOutOfRange)
        #expect(
            code(
                batch(
                    {
                        $0.field(17, 100)
                        $0.column(18, 0, 10_000)
                    }, without: [18])) == nil)
        #expect(
            code(
                batch(
                    {
                        $0.field(17, 100)
                        $0.column(18, 0, 10_001)
                    }, without: [18])) == .valueOutOfRange)
        #expect(code(batch { $0.field(17, 10) }) == .valueOutOfRange)
        #expect(replaced(19) { $0.column(19, 0, 1_000_000) } == nil)
        #expect(replaced(19) { $0.column(19, 0, 1_000_001) } == .valueOutOfRange)
        #expect(replaced(19) { $0.column(19, 1, 1) } == .valueOutOfRange)
    }
}
