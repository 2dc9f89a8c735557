import EventLog
import EventModel
import Testing

struct PartitionerTests {
    // The values that Kafka's own test of its Java client (UtilsTest.testMurmur2) expects.
    @Test(
        "murmur2 is Kafka's (DESIGN 1.3)",
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func murmur2(key: String, hash: Int32) {
        #expect(Partitioner.murmur2(Array(key.utf8)) == hash)
    }

    @Test(
        "a key with a negative hash gets the partition that Kafka gives it: the sign is cut off, not the number negated"
    )
    func negative() {
        let key = Array("21".utf8)
        #expect(Partitioner.partition(of: key, partitionCount: 32) == PartitionIndex((-973_932_308 & 0x7FFF_FFFF) % 32))
        #expect(Partitioner.partition(of: key, partitionCount: 1) == PartitionIndex(0))
        #expect(Partitioner.partition(of: [], partitionCount: 3).value >= 0)
    }
}
