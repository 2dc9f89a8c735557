internal import CChecksum

/// Encodes and decodes log records: Protobuf by `Schemas/andon/v1/event_batch.proto`, hand-written because a replay
/// spends most of its time decoding them (DESIGN 1.4).
///
/// ```
/// Record = CRC-32C | content: EventBatch, SiteDefinition or ClockSetBack
/// ```
/// Skips fields that a later version added; rejects a later format.
public enum RecordCodec {
    /// What a record contains.
    public enum Kind: Sendable, Equatable {
        /// The batch that was passed in holds the events.
        case events
        case definition(DefinitionRecord)
        case clockSetBack(ClockSetBack)
    }

    /// Maximum number of ids in one record: four for each of the maximum number of events.
    public static let idsMaximum = 4 * Limits.batchEventsMaximum

    /// The version written, and the newest version read, for every kind of content.
    static let formatVersion: UInt64 = 1

    /// Appends one record with the batch's events.
    ///
    /// Requires columns of equal length, at most ``Limits/batchEventsMaximum`` events, and values that passed
    /// admission; counts of states are written as 0.
    public static func encode(_ batch: borrowing EventBatch, into bytes: inout [UInt8]) {
        let record = openRecord(EnvelopeField.eventBatch, in: &bytes)
        encodeContent(of: batch, into: &bytes)
        closeRecord(record, in: &bytes)
    }

    /// Appends one record with a site's definition.
    ///
    /// The log requires it ``SiteDefinition/withoutPersonalData``; this writes whatever `definition` names. If the
    /// result is longer than ``Limits/recordBytesMaximum``, it cannot be decoded and the caller must reject the
    /// definition.
    public static func encode(_ definition: DefinitionRecord, into bytes: inout [UInt8]) {
        let record = openRecord(EnvelopeField.siteDefinition, in: &bytes)
        encodeContent(of: definition, into: &bytes)
        closeRecord(record, in: &bytes)
    }

    /// Appends one record that says that time was set back.
    public static func encode(_ record: ClockSetBack, into bytes: inout [UInt8]) {
        let start = openRecord(EnvelopeField.clockSetBack, in: &bytes)
        encodeContent(of: record, into: &bytes)
        closeRecord(start, in: &bytes)
    }

    /// Decodes one record. Events go to `batch`, which keeps its memory, so decoding the records of one site in
    /// sequence allocates nothing.
    ///
    /// After an error or another kind, `batch` is empty, and its `siteID`, `createdAt` and gateway are meaningless.
    /// - Throws: ``CodecError`` for anything that the encoder would not have written.
    @unsafe
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, into batch: inout EventBatch
    ) throws(CodecError) -> Kind {
        do throws(CodecError) {
            guard bytes.count <= Limits.recordBytesMaximum else { throw CodecError(.tooLong, at: 0) }
            let record = unsafe WireReader(bytes)
            let content = try envelope(record)
            if content.field == EnvelopeField.eventBatch {
                try decodeEvents(record.reader(of: content.range), into: &batch)
                return .events
            }
            batch.removeAll()
            let reader = record.reader(of: content.range)
            return content.field == EnvelopeField.siteDefinition
                ? .definition(try decodeDefinition(reader)) : .clockSetBack(try decodeClockSetBack(reader))
        } catch {
            batch.removeAll()
            throw error
        }
    }

    /// The CRC-32C that a record states of its content; decoding compares it with the content, this does not. Together
    /// with created_at it tells one record from another.
    /// - Throws: ``CodecError`` when the bytes are not a record.
    @unsafe
    public static func statedChecksum(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> UInt32 {
        var reader = unsafe WireReader(bytes)
        while let field = try reader.field() {
            if field.number == EnvelopeField.crc32c { return try reader.fixed32(of: field) }
            try reader.skip(field)
        }
        throw CodecError(.missingField, at: 0)
    }

    /// Whether the record says that it is a definition; decoding says whether it is a sound one. For readers that look for
    /// definitions among many events, which this does not read.
    @unsafe
    public static func statesDefinition(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = unsafe WireReader(bytes)
        do throws(CodecError) {
            while let field = try reader.field() {
                if field.number == EnvelopeField.siteDefinition { return true }
                try reader.skip(field)
            }
        } catch {}
        return false
    }

    /// Like ``decode(_:into:)-(UnsafeRawBufferPointer,_)``, for an array.
    public static func decode(_ bytes: [UInt8], into batch: inout EventBatch) throws(CodecError) -> Kind {
        try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            try unsafe decode(UnsafeRawBufferPointer(buffer), into: &batch)
        }
    }
}

/// Field numbers of `Record`.
private enum EnvelopeField {
    static let crc32c = 1
    static let eventBatch = 2
    static let siteDefinition = 5
    static let clockSetBack = 24
}

extension RecordCodec {
    /// Locates the content and verifies its CRC.
    private static func envelope(
        _ record: WireReader
    ) throws(CodecError) -> (range: Range<Int>, field: Int) {
        var reader = record
        var seen = SeenFields()
        var crc: UInt32 = 0
        var content: (range: Range<Int>, field: Int)?
        while let field = try reader.field() {
            switch field.number {
            case EnvelopeField.crc32c:
                try seen.insert(field)
                crc = try reader.fixed32(of: field)
            case EnvelopeField.eventBatch, EnvelopeField.siteDefinition, EnvelopeField.clockSetBack:
                guard content == nil else { throw CodecError(.repeatedField, at: field.offset) }
                content = (try reader.bytes(of: field), field.number)
            default: try reader.skip(field)
            }
        }
        try seen.require(EnvelopeField.crc32c, at: 0)
        guard let content else { throw CodecError(.missingField, at: 0) }
        guard unsafe checksum(record.buffer(content.range)) == crc else { throw CodecError(.wrongChecksum, at: 0) }
        return content
    }

    /// CRC-32C (Castagnoli).
    @unsafe
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe CRC32C.checksum(bytes)
    }

    /// CRC-32C for tests; `byTable` selects the fallback for processors without the instruction.
    static func checksum(of bytes: [UInt8], byTable: Bool = false) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe byTable ? andon_crc32c_by_table(buffer.baseAddress, buffer.count) : checksum(buffer)
        }
    }

    /// Where the CRC of an unfinished record goes, and where its content starts.
    private struct OpenRecord {
        let crcStart: Int
        let content: WireMessageStart
    }

    private static func openRecord(_ field: Int, in bytes: inout [UInt8]) -> OpenRecord {
        bytes.appendTag(EnvelopeField.crc32c, wireType: 5)
        let crcStart = bytes.count
        for _ in 0..<4 { bytes.append(0) }
        return OpenRecord(crcStart: crcStart, content: bytes.openMessage(field))
    }

    private static func closeRecord(_ record: OpenRecord, in bytes: inout [UInt8]) {
        let contentStart = record.content.offset
        let crc = unsafe bytes.withUnsafeBytes { buffer in
            unsafe checksum(UnsafeRawBufferPointer(rebasing: buffer[contentStart...]))
        }
        for place in 0..<4 {
            bytes[record.crcStart + place] = UInt8(truncatingIfNeeded: crc >> (8 * UInt32(place)))
        }
        bytes.closeMessage(record.content)
    }
}
