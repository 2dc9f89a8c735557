import EventModel
import Testing

/// Definitions that no encoder writes.
struct HostileDefinitionTests {
    private func code(_ change: (inout HandWritten) -> Void) -> CodecError.Code? {
        let content = HandWritten { content in
            content.field(1, 1)
            content.field(2, "plant-1")
            change(&content)
        }
        var batch = RecordSamples.batch
        do throws(CodecError) {
            _ = try RecordCodec.decode(HandWritten.record(content.bytes, field: 5), into: &batch)
            return nil
        } catch { return error.code }
    }

    @Test("numbers of a definition out of range are errors, at the limit they are not (SPEC 3)")
    func numbers() {
        let limits: [(UInt64, Int64)] = [
            (7, 31_622_400), (8, 1_000_000), (9, 253_402_300_799), (10, 4_223_371_679), (11, 1_000_000_000_000_000),
        ]
        for (number, limit) in limits {
            #expect(code { $0.field(number, UInt64(limit)) } == nil, "field \(number)")
            for value in [UInt64(limit) + 1, UInt64(Int64.max), .max] {
                #expect(code { $0.field(number, value) } == .valueOutOfRange, "field \(number): \(value)")
            }
        }
        func station(_ capacity: UInt64) -> CodecError.Code? {
            code { content in
                let entry = HandWritten {
                    $0.field(1, "S1")
                    $0.field(5, capacity)
                }
                content.field(14, entry.bytes)
            }
        }
        #expect(station(1_000_000) == nil)
        for capacity in [1_000_001, UInt64(Int64.max), .max] { #expect(station(capacity) == .valueOutOfRange) }
    }
}
