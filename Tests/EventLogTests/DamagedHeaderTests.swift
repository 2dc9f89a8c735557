import EventLog
import Testing

@testable import SQLiteLog

/// Headers of a record as the log's file keeps them, with one wrong bit: never the same headers, and never a fault.
@Suite("Damaged headers of a stored record")
struct DamagedHeaderTests {
    private let headers = [
        RecordHeader(name: "ce_id", value: Array("plant/9:41".utf8)), RecordHeader(name: "empty", value: []),
        RecordHeader(name: "created_at", value: [0, 1, 2, 0xff]),
    ]

    private func decode(_ bytes: [UInt8]) -> [RecordHeader] { bytes.withUnsafeBytes { HeaderCoding.decode($0) } }

    @Test("headers come back as they were")
    func roundTrip() {
        #expect(decode(HeaderCoding.encode(headers)) == headers)
        #expect(decode([]) == [])
    }

    @Test("every single wrong bit shows")
    func bitFlips() {
        let right = HeaderCoding.encode(headers)
        for bit in 0..<right.count * 8 {
            var wrong = right
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(decode(wrong) != headers, "bit \(bit)")
        }
    }

    @Test("headers that are cut short are fewer, and none is made up")
    func truncation() {
        let right = HeaderCoding.encode(headers)
        for length in 0..<right.count {
            let found = decode(Array(right[..<length]))
            #expect(found.count < headers.count && found == Array(headers.prefix(found.count)), "\(length) bytes")
        }
    }
}
