public import EventModel

/// The partition of a key, as Kafka's clients choose it (Java's default, librdkafka's `murmur2_random`), so that other
/// programs write a site's records to the same partition (DESIGN 1.3).
public enum Partitioner {
    /// The partition of a key among `partitionCount` partitions.
    public static func partition(of key: [UInt8], partitionCount: Int32) -> PartitionIndex {
        PartitionIndex((murmur2(key) & 0x7FFF_FFFF) % partitionCount)
    }

    /// A key for a record that concerns a whole partition: the first of `prefix0`, `prefix1`, … that belongs there.
    ///
    /// With it every implementation, other clients and a copy of the log put the record where it is meant to be.
    public static func key(_ prefix: [UInt8], of partition: PartitionIndex, partitionCount: Int32) -> [UInt8] {
        var number = 0
        while true {
            let key = prefix + Array(String(number).utf8)
            if Self.partition(of: key, partitionCount: partitionCount) == partition { return key }
            number += 1
        }
    }

    /// 32-bit MurmurHash2 with Kafka's seed.
    public static func murmur2(_ key: [UInt8]) -> Int32 {
        let factor: UInt32 = 0x5BD1_E995
        var hash: UInt32 = 0x9747_B28C ^ UInt32(truncatingIfNeeded: key.count)
        let wholeWords = key.count & ~3
        for start in stride(from: 0, to: wholeWords, by: 4) {
            var word = littleEndian(key[start..<start + 4])
            word &*= factor
            word ^= word >> 24
            word &*= factor
            hash = (hash &* factor) ^ word
        }
        if wholeWords < key.count {
            hash ^= littleEndian(key[wholeWords...])
            hash &*= factor
        }
        hash ^= hash >> 13
        hash &*= factor
        hash ^= hash >> 15
        return Int32(bitPattern: hash)
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
