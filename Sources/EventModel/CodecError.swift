/// Why bytes are not a record that this version can read.
///
/// Whoever reads a log stops at it: a record that cannot be read is a gap that nothing explains (SPEC 7.4).
public struct CodecError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes end inside a field.
        case truncated
        /// A varint of more than 64 bits, or one longer than it has to be.
        case overlongVarint
        /// Field number 0, a group, or a wire type that the field does not have.
        case wrongWireType
        /// A field that may stand once stands twice, or a record has two contents.
        case repeatedField
        /// Without this field the record says nothing.
        case missingField
        /// CRC-32C and content disagree.
        case wrongChecksum
        /// A later format: update this program.
        case unknownFormat
        /// A column has neither no, nor one, nor a value for each event, or its bytes do not end with its last value.
        case wrongColumnLength
        /// More events than ``Limits/batchEventsMaximum``, ids than ``RecordCodec/idsMaximum``, or entries of a definition
        /// than ``Limits/definitionEntriesMaximum``.
        case tooMany
        /// More bytes than ``Limits/recordBytesMaximum``.
        case tooLong
        /// An id that the batch's dictionary does not have.
        case indexOutOfRange
        /// A time, type, mark, confidence, count or other number that no admitted event or definition has.
        case valueOutOfRange
        /// An id or site id against SPEC 1 or 2.1.
        case invalidIdentifier
        /// Text that is not UTF-8.
        case invalidText
    }

    public var code: Code
    /// Where in the record, in bytes: the field, or the column, that is wrong.
    public var offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension CodecError: CustomStringConvertible {
    public var description: String { "\(code.rawValue) at byte \(offset)" }
}
