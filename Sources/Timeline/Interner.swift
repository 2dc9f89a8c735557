/// Assigns every distinct id a small permanent number, in order of first appearance.
///
/// An open-addressing table over one byte buffer; lookups allocate nothing. Hashing is seeded per process (`Hasher`),
/// so that clients cannot provoke collisions.
public struct Interner: Sendable {
    private var storage: [UInt8] = []
    private var ends: [UInt32] = []
    /// Number + 1; 0 is free. A power of two, at most half full.
    private var table: [UInt32] = Array(repeating: 0, count: 16)

    public init() {}

    public var count: Int { ends.count }

    /// The bytes of id `number`.
    public subscript(number: UInt32) -> ArraySlice<UInt8> { storage[range(Int(number))] }

    /// The number of `bytes[range]`; assigns one to a new id.
    mutating func intern(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        var slot = Interner.hash(bytes, range) & (table.count - 1)
        while table[slot] != 0 {
            let number = table[slot] - 1
            if equals(Int(number), bytes, range) { return number }
            slot = (slot + 1) & (table.count - 1)
        }
        let number = UInt32(ends.count)
        storage.append(contentsOf: bytes[range])
        ends.append(UInt32(storage.count))
        table[slot] = number + 1
        if ends.count * 2 > table.count { grow() }
        return number
    }

    mutating func intern(_ bytes: [UInt8]) -> UInt32 { intern(bytes, 0..<bytes.count) }

    /// The number of `bytes`; nil for an unknown id.
    public func number(of bytes: [UInt8]) -> UInt32? { number(of: bytes, 0..<bytes.count) }

    /// The number of `bytes[range]`; nil for an unknown id.
    func number(of bytes: [UInt8], _ range: Range<Int>) -> UInt32? {
        var slot = Interner.hash(bytes, range) & (table.count - 1)
        while table[slot] != 0 {
            let number = table[slot] - 1
            if equals(Int(number), bytes, range) { return number }
            slot = (slot + 1) & (table.count - 1)
        }
        return nil
    }

    private func range(_ number: Int) -> Range<Int> {
        (number == 0 ? 0 : Int(ends[number - 1]))..<Int(ends[number])
    }

    private func equals(_ number: Int, _ bytes: [UInt8], _ other: Range<Int>) -> Bool {
        let own = range(number)
        guard own.count == other.count else { return false }
        var left = own.lowerBound
        var right = other.lowerBound
        while left < own.upperBound {
            if storage[left] != bytes[right] { return false }
            left += 1
            right += 1
        }
        return true
    }

    private mutating func grow() {
        table = Array(repeating: 0, count: table.count * 2)
        for number in 0..<ends.count {
            var slot = Interner.hash(storage, range(number)) & (table.count - 1)
            while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = UInt32(number) + 1
        }
    }

    private static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        var hasher = Hasher()
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
        return hasher.finalize()
    }
}
