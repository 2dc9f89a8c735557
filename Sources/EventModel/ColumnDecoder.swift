/// Decodes the columns of one batch into arrays and reuses their memory.
///
/// Each column is validated as a whole: the loop writes all values and sets a flag, which is checked at the end. This
/// keeps early exits out of the loop.
struct ColumnDecoder {
    private let content: WireReader
    /// Events of the batch.
    private let count: Int

    init(_ content: WireReader, count: Int) {
        self.content = content
        self.count = count
    }

    /// Decodes times stored as differences in units of `unit`; the first one is relative to 1970.
    func decodeTimes(_ range: Range<Int>, unit: Int64, into times: inout [Int64]) throws(CodecError) {
        guard range.isEmpty == (count == 0) else { throw CodecError(.wrongColumnLength, at: range.lowerBound) }
        times.resize(to: count, filler: 0)
        let latest = UInt64(Timestamp.latest.microseconds / unit)
        var cursor = content.cursor(range)
        var isOut = false
        unsafe times.withUnsafeMutableBufferPointer { times in
            var time: Int64 = 0
            for index in 0..<count {
                let bits = cursor.next()
                // On overflow this wraps to a negative number at worst, which is out of range too: `time` is valid or
                // already rejected.
                time &+= Int64(bitPattern: bits &>> 1) ^ -Int64(bitPattern: bits & 1)
                isOut = isOut || UInt64(bitPattern: time) > latest
                unsafe times[index] = time &* unit
            }
        }
        try check(cursor, range, isOut: isOut)
    }

    func decodeTypes(_ range: Range<Int>, into types: inout [EventType]) throws(CodecError) {
        let bytes = try enumBytes(range, below: UInt8(EventType.allCases.count))
        types.resize(to: count, filler: .absent)
        unsafe types.withUnsafeMutableBytes { unsafe copy(bytes, to: $0) }
    }

    func decodeMarks(_ range: Range<Int>, into marks: inout [Mark]) throws(CodecError) {
        let bytes = try enumBytes(range, below: UInt8(Mark.allCases.count))
        marks.resize(to: count, filler: .accepted)
        unsafe marks.withUnsafeMutableBytes { unsafe copy(bytes, to: $0) }
    }

    func decodeIndexes(_ range: Range<Int>, below limit: Int, into indexes: inout [UInt32]) throws(CodecError) {
        guard count == 0 || limit > 0 else { throw CodecError(.indexOutOfRange, at: content.offset) }
        try decodeIntegers(range, maximum: UInt32(max(limit, 1) - 1), error: .indexOutOfRange, into: &indexes)
    }

    func decodeConfidences(_ range: Range<Int>, unit: UInt32, into values: inout [UInt32]) throws(CodecError) {
        let maximum = Confidence.one.partsPerMillion / unit
        try decodeIntegers(range, maximum: maximum, error: .valueOutOfRange, into: &values)
        guard unit > 1 else { return }
        unsafe values.withUnsafeMutableBufferPointer { values in
            for index in values.indices { unsafe values[index] &*= unit }
        }
    }

    /// Decodes counts. 0 means 1 for a `product_count`; a state must have 0.
    func decodeCounts(_ range: Range<Int>, types: [EventType], into counts: inout [UInt32]) throws(CodecError) {
        try decodeIntegers(range, maximum: Limits.countMaximum, error: .valueOutOfRange, into: &counts)
        var stateHasUnits = false
        unsafe counts.withUnsafeMutableBufferPointer { counts in
            for index in 0..<count {
                let isState = types[index].isState
                let units = unsafe counts[index]
                stateHasUnits = stateHasUnits || (isState && units != 0)
                unsafe counts[index] = isState ? 0 : max(units, 1)
            }
        }
        if stateHasUnits { throw CodecError(.valueOutOfRange, at: range.lowerBound) }
    }

    func decodeFirstSeen(_ range: Range<Int>, into times: inout [Int64]) throws(CodecError) {
        times.resize(to: count, filler: 0)
        guard !range.isEmpty else { return times.fill(with: 0) }
        guard count > 0 else { throw CodecError(.wrongColumnLength, at: range.lowerBound) }
        if let value = try single(range) {
            guard value <= Timestamp.latestBits else { throw CodecError(.valueOutOfRange, at: range.lowerBound) }
            return times.fill(with: Int64(value))
        }
        var cursor = content.cursor(range)
        var isOut = false
        for index in 0..<count {
            let value = cursor.next()
            isOut = isOut || value > Timestamp.latestBits
            times[index] = Int64(bitPattern: value)
        }
        try check(cursor, range, isOut: isOut)
    }

