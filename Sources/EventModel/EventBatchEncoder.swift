/// Field numbers of `EventBatch`.
enum BatchField {
    static let formatVersion = 1
    static let siteID = 2
    static let createdAt = 3
    static let definitionVersion = 4
    static let gatewayID = 5
    static let idempotency = 6
    static let ids = 7
    static let eventCount = 8
    static let timeUnit = 9
    static let eventTimes = 10
    static let types = 11
    static let marks = 12
    static let workers = 13
    static let workstations = 14
    static let cameras = 15
    static let modelVersions = 16
    static let confidenceUnit = 17
    static let confidences = 18
    static let counts = 19
    static let firstSeen = 20
}

/// Field numbers of `Idempotency`.
enum IdempotencyField {
    static let apiKeyID = 1
    static let path = 2
    static let key = 3
    static let bodyHash = 4
    // 5 and 6 held status and JSON of the answer; nothing writes or reads them any more.
    static let verdicts = 7
    static let all = [apiKeyID, path, key, bodyHash, verdicts]
}

extension RecordCodec {
    static func encodeContent(of batch: borrowing EventBatch, into bytes: inout [UInt8]) {
        let count = batch.count
        precondition(count <= Limits.batchEventsMaximum, "more events than a record may have")
        precondition(batch.hasEvenColumns, "columns of different lengths")
        bytes.appendField(BatchField.formatVersion, varint: formatVersion)
        bytes.appendField(BatchField.siteID, bytes: batch.siteID.bytes)
        bytes.appendField(BatchField.createdAt, int64: batch.createdAt.microseconds)
        bytes.appendField(BatchField.definitionVersion, varint: batch.definitionVersion)
        bytes.appendField(BatchField.gatewayID, bytes: batch.gatewayID)
        if let idempotency = batch.idempotency { encode(idempotency, into: &bytes) }
        bytes.appendIDs(BatchField.ids, batch.ids)
        bytes.appendField(BatchField.eventCount, varint: UInt64(count))
        encodeTimes(batch.times.span, into: &bytes)
        let types = batch.types.span
        let marks = batch.marks.span
        bytes.appendColumn(BatchField.types, count: count) { UInt32(types[$0].rawValue) }
        bytes.appendColumn(BatchField.marks, count: count) { UInt32(marks[$0].rawValue) }
        encode(BatchField.workers, batch.workers.span, into: &bytes)
        encode(BatchField.workstations, batch.workstations.span, into: &bytes)
        encode(BatchField.cameras, batch.cameras.span, into: &bytes)
        encode(BatchField.modelVersions, batch.modelVersions.span, into: &bytes)
        encodeConfidences(batch.confidences.span, into: &bytes)
        let counts = batch.counts.span
        bytes.appendColumn(BatchField.counts, count: count) { index in
            // 0 encodes the default: one unit, or a state.
            types[index].isState || counts[index] == 1 ? 0 : counts[index]
        }
        bytes.appendWideColumn(BatchField.firstSeen, batch.firstSeen.span)
    }

    private static func encode(_ number: Int, _ column: Span<UInt32>, into bytes: inout [UInt8]) {
        bytes.appendColumn(number, count: column.count) { column[$0] }
    }

    private static func encode(_ idempotency: Idempotency, into bytes: inout [UInt8]) {
        let message = bytes.openMessage(BatchField.idempotency)
        bytes.appendField(IdempotencyField.apiKeyID, bytes: idempotency.apiKeyID)
        bytes.appendField(IdempotencyField.path, bytes: idempotency.path)
        bytes.appendField(IdempotencyField.key, bytes: idempotency.key)
        bytes.appendField(IdempotencyField.bodyHash, bytes: idempotency.bodyHash)
        if !idempotency.verdicts.runs.isEmpty { encode(idempotency.verdicts, into: &bytes) }
        bytes.closeMessage(message)
    }

    private static func encode(_ verdicts: VerdictRuns, into bytes: inout [UInt8]) {
        let column = bytes.openMessage(IdempotencyField.verdicts)
        for run in verdicts.runs { bytes.appendVarint(UInt64(run)) }
        bytes.closeMessage(column)
    }

    /// Encodes times in the largest unit that loses nothing. The units below are constants, so there is no division.
    private static func encodeTimes(_ times: Span<Int64>, into bytes: inout [UInt8]) {
        guard times.count > 0 else { return }
        if times.indices.allSatisfy({ times[$0] % 1_000_000 == 0 }) {
            bytes.appendField(BatchField.timeUnit, varint: 1_000_000)
            bytes.appendSteps(BatchField.eventTimes, count: times.count) { times[$0] / 1_000_000 }
        } else if times.indices.allSatisfy({ times[$0] % 1000 == 0 }) {
            bytes.appendField(BatchField.timeUnit, varint: 1000)
            bytes.appendSteps(BatchField.eventTimes, count: times.count) { times[$0] / 1000 }
        } else {
            bytes.appendSteps(BatchField.eventTimes, count: times.count) { times[$0] }
        }
    }

    /// Encodes confidences in the largest unit that loses nothing: cameras report few digits.
    private static func encodeConfidences(_ values: Span<UInt32>, into bytes: inout [UInt8]) {
        if values.indices.allSatisfy({ values[$0] % 10_000 == 0 }) {
            bytes.appendField(BatchField.confidenceUnit, varint: values.count > 0 ? 10_000 : 0)
            bytes.appendColumn(BatchField.confidences, count: values.count) { values[$0] / 10_000 }
        } else if values.indices.allSatisfy({ values[$0] % 100 == 0 }) {
            bytes.appendField(BatchField.confidenceUnit, varint: 100)
            bytes.appendColumn(BatchField.confidences, count: values.count) { values[$0] / 100 }
        } else {
            encode(BatchField.confidences, values, into: &bytes)
        }
    }
}

extension EventBatch {
    /// Whether every column has one value per event.
    var hasEvenColumns: Bool {
        types.count == count && marks.count == count && workers.count == count && workstations.count == count
            && cameras.count == count && modelVersions.count == count && confidences.count == count
            && counts.count == count && firstSeen.count == count
    }
}
