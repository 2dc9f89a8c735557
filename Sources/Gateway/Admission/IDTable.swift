internal import EventModel

/// Ids by their bytes: each gets a small number, counted from 0 in order of arrival.
///
/// The hot path looks up millions of ids a second. Each look-up is one flat probe of hashes and one comparison in
/// memory that the table owns: no String, no allocation, no reference counting.
///
/// `@unchecked Sendable`: the memory belongs to this value alone, and changes only through `mutating` functions.
struct IDTable: ~Copyable, @unchecked Sendable {
    /// Upper half: the upper half of the hash; lower half: the number of the id plus one, 0 for an empty slot.
    private var slots: UnsafeMutableBufferPointer<UInt64>
    /// Where each id ends in ``storage``.
    private var ends: UnsafeMutableBufferPointer<UInt32>
    private var storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// ``removeAll()`` does not shrink a table below this size.
    private static let slotsRetained = 4096
    private static let idBytesExpected = 16

    init(capacity: Int = 16) {
        var size = 32
        while size < capacity * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: 0)
        ends = .allocate(capacity: size / 2)
        ends.initialize(repeating: 0)
        storage = .allocate(byteCount: size / 2 * Self.idBytesExpected, alignment: 8)
    }

    deinit {
        slots.deallocate()
        ends.deallocate()
        storage.deallocate()
    }

    /// The number of an id; nil if it is not in the table.
    @inline(__always)
    func number(of id: UnsafeRawBufferPointer, hash: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            if entry >> 32 == hash >> 32 {
                let number = Int(entry & 0xffff_ffff) - 1
                if self[number].hasSameBytes(as: id) { return number }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
    }

    /// The number of an id; adds the id if it is new.
    mutating func insert(_ id: UnsafeRawBufferPointer, hash: UInt64) -> (number: Int, isNew: Bool) {
        if let number = number(of: id, hash: hash) { return (number, false) }
        if count == ends.count { grow() }
        let start = end(before: count)
        makeRoom(start + id.count)
        if id.count > 0 { UnsafeMutableRawBufferPointer(rebasing: storage[start...]).copyMemory(from: id) }
        ends[count] = UInt32(start + id.count)
        place(number: count, hash: hash)
        count += 1
        return (count - 1, true)
    }

    /// The bytes of an id; valid until the table changes.
    @inline(__always)
    subscript(number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[end(before: number)..<Int(ends[number])])
    }

    /// Removes all ids; keeps the memory unless it is far more than usual.
    mutating func removeAll() {
        guard count > 0 else { return }
        if slots.count > Self.slotsRetained {
            self = IDTable(capacity: Self.slotsRetained / 2)
        } else {
            slots.update(repeating: 0)
            count = 0
        }
    }

    /// Moves all ids, in order, to an empty dictionary.
    mutating func moveIDs(to dictionary: inout IDDictionary) {
        for number in 0..<count { _ = dictionary.append(self[number]) }
        removeAll()
    }

    @inline(__always)
    private func end(before number: Int) -> Int { number == 0 ? 0 : Int(ends[number - 1]) }

    private func place(number: Int, hash: UInt64) {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = (hash & ~0xffff_ffff) | UInt64(number + 1)
    }

    private mutating func grow() {
        let size = slots.count * 2
        slots.deallocate()
        slots = .allocate(capacity: size)
        slots.initialize(repeating: 0)
        let more = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: size / 2)
        more.initialize(repeating: 0)
        _ = more.update(fromContentsOf: ends)
        ends.deallocate()
        ends = more
        for number in 0..<count { place(number: number, hash: IDHash.of(self[number])) }
    }

    private mutating func makeRoom(_ byteCount: Int) {
        guard byteCount > storage.count else { return }
        let more = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, storage.count * 2), alignment: 8)
        more.copyMemory(from: UnsafeRawBufferPointer(storage))
        storage.deallocate()
        storage = more
    }
}

/// The hash of an id. Seeded per process, so that nobody can craft ids that collide.
enum IDHash {
    private static let seed = UInt64.random(in: .min ... .max) | 1

    @inline(__always)
    static func of(_ id: UnsafeRawBufferPointer) -> UInt64 {
        guard let base = id.baseAddress else { return seed }
        var hash = seed ^ UInt64(truncatingIfNeeded: id.count) &* 0x9e37_79b9_7f4a_7c15
        var offset = 0
        while id.count - offset >= 8 {
            hash = mix(hash, base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        if offset < id.count {
            var tail: UInt64 = 0
            while offset < id.count {
                tail = tail << 8 | UInt64(base.load(fromByteOffset: offset, as: UInt8.self))
                offset += 1
            }
            hash = mix(hash, tail)
        }
        return hash ^ hash >> 29
    }

    /// One hash of three.
    @inline(__always)
    static func combine(_ first: UInt64, _ second: UInt64, _ third: UInt64) -> UInt64 {
        mix(mix(first ^ seed, second), third)
    }

    @inline(__always)
    private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low ^ hash >> 32
    }
}

extension UnsafeRawBufferPointer {
    /// Whether both are the same bytes.
    @inline(__always)
    func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let left = baseAddress, let right = other.baseAddress else { return true }
        var offset = 0
        while count - offset >= 8 {
            if left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        while offset < count {
            if left.load(fromByteOffset: offset, as: UInt8.self) != right.load(fromByteOffset: offset, as: UInt8.self) {
                return false
            }
            offset += 1
        }
        return true
    }
}
