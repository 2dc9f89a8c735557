/// Limits of reading. Memory adds up to ``heldBytesTotal`` plus what was in flight when a buffer filled up.
enum ReaderLimits {
    /// Bytes of records that wait for their readers, over all partitions of a log.
    static let heldBytesTotal = 256 << 20
    /// The most that one partition may hold, even when it is the only one: a second of the fastest reader.
    static let heldBytesMaximum = 64 << 20
    /// What each partition may hold at least, however many there are.
    static let heldBytesMinimum = 2 << 20
    /// Compressed bytes of a partition in one answer of a broker. When a buffer is full, at most one answer for it is in
    /// flight, some 8 MiB of records; with 32 partitions full at once that is 256 MiB more, for a moment.
    static let fetchBytesMaximum = 1 << 20
    /// How long a broker holds a fetch when there is nothing new; in the worst case a seek waits that long.
    static let fetchWaitMilliseconds = 50
    /// Messages that the polling thread takes at once.
    static let batchMessagesMaximum = 2000
    /// How many steps a read waits for records that are known to exist, and one step for more than a few of them.
    static let readPatienceSteps = 10
    static let readStepMilliseconds = 1000
    /// A partition that nobody reads or asks about for this long is no longer fetched.
    static let unusedMicrosecondsMaximum: Int64 = 30_000_000
    /// How often the ends of partitions that are being read are requested.
    static let endIntervalMilliseconds = 500
    /// How often the number of partitions is checked.
    static let countIntervalMicroseconds: Int64 = 10_000_000
    /// How long a request to a broker may take, repetitions of an unanswered one included.
    static let queryMilliseconds: Int32 = 5000
    static let queryPauseMilliseconds = 50

    static func heldBytes(usedPartitions: Int) -> Int {
        min(heldBytesMaximum, max(heldBytesMinimum, heldBytesTotal / max(1, usedPartitions)))
    }
}
