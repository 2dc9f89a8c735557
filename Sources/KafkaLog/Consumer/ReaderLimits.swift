/// Limits of reading; memory adds up to ``heldBytesTotal`` and what was under way when a buffer filled.
enum ReaderLimits {
    /// Bytes of records that wait for their readers, all partitions of a log together.
    static let heldBytesTotal = 256 << 20
    /// What one partition may hold, however few there are: a second of the fastest reader.
    static let heldBytesMaximum = 64 << 20
    /// What one partition may hold, however many there are.
    static let heldBytesMinimum = 2 << 20
    /// Compressed bytes of a partition in one answer of a broker. When a buffer is full at most one answer of it is under
    /// way, some 8 MiB of records; with 32 partitions full at once that is 256 MiB more, for a moment.
    static let fetchBytesMaximum = 1 << 20
    /// How long a broker keeps a question open when there is nothing new: a seek waits as long in the worst case.
    static let fetchWaitMilliseconds = 50
    /// Messages that the polling thread takes at once.
    static let batchMessagesMaximum = 2000
    /// A read waits so many steps for records that are known to be there, one step for more than a few of them.
    static let readPatienceSteps = 10
    static let readStepMilliseconds = 1000
    /// A partition that nobody reads or asks about for so long is no longer fetched.
    static let unusedMicrosecondsMaximum: Int64 = 30_000_000
    /// How often the ends of what is being read are asked for.
    static let endIntervalMilliseconds = 500
    /// How long a question to a broker may take; one that a broker could not answer is repeated so long, too.
    static let queryMilliseconds: Int32 = 5000
    static let queryPauseMilliseconds = 50

    static func heldBytes(usedPartitions: Int) -> Int {
        min(heldBytesMaximum, max(heldBytesMinimum, heldBytesTotal / max(1, usedPartitions)))
    }
}
