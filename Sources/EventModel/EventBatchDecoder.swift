/// The byte ranges of the parts of an encoded `EventBatch`, and its scalar values.
private struct BatchLayout {
    var formatVersion: UInt64 = 0
    var siteID = 0..<0
    var createdAt: UInt64 = 0
    var definitionVersion: UInt64 = 0
    var gatewayID = 0..<0
    var idempotency: Range<Int>?
    var eventCount = 0
    var timeUnit: Int64 = 1
    var confidenceUnit: UInt32 = 1
    /// The columns by field number, starting with `eventTimes`; empty for omitted columns.
    var eventTimes = 0..<0
    var types = 0..<0
    var marks = 0..<0
    var workers = 0..<0
    var workstations = 0..<0
    var cameras = 0..<0
    var modelVersions = 0..<0
    var confidences = 0..<0
    var counts = 0..<0
    var firstSeen = 0..<0
}

extension BatchLayout {
    /// Locates the parts and decodes the ids.
    init(_ content: WireReader, ids: inout IDDictionary) throws(CodecError) {
        var reader = content
        var seen = SeenFields()
        ids.removeAll()
        while !reader.isAtEnd {
            if reader.isNext(tag: UInt8(BatchField.ids << 3 | 2)) {
                try ids.decodeRun(&reader)
                continue
            }
            guard let field = try reader.field() else { break }
            guard field.number <= BatchField.firstSeen else {
                try reader.skip(field)
                continue
            }
            try seen.insert(field)
            if field.number < BatchField.eventTimes {
                try take(field, from: &reader)
            } else {
                try takeColumn(field, from: &reader)
            }
        }
        try seen.require(BatchField.formatVersion, BatchField.siteID, at: content.offset)
        guard formatVersion == RecordCodec.formatVersion else { throw CodecError(.unknownFormat, at: content.offset) }
    }

    private mutating func take(_ field: WireField, from reader: inout WireReader) throws(CodecError) {
        switch field.number {
        case BatchField.formatVersion: formatVersion = try reader.varint(of: field)
        case BatchField.siteID: siteID = try reader.bytes(of: field)
        case BatchField.createdAt: createdAt = try reader.integer(of: field, maximum: Timestamp.latestBits)
        case BatchField.definitionVersion: definitionVersion = try reader.varint(of: field)
        case BatchField.gatewayID: gatewayID = try reader.bytes(of: field)
        case BatchField.idempotency: idempotency = try reader.bytes(of: field)
        case BatchField.eventCount:
            let count = try reader.varint(of: field)
            guard count <= UInt64(Limits.batchEventsMaximum) else { throw CodecError(.tooMany, at: field.offset) }
            eventCount = Int(count)
        case BatchField.timeUnit:
            let unit = try reader.varint(of: field)
            guard unit <= 1 || unit == 1000 || unit == 1_000_000 else {
                throw CodecError(.valueOutOfRange, at: field.offset)
            }
            timeUnit = max(Int64(unit), 1)
        default:
            // An id with the wrong wire type, or an overlong tag.
            throw CodecError(.wrongWireType, at: field.offset)
        }
    }

    private mutating func takeColumn(_ field: WireField, from reader: inout WireReader) throws(CodecError) {
        if field.number == BatchField.confidenceUnit {
            let unit = try reader.varint(of: field)
            guard unit <= 1 || unit == 100 || unit == 10_000 else {
                throw CodecError(.valueOutOfRange, at: field.offset)
            }
            confidenceUnit = max(UInt32(unit), 1)
            return
        }
        let range = try reader.bytes(of: field)
        switch field.number {
        case BatchField.eventTimes: eventTimes = range
        case BatchField.types: types = range
        case BatchField.marks: marks = range
        case BatchField.workers: workers = range
        case BatchField.workstations: workstations = range
        case BatchField.cameras: cameras = range
        case BatchField.modelVersions: modelVersions = range
        case BatchField.confidences: confidences = range
        case BatchField.counts: counts = range
        default: firstSeen = range
        }
    }
}

