/// Why this version cannot read the bytes as a record.
///
/// Readers of a log stop here: skipping an unreadable record would leave an unexplained gap (SPEC 7.4).
public struct CodecError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes end inside a field.
        case truncated
        /// A varint of more than 64 bits, or one with redundant bytes.
        case overlongVarint
        /// Field number 0, a group, or the wrong wire type for the field.
        case wrongWireType
        /// A singular field occurs twice, or a record has two contents.
        case repeatedField
        /// A required field is missing.
        case missingField
        /// CRC-32C and content disagree.
        case wrongChecksum
        /// A later format: update this program.
        case unknownFormat
        /// The length of a column is not 0, 1 or one value per event, or its bytes do not end with its last value.
        case wrongColumnLength
        /// More events than ``Limits/batchEventsMaximum``, ids than ``RecordCodec/idsMaximum``, or entries of a
        /// definition than ``Limits/definitionEntriesMaximum``.
        case tooMany
        /// More bytes than ``Limits/recordBytesMaximum``.
        case tooLong
        /// An index outside the batch's id dictionary.
        case indexOutOfRange
        /// A time, type, mark, confidence, count or other number that no admitted event or definition can have.
        case valueOutOfRange
        /// An id or site id that violates SPEC 1 or 2.1.
        case invalidIdentifier
        /// Text that is not UTF-8.
        case invalidText
    }

    public var code: Code
    /// Byte offset in the record of the field or column that is wrong.
    public var offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension CodecError: CustomStringConvertible {
    public var description: String { "\(code.rawValue) at byte \(offset)" }
}
