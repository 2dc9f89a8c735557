import EventModel

/// Batches and definitions for the tests of the codec.
enum RecordSamples {
    /// Three events that use every field and every kind of column.
    static var batch: EventBatch {
        var batch = EventBatch(siteID: "plant-1", createdAt: Timestamp(microseconds: 1_768_197_605_123_456))
        batch.definitionVersion = 3
        batch.gatewayID = Array("gw-1".utf8)
        batch.idempotency = Idempotency(
            apiKeyID: Array("k1".utf8), path: Array("/api/events/batch".utf8), key: Array("abc".utf8),
            bodyHash: Array(0..<32),
            verdicts: VerdictRuns([.accepted, .duplicate, .accepted, .accepted, .lowConfidence]))
        let first = batch.ids.append(Array("W1".utf8))
        let second = batch.ids.append(Array("Wé".utf8))
        let station = batch.ids.append(Array("S1".utf8))
        let camera = batch.ids.append(Array("cam-1".utf8))
        batch.append(
            time: 1_768_197_600_000_000, type: .working, mark: .accepted, worker: first, workstation: station,
            camera: camera, modelVersion: nil, confidence: 930_000, count: 0)
        batch.append(
            time: 1_768_197_599_500_000, type: .productCount, mark: .accepted, worker: first, workstation: station,
            camera: nil, modelVersion: camera, confidence: 995_616, count: 31)
        batch.append(
            time: 1_768_197_600_000_001, type: .idle, mark: .lowConfidence, worker: second, workstation: station,
            camera: camera, modelVersion: nil, confidence: 0, count: 0, firstSeen: 1_768_197_000_000_000)
        return batch
    }

    static var definition: DefinitionRecord {
        var site = SiteDefinition(siteID: "plant-1", name: "Werk Süd", timeZone: "Asia/Kolkata")
        site.observationTTLSeconds = 0
        site.targetMicrounitsPerHour = 12_500_000
        site.shifts = [.init(name: "early", startMinute: 360, endMinute: 840, days: 0x1f)]
        site.workers = [
            .init(workerID: "W1"), .init(workerID: "Wé", name: "", location: "Hall 2", activeSince: "2020"),
        ]
        site.workstations = [
            .init(workstationID: "S1", name: "Press", location: "Hall 2", line: "A", capacity: 2),
            .init(workstationID: "S2", capacity: 0),
        ]
        return DefinitionRecord(
            definition: site, createdAt: Timestamp(microseconds: 1_768_197_605_123_456), gatewayID: Array("gw-1".utf8))
    }

    static var clockSetBack: ClockSetBack {
        ClockSetBack(
            createdAt: Timestamp(microseconds: 1_768_197_605_123_456),
            newestCreatedAt: Timestamp(microseconds: 1_783_922_405_000_000), gatewayID: Array("gw-1".utf8),
            reason: .confirmed, confirmedBy: Array("4a03989455b6e04d".utf8))
    }

    /// Any valid batch.
    static func random(_ random: inout SeededRandom) -> EventBatch {
        var batch = EventBatch(siteID: SiteID("site.\(Int.random(in: 0...9, using: &random))"))
        batch.createdAt = Timestamp(microseconds: .random(in: 0...Timestamp.latest.microseconds, using: &random))
        batch.definitionVersion = Bool.random(using: &random) ? 0 : .random(in: 0 ... .max, using: &random)
        batch.gatewayID = Bool.random(using: &random) ? [] : [0, 0xff]
        let idCount = UInt32([1, 2, 100, 127, 128, 129, 300, 4000].randomElement(using: &random) ?? 1)
        for number in 0..<idCount {
            let length = Int.random(in: 0...([4, 124].randomElement(using: &random) ?? 4), using: &random)
            _ = batch.ids.append(Array("\(number)".utf8) + Array(repeating: 0x78, count: length))
        }
        let count = [0, 1, 2, 7, 100, 127, 128, 1000].randomElement(using: &random) ?? 1
        let unit: Int64 = [1, 1000, 1_000_000].randomElement(using: &random) ?? 1
        let ppmUnit: UInt32 = [1, 100, 10_000].randomElement(using: &random) ?? 1
        let types =
            Bool.random(using: &random)
            ? EventType.allCases : [EventType.allCases.randomElement(using: &random) ?? .idle]
        let marks =
            Bool.random(using: &random) ? Mark.allCases : [Mark.allCases.randomElement(using: &random) ?? .accepted]
        let workers = Bool.random(using: &random) ? 0...idCount - 1 : 0...0
        let cameras = Bool.random(using: &random) ? idCount : 0
        let redriven = Int.random(in: 0...3, using: &random)
        for _ in 0..<count {
            let type = types.randomElement(using: &random) ?? .idle
            let one = Int.random(in: 0...3, using: &random) > 0
            batch.append(
                time: .random(in: 0...Timestamp.latest.microseconds / unit, using: &random) * unit, type: type,
                mark: marks.randomElement(using: &random) ?? .accepted, worker: .random(in: workers, using: &random),
                workstation: .random(in: 0...idCount - 1, using: &random),
                camera: cameras == 0 ? nil : .random(in: 0...cameras - 1, using: &random),
                modelVersion: cameras == 0 ? nil : idCount - 1,
                confidence: .random(in: 0...1_000_000 / ppmUnit, using: &random) * ppmUnit,
                count: type.isState ? 0 : one ? 1 : .random(in: 1...1_000_000, using: &random),
                firstSeen: redriven == 0 ? .random(in: 0...Timestamp.latest.microseconds, using: &random) : 0)
        }
        return batch
    }
}

/// CRC-32C bit by bit: slow, and none of the codec's code.
func referenceChecksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
}

/// Writes Protobuf by hand, so that the tests can write what no encoder would.
struct HandWritten {
    var bytes: [UInt8] = []

    init() {}

    init(_ write: (inout HandWritten) -> Void) { write(&self) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func field(_ number: UInt64, _ value: UInt64) {
        varint(number << 3)
        varint(value)
    }

    mutating func field(_ number: UInt64, _ value: [UInt8]) {
        varint(number << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: UInt64, _ text: String) { field(number, Array(text.utf8)) }

    mutating func column(_ number: UInt64, _ values: UInt64...) {
        var column = HandWritten()
        for value in values { column.varint(value) }
        field(number, column.bytes)
    }

    /// A record with these bytes as its content, and their CRC.
    static func record(_ content: [UInt8], field: UInt64 = 2) -> [UInt8] {
        let crc = referenceChecksum(content)
        return HandWritten { record in
            record.bytes = [0x0d] + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
            record.field(field, content)
        }.bytes
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 0xf, radix: 16) }.joined()
}

func unhex(_ text: String) -> [UInt8] {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
