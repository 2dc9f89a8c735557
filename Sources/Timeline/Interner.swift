/// Gives every distinct id a small number, in the order of first appearance, for good.
///
/// An open-addressing table over one buffer of bytes: looking an id up allocates nothing. Hashing is seeded per process
/// (`Hasher`), so that nobody can send ids that collide.
public struct Interner: Sendable {
    private var storage: [UInt8] = []
    private var ends: [Int] = []
    /// Number + 1; 0 is free. A power of two, at most half full.
    private var table: [UInt32] = Array(repeating: 0, count: 16)

    public init() {}

    public var count: Int { ends.count }

    /// The bytes of id `number`.
    public subscript(number: UInt32) -> ArraySlice<UInt8> { storage[range(Int(number))] }

    /// The number of `bytes[range]`, new or not.
    mutating func intern(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        var slot = Interner.hash(bytes, range) & (table.count - 1)
        while table[slot] != 0 {
            let number = table[slot] - 1
            if equals(Int(number), bytes, range) { return number }
            slot = (slot + 1) & (table.count - 1)
        }
        let number = UInt32(ends.count)
        storage.append(contentsOf: bytes[range])
        ends.append(storage.count)
        table[slot] = number + 1
        if ends.count * 2 > table.count { grow() }
        return number
    }

    mutating func intern(_ bytes: [UInt8]) -> UInt32 { intern(bytes, 0..<bytes.count) }

    /// The number of `bytes`, or nil when they were never seen.
    public func number(of bytes: [UInt8]) -> UInt32? {
        var slot = Interner.hash(bytes, 0..<bytes.count) & (table.count - 1)
        while table[slot] != 0 {
            let number = table[slot] - 1
            if equals(Int(number), bytes, 0..<bytes.count) { return number }
            slot = (slot + 1) & (table.count - 1)
        }
        return nil
    }

    private func range(_ number: Int) -> Range<Int> { (number == 0 ? 0 : ends[number - 1])..<ends[number] }

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

/// Numbers the combinations of station, camera and model version that samples come from.
public struct SourceTable: Sendable {
    /// Camera and model version are numbers of ``SiteFold/names`` plus one; 0 = none named.
    public struct Source: Sendable, Hashable {
        public var station: UInt32
        public var camera: UInt32
        public var modelVersion: UInt32

        public init(station: UInt32, camera: UInt32, modelVersion: UInt32) {
            self.station = station
            self.camera = camera
            self.modelVersion = modelVersion
        }
    }

    public private(set) var sources: [Source] = []
    private var table: [UInt32] = Array(repeating: 0, count: 16)

    public var count: Int { sources.count }

    public subscript(number: UInt32) -> Source { sources[Int(number)] }

    mutating func intern(_ source: Source) -> UInt32 {
        var slot = SourceTable.hash(source) & (table.count - 1)
        while table[slot] != 0 {
            if sources[Int(table[slot] - 1)] == source { return table[slot] - 1 }
            slot = (slot + 1) & (table.count - 1)
        }
        sources.append(source)
        table[slot] = UInt32(sources.count)
        if sources.count * 2 > table.count { grow() }
        return UInt32(sources.count - 1)
    }

    private mutating func grow() {
        table = Array(repeating: 0, count: table.count * 2)
        for number in 0..<sources.count {
            var slot = SourceTable.hash(sources[number]) & (table.count - 1)
            while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = UInt32(number) + 1
        }
    }

    /// The three numbers are dense and given here, not by clients, so a fixed mix is enough.
    private static func hash(_ source: Source) -> Int {
        var mixed = UInt64(source.station) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 32) ^ UInt64(source.camera)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 29) ^ UInt64(source.modelVersion)) &* 0x94d0_49bb_1331_11eb
        return Int(truncatingIfNeeded: mixed >> 17) & Int.max
    }
}
