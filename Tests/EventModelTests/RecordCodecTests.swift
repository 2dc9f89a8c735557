import Testing

@testable import EventModel

struct RecordCodecTests {
    private func encoded(_ batch: EventBatch) -> [UInt8] {
        var bytes: [UInt8] = []
        RecordCodec.encode(batch, into: &bytes)
        return bytes
    }

    @Test("a record holds all events of its request, also after thousands of others in the same memory (SPEC 2.8)")
    func randomRoundTrips() throws {
        var random = SeededRandom(seed: 3)
        var decoded = EventBatch(siteID: "other")
        for _ in 0..<300 {
            let batch = RecordSamples.random(&random)
            #expect(try RecordCodec.decode(encoded(batch), into: &decoded) == .events, "seed \(random.seed)")
            #expect(decoded == batch, "seed \(random.seed)")
        }
    }

    @Test("a record with every field, and one with none, come back as they were")
    func fixedRoundTrips() throws {
        var decoded = EventBatch(siteID: "other")
        #expect(try RecordCodec.decode(encoded(RecordSamples.batch), into: &decoded) == .events)
        #expect(decoded == RecordSamples.batch)
        let empty = EventBatch(siteID: "s")
        #expect(try RecordCodec.decode(encoded(empty), into: &decoded) == .events)
        #expect(decoded == empty)
    }

    @Test("a definition comes back as it was, and empties the batch (SPEC 3)")
    func definitionRoundTrip() throws {
        var bytes: [UInt8] = []
        RecordCodec.encode(RecordSamples.definition, into: &bytes)
        var batch = RecordSamples.batch
        #expect(try RecordCodec.decode(bytes, into: &batch) == .definition(RecordSamples.definition))
        #expect(batch.count == 0 && batch.ids.count == 0 && batch.idempotency == nil)
        bytes.removeAll()
        let bare = DefinitionRecord(definition: SiteDefinition(siteID: "s"), createdAt: .latest)
        RecordCodec.encode(bare, into: &bytes)
        #expect(try RecordCodec.decode(bytes, into: &batch) == .definition(bare))
    }

    @Test("definitions are told from the rest without reading it, and a record that is cut states nothing wrong")
    func statesDefinition() {
        func states(_ bytes: some Collection<UInt8>) -> Bool {
            Array(bytes).withUnsafeBytes { RecordCodec.statesDefinition($0) }
        }
        var definition: [UInt8] = []
        var clock: [UInt8] = []
        RecordCodec.encode(RecordSamples.definition, into: &definition)
        RecordCodec.encode(RecordSamples.clockSetBack, into: &clock)
        let events = encoded(RecordSamples.batch)
        #expect(states(definition) && !states(events) && !states(clock))
        for count in 0..<events.count { #expect(!states(events.prefix(count))) }
    }

    @Test("a site that keeps names off its boards has one field more than others, and comes back as it was (SPEC 3)")
    func namesOffBoards() throws {
        var record = RecordSamples.definition
        var shown: [UInt8] = []
        var hidden: [UInt8] = []
        RecordCodec.encode(record, into: &shown)
        record.definition.showsNamesOnBoards = false
        RecordCodec.encode(record, into: &hidden)
        #expect(hidden.count == shown.count + 2)
        var batch = RecordSamples.batch
        #expect(try RecordCodec.decode(hidden, into: &batch) == .definition(record))
    }

    @Test("a record that sets time back comes back as it was, and empties the batch (SPEC 2.9)")
    func clockSetBackRoundTrip() throws {
        var batch = RecordSamples.batch
        #expect(
            try RecordCodec.decode(encoded(clock: RecordSamples.clockSetBack), into: &batch)
                == .clockSetBack(RecordSamples.clockSetBack))
        #expect(batch.count == 0 && batch.ids.count == 0 && batch.idempotency == nil)
        let bare = ClockSetBack(
            createdAt: .earliest, newestCreatedAt: Timestamp(microseconds: 1), reason: .synchronised)
        #expect(try RecordCodec.decode(encoded(clock: bare), into: &batch) == .clockSetBack(bare))
    }

