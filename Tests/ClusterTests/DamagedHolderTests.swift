import EventModel
import Testing

@testable import Cluster

/// Records of the workers topic with one wrong bit: none, or a record that says something else.
@Suite("Damaged records of holders")
struct DamagedHolderTests {
    private let record = HolderTests.record(
        7, "press-é", .replica, url: "https://10.0.0.12:8080/andon", since: 1_770_000_000_123_456)

    private func flips(_ bytes: [UInt8]) -> [(bit: Int, bytes: [UInt8], isCase: Bool)] {
        (0..<bytes.count * 8).map { bit in
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            // T and Z of a time and hexadecimal digits mean the same in either case.
            return (bit, wrong, bit % 8 == 5 && Character(Unicode.Scalar(bytes[bit / 8])).isLetter)
        }
    }

    @Test("a value with one wrong bit is none, or says something else of the same worker and partition")
    func values() {
        for flip in flips(record.json) {
            guard let read = HolderRecord(key: record.key, value: flip.bytes) else { continue }
            #expect(read != record || flip.isCase, "bit \(flip.bit)")
            #expect(read.partition == record.partition && read.workerID == record.workerID, "bit \(flip.bit)")
            #expect(read.role == .replica, "bit \(flip.bit)")
        }
    }

    @Test("a key with one wrong bit does not belong to the value")
    func keys() {
        for flip in flips(record.key) {
            #expect(HolderRecord(key: flip.bytes, value: record.json) == nil, "bit \(flip.bit)")
        }
    }
}
