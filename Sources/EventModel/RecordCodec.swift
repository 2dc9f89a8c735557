internal import CChecksum

/// The log's records as bytes: Protobuf by `Schemas/andon/v1/event_batch.proto`, written by hand because reading them
/// is what a replay does most (DESIGN 1.4).
///
/// ```
/// Record = CRC-32C | content: EventBatch or SiteDefinition
/// ```
/// Fields that a later version adds are skipped; a later format is an error.
public enum RecordCodec {
    /// What a record turned out to be.
    public enum Kind: Sendable, Equatable {
        /// The batch that was passed in holds the events.
        case events
        case definition(DefinitionRecord)
    }

    /// Ids in one record: four for each of the most events.
    public static let idsMaximum = 4 * Limits.batchEventsMaximum

    /// The version that is written, and the newest that is read, of either content.
    static let formatVersion: UInt64 = 1

    /// Appends one record with the batch's events.
    ///
    /// Requires columns of one length, of at most ``Limits/batchEventsMaximum`` events, with values as admission lets
    /// them through; counts of states are written as 0.
    public static func encode(_ batch: borrowing EventBatch, into bytes: inout [UInt8]) {
        let record = openRecord(EnvelopeField.eventBatch, in: &bytes)
        encodeContent(of: batch, into: &bytes)
        closeRecord(record, in: &bytes)
    }

    /// Appends one record with a site's definition.
    ///
    /// The log wants it ``SiteDefinition/withoutPersonalData``; whatever `definition` names is written. The result may be
    /// longer than ``Limits/recordBytesMaximum``: then it can't be read back, and the definition is to be refused.
    public static func encode(_ definition: DefinitionRecord, into bytes: inout [UInt8]) {
        let record = openRecord(EnvelopeField.siteDefinition, in: &bytes)
        encodeContent(of: definition, into: &bytes)
        closeRecord(record, in: &bytes)
    }

    /// Reads one record; its events go to `batch`, which keeps its memory, so that reading record after record of one
    /// site allocates nothing.
    ///
    /// After an error, or a definition, `batch` is empty; its `siteID`, `createdAt` and gateway then say nothing.
    /// - Throws: ``CodecError`` for everything that an encoder would not have written, whoever wrote it.
    @unsafe
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, into batch: inout EventBatch
    ) throws(CodecError) -> Kind {
        do throws(CodecError) {
            guard bytes.count <= Limits.recordBytesMaximum else { throw CodecError(.tooLong, at: 0) }
            let record = unsafe WireReader(bytes)
            let content = try envelope(record)
            if content.isDefinition {
                batch.removeAll()
                return .definition(try decodeDefinition(record.reader(of: content.range)))
            }
            try decodeEvents(record.reader(of: content.range), into: &batch)
            return .events
        } catch {
            batch.removeAll()
            throw error
        }
    }

    /// As ``decode(_:into:)-(UnsafeRawBufferPointer,_)``, for bytes in an array.
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
}

extension RecordCodec {
    /// Finds the content and checks its CRC.
    private static func envelope(
        _ record: WireReader
    ) throws(CodecError) -> (range: Range<Int>, isDefinition: Bool) {
        var reader = record
        var seen = SeenFields()
        var crc: UInt32 = 0
        var content: (range: Range<Int>, isDefinition: Bool)?
        while let field = try reader.field() {
            switch field.number {
            case EnvelopeField.crc32c:
                try seen.insert(field)
                crc = try reader.fixed32(of: field)
            case EnvelopeField.eventBatch, EnvelopeField.siteDefinition:
                guard content == nil else { throw CodecError(.repeatedField, at: field.offset) }
                content = (try reader.bytes(of: field), field.number == EnvelopeField.siteDefinition)
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

    /// The same, for tests; by table as on processors without the instruction.
    static func checksum(of bytes: [UInt8], byTable: Bool = false) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe byTable ? andon_crc32c_by_table(buffer.baseAddress, buffer.count) : checksum(buffer)
        }
    }

    /// Where the CRC of an unfinished record stands, and where its content starts.
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