    private func check(_ cursor: VarintCursor, _ range: Range<Int>, isOut: Bool) throws(CodecError) {
        guard cursor.offset == range.upperBound else { throw CodecError(.wrongColumnLength, at: range.lowerBound) }
        if cursor.isBroken { throw CodecError(.overlongVarint, at: range.lowerBound) }
        if isOut { throw CodecError(.valueOutOfRange, at: range.lowerBound) }
    }
}

extension ColumnDecoder {
    /// The value of a single-value column; nil for columns with more values.
    @inline(__always)
    private func single(_ range: Range<Int>) throws(CodecError) -> UInt64? {
        guard range.count <= 10 else { return nil }
        var reader = content.reader(of: range)
        let value = try reader.varint()
        return reader.isAtEnd ? value : nil
    }

    private func decodeIntegers(
        _ range: Range<Int>, maximum: UInt32, error: CodecError.Code, into values: inout [UInt32]
    ) throws(CodecError) {
        values.resize(to: count, filler: 0)
        guard !range.isEmpty else { return values.fill(with: 0) }
        guard count > 0 else { throw CodecError(.wrongColumnLength, at: range.lowerBound) }
        if let value = try single(range) {
            guard value <= UInt64(maximum) else { throw CodecError(error, at: range.lowerBound) }
            return values.fill(with: UInt32(value))
        }
        if range.count == count {
            // As many bytes as values, so every value is one byte. The compiler vectorizes this loop.
            let bytes = unsafe content.buffer(range)
            var largest: UInt8 = 0
            unsafe values.withUnsafeMutableBufferPointer { values in
                for index in 0..<count {
                    let byte = unsafe bytes[index]
                    largest = max(largest, byte)
                    unsafe values[index] = UInt32(byte)
                }
            }
            guard largest < 0x80 else { throw CodecError(.wrongColumnLength, at: range.lowerBound) }
            guard UInt32(largest) <= maximum else { throw CodecError(error, at: range.lowerBound) }
            return
        }
        var cursor = content.cursor(range)
        var largest: UInt64 = 0
        unsafe values.withUnsafeMutableBufferPointer { values in
            for index in 0..<count {
                let value = cursor.next()
                largest = max(largest, value)
                unsafe values[index] = UInt32(truncatingIfNeeded: value)
            }
        }
        try check(cursor, range, isOut: false)
        guard largest <= UInt64(maximum) else { throw CodecError(error, at: range.lowerBound) }
    }

    /// The bytes of a column of raw values: one byte each, all below `limit`.
    private func enumBytes(_ range: Range<Int>, below limit: UInt8) throws(CodecError) -> Range<Int> {
        guard range.count == count || range.count <= min(count, 1)
        else { throw CodecError(.wrongColumnLength, at: range.lowerBound) }
        let bytes = unsafe content.buffer(range)
        var largest: UInt8 = 0
        for index in 0..<range.count { largest = max(largest, unsafe bytes[index]) }
        guard largest < limit else { throw CodecError(.valueOutOfRange, at: range.lowerBound) }
        return range
    }

    /// Fills an array of enums from validated raw values, relying on their memory representation. The tests verify this
    /// for every case of both enums.
    @unsafe
    private func copy(_ range: Range<Int>, to values: UnsafeMutableRawBufferPointer) {
        let bytes = unsafe content.buffer(range)
        if range.count == count {
            unsafe values.copyMemory(from: bytes)
        } else {
            unsafe values.initializeMemory(as: UInt8.self, repeating: bytes.first ?? 0)
        }
    }
}

extension Array {
    /// Resizes the array to `size`; the caller must overwrite its contents.
    @inline(__always)
    mutating func resize(to size: Int, filler: Element) {
        if count < size {
            append(contentsOf: repeatElement(filler, count: size - count))
        } else if count > size {
            removeLast(count - size)
        }
    }

    mutating func fill(with value: Element) {
        unsafe withUnsafeMutableBufferPointer { unsafe $0.update(repeating: value) }
    }
}
