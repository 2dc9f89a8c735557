// Layer: machine. A check that is never wrong is never tested: records that are right but for one place.
import EventModel
import Testing

@Suite("Damaged records (DESIGN 1.4)")
struct DamagedRecordTests {
    /// The four bytes of the CRC.
    private static let checksumBytes = 1..<5

    private func records() -> [[UInt8]] {
        var batch: [UInt8] = []
        RecordCodec.encode(RecordSamples.batch, into: &batch)
        var definition: [UInt8] = []
        RecordCodec.encode(RecordSamples.definition, into: &definition)
        var random = SeededRandom(seed: 15)
        let others = (0..<4).map { _ in
            var bytes: [UInt8] = []
            RecordCodec.encode(RecordSamples.random(&random), into: &bytes)
            return bytes
        }
        return [batch, definition] + others.filter { $0.count < 20_000 }
    }

    private func code(_ record: [UInt8]) -> CodecError.Code? {
        var batch = RecordSamples.batch
        do throws(CodecError) {
            _ = try RecordCodec.decode(record, into: &batch)
            return nil
        } catch {
            #expect(batch.count == 0 && batch.ids.count == 0 && batch.idempotency == nil)
            return error.code
        }
    }

    @Test("a checksum of all zeros, or of all ones, is checked like any other")
    func emptyChecksums() {
        for record in records() {
            for byte in [0x00, 0xff] as [UInt8] {
                var unsigned = record
                for place in Self.checksumBytes { unsigned[place] = byte }
                #expect(code(unsigned) == .wrongChecksum)
                unsigned[record.count - 1] ^= 1
                #expect(code(unsigned) == .wrongChecksum)
            }
        }
    }

    @Test("every single wrong bit of the content is a wrong checksum, wherever it is")
    func contentBits() throws {
        for record in records() {
            let content = try #require(contentStart(record))
            // Each bit of a short record, and of a long one a sample that meets each of the eight.
            let step = record.count < 1000 ? 1 : 97
            for bit in stride(from: content * 8, to: record.count * 8, by: step) {
                var wrong = record
                wrong[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(code(wrong) == .wrongChecksum, "bit \(bit) of \(record.count) bytes")
            }
        }
    }

    @Test("every single wrong bit of the envelope is an error")
    func envelopeBits() throws {
        for record in records() {
            for bit in 0..<(try #require(contentStart(record))) * 8 {
                var wrong = record
                wrong[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(code(wrong) != nil, "bit \(bit)")
            }
        }
    }

    /// The content follows the CRC, its tag and its length.
    private func contentStart(_ record: [UInt8]) -> Int? {
        record[6...].firstIndex { $0 < 0x80 }.map { $0 + 1 }
    }
}
