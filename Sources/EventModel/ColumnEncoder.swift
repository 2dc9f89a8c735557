/// Writes the columns of a batch: one scan for what all values have in common, then the shortest form.
extension [UInt8] {
    /// Appends a column: omitted when all values are 0, a single value when all are equal.
    @inline(__always)
    mutating func appendColumn(_ number: Int, count: Int, _ value: (Int) -> UInt32) {
        guard count > 0 else { return }
        let first = value(0)
        var different: UInt32 = 0
        var all: UInt32 = 0
        for index in 0..<count {
            let next = value(index)
            different |= next ^ first
            all |= next
        }
        if all == 0 { return }
        if different == 0 {
            let message = openMessage(number)
            appendVarint(UInt64(first))
            closeMessage(message)
        } else if all < 0x80 {
            appendTag(number, wireType: 2)
            appendVarint(UInt64(count))
            append(atMost: count) { writer in
                for index in 0..<count { writer.put(UInt8(truncatingIfNeeded: value(index))) }
            }
        } else {
            appendVarints(number, count: count, bytesPerValue: 5) { UInt64(value($0)) }
        }
    }

    /// Like ``appendColumn(_:count:_:)``, for 64-bit values, which are almost always 0.
    mutating func appendWideColumn(_ number: Int, _ values: Span<Int64>) {
        guard values.count > 0 else { return }
        var different: Int64 = 0
        for index in values.indices { different |= values[index] ^ values[0] }
        if different == 0, values[0] == 0 { return }
        appendVarints(number, count: different == 0 ? 1 : values.count, bytesPerValue: 10) {
            UInt64(bitPattern: values[$0])
        }
    }

    /// Appends times as differences in units, the first one relative to 1970; zigzag-encoded.
    @inline(__always)
    mutating func appendSteps(_ number: Int, count: Int, _ time: (Int) -> Int64) {
        var previous: Int64 = 0
        appendVarints(number, count: count, bytesPerValue: 10) { index in
            let next = time(index)
            let step = next &- previous
            previous = next
            return UInt64(bitPattern: step &<< 1 ^ step &>> 63)
        }
    }

    @inline(__always)
    private mutating func appendVarints(_ number: Int, count: Int, bytesPerValue: Int, _ value: (Int) -> UInt64) {
        let message = openMessage(number)
        append(atMost: count * bytesPerValue) { writer in
            for index in 0..<count { writer.putVarint(value(index)) }
        }
        closeMessage(message)
    }

    /// Appends the ids in sequence, one field each.
    mutating func appendIDs(_ number: Int, _ ids: borrowing IDDictionary) {
        let all = ids.storage.span
        let ends = ids.ends.span
        let tag = UInt8(number << 3 | 2)
        append(atMost: all.count + ends.count * 6) { writer in
            var start = 0
            for index in ends.indices {
                let end = Int(ends[index])
                writer.put(tag)
                writer.putVarint(UInt64(end - start))
                writer.put(all.extracting(start..<end))
                start = end
            }
        }
    }
}
