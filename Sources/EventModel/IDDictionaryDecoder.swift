extension IDDictionary {
    /// Decodes a run of consecutive ids, starting at the reader's position.
    ///
    /// Their number is only known at the end of the run. So this first reserves room for as many ids as the rest of the
    /// message could hold, and returns the surplus afterwards. It does so only for the first run: a message that mixes
    /// ids with other fields could otherwise trigger the reservation again and again.
    mutating func decodeRun(_ reader: inout WireReader) throws(CodecError) {
        guard count == 0 else { return try decodeOne(&reader) }
        let room = reader.end - reader.offset
        storage.resize(to: room, filler: 0)
        ends.resize(to: min(room / 3 + 1, RecordCodec.idsMaximum), filler: 0)
        let written = try unsafe storage.withUnsafeMutableBufferPointer { (storage) throws(CodecError) in
            try unsafe ends.withUnsafeMutableBufferPointer { (ends) throws(CodecError) in
                try unsafe IDDictionary.copyRun(&reader, storage, ends)
            }
        }
        storage.resize(to: written.bytes, filler: 0)
        ends.resize(to: written.count, filler: 0)
    }

    @unsafe
    private static func copyRun(
        _ reader: inout WireReader, _ storage: UnsafeMutableBufferPointer<UInt8>,
        _ ends: UnsafeMutableBufferPointer<UInt32>
    ) throws(CodecError) -> (bytes: Int, count: Int) {
        let target = UnsafeMutableRawBufferPointer(storage)
        var end = 0
        var count = 0
        while let range = try reader.shortBytes(afterTag: UInt8(BatchField.ids << 3 | 2)) {
            let id = unsafe reader.buffer(range)
            guard unsafe IdentifierRules.isIdentifier(id)
            else { throw CodecError(.invalidIdentifier, at: range.lowerBound) }
            guard count < ends.count else { throw CodecError(.tooMany, at: range.lowerBound) }
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[end...]).copyMemory(from: id)
            end += range.count
            unsafe ends[count] = UInt32(truncatingIfNeeded: end)
            count += 1
        }
        return (end, count)
    }

    private mutating func decodeOne(_ reader: inout WireReader) throws(CodecError) {
        guard let range = try reader.shortBytes(afterTag: UInt8(BatchField.ids << 3 | 2)) else { return }
        let id = unsafe reader.buffer(range)
        guard unsafe IdentifierRules.isIdentifier(id)
        else { throw CodecError(.invalidIdentifier, at: range.lowerBound) }
        guard count < RecordCodec.idsMaximum else { throw CodecError(.tooMany, at: range.lowerBound) }
        _ = unsafe append(id)
    }
}
