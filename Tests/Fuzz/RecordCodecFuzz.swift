// libFuzzer's entry for everything in EventModel that reads bytes from outside. `Deploy/fuzz` compiles it into one module
// with EventModel's sources.
//
// The first byte says what the rest is: a whole record, the content of one (which then gets a right CRC, so that the
// fuzzer comes behind it), or the text of a time, a number or an id.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecordCodec(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let start = unsafe start, count > 0 else { return 0 }
    let rest = unsafe Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch unsafe start[0] % 5 {
    case 0: readRecord(rest)
    case 1: readRecord(record(content: rest, tag: [0x12]))
    case 2: readRecord(record(content: rest, tag: [0x2a]))
    case 3: readRecord(record(content: rest, tag: [0xc2, 0x01]))
    default: readText(rest)
    }
    return 0
}

private func record(content: [UInt8], tag: [UInt8]) -> [UInt8] {
    let crc = RecordCodec.checksum(of: content)
    var record: [UInt8] = [0x0d] + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
    record += tag
    record.appendVarint(UInt64(content.count))
    return record + content
}

/// Whatever is read must come back when it is written and read again.
private func readRecord(_ bytes: [UInt8]) {
    var batch = EventBatch(siteID: "before")
    var again = EventBatch(siteID: "again")
    var written: [UInt8] = []
    let statesDefinition = unsafe bytes.withUnsafeBytes { unsafe RecordCodec.statesDefinition($0) }
    do {
        switch try RecordCodec.decode(bytes, into: &batch) {
        case .events:
            precondition(!statesDefinition)
            RecordCodec.encode(batch, into: &written)
            let kind = try RecordCodec.decode(written, into: &again)
            precondition(kind == .events && again == batch)
        case .definition(let definition):
            precondition(statesDefinition)
            RecordCodec.encode(definition, into: &written)
            let kind = try RecordCodec.decode(written, into: &again)
            precondition(kind == .definition(definition))
        case .clockSetBack(let clock):
            precondition(!statesDefinition)
            RecordCodec.encode(clock, into: &written)
            let kind = try RecordCodec.decode(written, into: &again)
            precondition(kind == .clockSetBack(clock))
        }
    } catch {
        precondition(written.isEmpty, "what was written could not be read: \(error)")
        precondition(batch.count == 0 && batch.ids.count == 0)
    }
}

private func readText(_ bytes: [UInt8]) {
    if let time = Timestamp(rfc3339: bytes.span) {
        precondition(Timestamp(rfc3339: time.formatted) == time)
        let month = Timestamp.utcMonthBounds(ofMicroseconds: time.microseconds)
        precondition(month.start <= time.microseconds && time.microseconds < month.end)
    }
    if case .valid(let confidence) = Confidence.read(decimal: bytes.span) { precondition(confidence <= .one) }
    if case .valid(let count) = UnitCount.read(decimal: bytes.span) { precondition(count <= Limits.countMaximum) }
    if IdentifierRules.isIdentifier(bytes.span) {
        precondition(Array(String(decoding: bytes, as: UTF8.self).utf8) == bytes)
    }
    if IdentifierRules.isSiteID(bytes.span) { precondition(IdentifierRules.isIdentifier(bytes.span)) }
}