extension Timestamp {
    /// The latest valid time as a varint value; negative times encode as larger values.
    static let latestBits = UInt64(latest.microseconds)
}

extension RecordCodec {
    static func decodeEvents(_ content: WireReader, into batch: inout EventBatch) throws(CodecError) {
        let layout = try BatchLayout(content, ids: &batch.ids)
        let idCount = batch.ids.count
        let columns = ColumnDecoder(content, count: layout.eventCount)
        try decodeHead(layout, content, into: &batch)
        try columns.decodeTimes(layout.eventTimes, unit: layout.timeUnit, into: &batch.times)
        try columns.decodeTypes(layout.types, into: &batch.types)
        try columns.decodeMarks(layout.marks, into: &batch.marks)
        // An index is below the number of ids; an index plus one is at most that number.
        try columns.decodeIndexes(layout.workers, below: idCount, into: &batch.workers)
        try columns.decodeIndexes(layout.workstations, below: idCount, into: &batch.workstations)
        try columns.decodeIndexes(layout.cameras, below: idCount + 1, into: &batch.cameras)
        try columns.decodeIndexes(layout.modelVersions, below: idCount + 1, into: &batch.modelVersions)
        try columns.decodeConfidences(layout.confidences, unit: layout.confidenceUnit, into: &batch.confidences)
        try columns.decodeCounts(layout.counts, types: batch.types, into: &batch.counts)
        try columns.decodeFirstSeen(layout.firstSeen, into: &batch.firstSeen)
    }

    private static func decodeHead(
        _ layout: BatchLayout, _ content: WireReader, into batch: inout EventBatch
    ) throws(CodecError) {
        let siteID = unsafe content.buffer(layout.siteID)
        guard unsafe IdentifierRules.isSiteID(siteID)
        else { throw CodecError(.invalidIdentifier, at: layout.siteID.lowerBound) }
        if unsafe !batch.siteID.bytes.elementsEqual(siteID) {
            batch.siteID = SiteID(bytes: content.copy(layout.siteID))
        }
        batch.createdAt = Timestamp(microseconds: Int64(layout.createdAt))
        batch.definitionVersion = layout.definitionVersion
        content.update(&batch.gatewayID, from: layout.gatewayID)
        batch.idempotency = nil
        guard let range = layout.idempotency else { return }
        batch.idempotency = try decodeIdempotency(content.reader(of: range))
    }

    private static func decodeIdempotency(_ content: WireReader) throws(CodecError) -> Idempotency {
        var reader = content
        var seen = SeenFields()
        var result = Idempotency(apiKeyID: [], path: [], key: [], bodyHash: [], verdicts: VerdictRuns([]))
        while let field = try reader.field() {
            guard IdempotencyField.all.contains(field.number) else {
                try reader.skip(field)
                continue
            }
            try seen.insert(field)
            let bytes = try reader.bytes(of: field)
            switch field.number {
            case IdempotencyField.apiKeyID: result.apiKeyID = reader.copy(bytes)
            case IdempotencyField.path: result.path = reader.copy(bytes)
            case IdempotencyField.key: result.key = reader.copy(bytes)
            case IdempotencyField.bodyHash: result.bodyHash = reader.copy(bytes)
            default: result.verdicts = try decodeVerdicts(reader.reader(of: bytes))
            }
        }
        return result
    }

    private static func decodeVerdicts(_ column: WireReader) throws(CodecError) -> VerdictRuns {
        var reader = column
        var runs: [UInt32] = []
        while !reader.isAtEnd {
            guard runs.count < Limits.batchEventsMaximum, let run = UInt32(exactly: try reader.varint())
            else { throw CodecError(.valueOutOfRange, at: reader.offset) }
            runs.append(run)
        }
        guard let verdicts = VerdictRuns(runs: runs) else { throw CodecError(.valueOutOfRange, at: column.offset) }
        return verdicts
    }
}