    @Test("a record that sets time forward, or for no reason, is none (SPEC 2.9)")
    func senselessClockRecords() {
        var batch = RecordSamples.batch
        var forward = RecordSamples.clockSetBack
        forward.newestCreatedAt = forward.createdAt
        #expect(throws: CodecError(.valueOutOfRange, at: 8)) {
            try RecordCodec.decode(encoded(clock: forward), into: &batch)
        }
        let noReason = HandWritten {
            $0.field(1, 1)
            $0.field(3, 7)
        }
        #expect(throws: CodecError(.missingField, at: 8)) {
            try RecordCodec.decode(HandWritten.record(noReason.bytes, field: 24), into: &batch)
        }
    }

    private func encoded(clock: ClockSetBack) -> [UInt8] {
        var bytes: [UInt8] = []
        RecordCodec.encode(clock, into: &bytes)
        return bytes
    }

    @Test("raw values of types and marks are their bytes in memory, as the decoder takes them to be")
    func enumsInMemory() {
        for type in EventType.allCases { #expect(withUnsafeBytes(of: type) { Array($0) } == [type.rawValue]) }
        for mark in Mark.allCases { #expect(withUnsafeBytes(of: mark) { Array($0) } == [mark.rawValue]) }
        #expect(EventType.allCases.map(\.rawValue) == Array(0..<UInt8(EventType.allCases.count)))
        #expect(Mark.allCases.map(\.rawValue) == Array(0..<UInt8(Mark.allCases.count)))
    }

    @Test("the bytes of the record format never change: DESIGN 1.4")
    func goldenBytes() throws {
        var definition: [UInt8] = []
        RecordCodec.encode(RecordSamples.definition, into: &definition)
        let clock = encoded(clock: RecordSamples.clockSetBack)
        let all = [
            (encoded(RecordSamples.batch), Golden.batch), (definition, Golden.definition), (clock, Golden.clockSetBack),
        ]
        for (bytes, golden) in all {
            #expect(hex(bytes) == golden)
        }
    }

    @Test("a record of before, with the answer itself in it, is read without it (DESIGN 1.4)")
    func earlierAnswer() throws {
        var expected = RecordSamples.batch
        expected.idempotency?.verdicts = VerdictRuns([])
        var batch = EventBatch(siteID: "s")
        #expect(try RecordCodec.decode(unhex(Golden.batchWithAnswer), into: &batch) == .events)
        #expect(batch == expected)
    }

    @Test("verdicts are stored as runs, whatever they are, and nothing else is read as such (SPEC 2.5)")
    func verdictRuns() {
        var random = SeededRandom(seed: 11)
        for count in [0, 1, 2, 17, 1000] {
            let verdicts = (0..<count).map { _ -> Verdict in
                Bool.random(using: &random) ? .accepted : Verdict.allCases.randomElement(using: &random) ?? .duplicate
            }
            let runs = VerdictRuns(verdicts)
            #expect(runs.verdicts == verdicts && runs.count == count && VerdictRuns(runs: runs.runs) == runs)
        }
        #expect(VerdictRuns(repeatElement(.accepted, count: 1000)).runs.count == 1)
        // No length, no verdict, two runs that are one, and more events than a request has.
        for runs: [UInt32] in [[14], [1 << 4 | 15], [1 << 4, 1 << 4], [1001 << 4]] {
            #expect(VerdictRuns(runs: runs) == nil)
        }
    }

    @Test("every record cut short is an error", arguments: Golden.all)
    func truncation(golden: String) {
        let bytes = unhex(golden)
        var batch = EventBatch(siteID: "s")
        for length in 0..<bytes.count {
            #expect(throws: CodecError.self) { try RecordCodec.decode(Array(bytes[..<length]), into: &batch) }
        }
    }

    @Test("every single wrong bit of a record is an error", arguments: Golden.all)
    func bitFlips(golden: String) {
        let bytes = unhex(golden)
        var batch = EventBatch(siteID: "s")
        for bit in 0..<bytes.count * 8 {
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CodecError.self, "bit \(bit)") { try RecordCodec.decode(wrong, into: &batch) }
        }
    }

    @Test("wrong bytes under a right CRC are an error or a batch that can be written and read again")
    func mutations() throws {
        var random = SeededRandom(seed: 4)
        var batch = EventBatch(siteID: "s")
        var again = EventBatch(siteID: "s")
        var read = 0
        for _ in 0..<20_000 {
            // The content of a short record follows CRC, tag and two bytes of length.
            var content = Array(unhex(Golden.batch)[8...])
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                content[Int.random(in: content.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            let field: UInt64 = [2, 2, 5, 24].randomElement(using: &random) ?? 2
            guard let kind = try? RecordCodec.decode(HandWritten.record(content, field: field), into: &batch),
                kind == .events
            else { continue }
            read += 1
            #expect(try RecordCodec.decode(encoded(batch), into: &again) == .events, "seed \(random.seed)")
            #expect(again == batch, "seed \(random.seed)")
        }
        #expect(read > 100)
    }

    @Test("the CRC is CRC-32C, over the content alone")
    func checksum() {
        #expect(referenceChecksum(Array("123456789".utf8)) == 0xe306_9283)
        let golden = unhex(Golden.batch)
        #expect(HandWritten.record(Array(golden[8...])) == golden)
        var random = SeededRandom(seed: 5)
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(RecordCodec.checksum(of: bytes) == referenceChecksum(bytes))
            #expect(RecordCodec.checksum(of: bytes, byTable: true) == referenceChecksum(bytes))
        }
    }

    @Test("states are written without a count, and a record takes a fraction of its events as JSON (SPEC 2.1)")
    func size() throws {
        var batch = EventBatch(siteID: "plant-1", createdAt: Timestamp(microseconds: 1_768_197_605_123_456))
        var random = SeededRandom(seed: 6)
        for worker in 0..<20 { _ = batch.ids.append(Array("W\(1000 + worker)".utf8)) }
        for number in 0..<9 { _ = batch.ids.append(Array((number < 8 ? "S\(number)" : "frcnn-1").utf8)) }
        for _ in 0..<100 {
            let worker = UInt32.random(in: 0..<20, using: &random)
            batch.append(
                time: batch.createdAt.microseconds / 1000 * 1000 - .random(in: 0...30_000, using: &random) * 1000,
                type: .working, mark: .accepted, worker: worker, workstation: 20 + worker % 8, camera: 20,
                modelVersion: 28, confidence: .random(in: 0...100, using: &random) * 10_000, count: 1)
        }
        // Columns: 3 to 4 bytes of time, worker, workstation, confidence; the rest is the same for all.
        let bytes = encoded(batch)
        #expect(bytes.count < 100 * 10)
        var decoded = EventBatch(siteID: "s")
        #expect(try RecordCodec.decode(bytes, into: &decoded) == .events)
        #expect(decoded.counts == Array(repeating: 0, count: 100))
    }
}

/// The records of ``RecordSamples``, written by the first version.
private enum Golden {
    static let batch = """
        0dab91c44812c20108011207706c616e742d311880cb95b1a985920320032a0467772d3132440a026b3112112f6170692f65\
        76656e74732f62617463681a036162632220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
        3a041e1d2e1c3a0257313a0357c3a93a0253313a0563616d2d314003520e80e0b9ddd28aa406bf843dc2843d5a0302030162\
        030000016a030000017201027a03040004820103000400920107d0e138a0e23c009a0103001f00a2010a000080e4cf90a785\
        9203
        """
    /// As records were written that still had status and JSON of the answer.
    static let batchWithAnswer = """
        0d02ab924512c30108011207706c616e742d311880cb95b1a985920320032a0467772d3132450a026b3112112f6170692f65\
        76656e74732f62617463681a036162632220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
        28c80132027b7d3a0257313a0357c3a93a0253313a0563616d2d314003520e80e0b9ddd28aa406bf843dc2843d5a03020301\
        62030000016a030000017201027a03040004820103000400920107d0e138a0e23c009a0103001f00a2010a000080e4cf90a7\
        859203
        """
    static let definition = """
        0d0b4c4c3b2a8f0108011207706c616e742d311880cb95b1a9859203220467772d312a095765726b2053c3bc64320c417369\
        612f4b6f6c6b61746140e0dc2a48ac02500f58a0f8fa05620f0a056561726c7910e80218c806201f6a040a0257316a150a03\
        57c3a912001a0648616c6c203222043230323072180a025331120550726573731a0648616c6c2032220141280272040a0253\
        32
        """
    static let clockSetBack = """
        0db52453bec2012e08011080cb95b1a985920318c08687eafcce9503220467772d3128023210346130333938393435356236\
        65303464
        """
    static let all = [batch, definition, clockSetBack]
}
