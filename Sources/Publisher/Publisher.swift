internal import EventModel

/// Limits and pace of a publisher.
public struct PublisherConfiguration: Sendable {
    /// How long after its end an hour becomes final, by the wall clock, in microseconds.
    public var grace = 60 * Microseconds.second
    /// Time between two rounds, in microseconds: no key gets more than one provisional record in it (DESIGN 3).
    public var round = 10 * Microseconds.second
    /// Until a send that was refused, or a topic that could not be read, is tried again, in microseconds.
    public var retry = Microseconds.second
    /// Records on their way at most: some 2 MB.
    public var recordsInFlightMaximum = 2000
    /// Hours that one round takes from the past of one site at most, e.g. after an import of years.
    public var hoursPerStepMaximum: Int64 = 10_000
    /// How long one try to read the own partitions to their end may take, in milliseconds.
    public var readMilliseconds = 10_000
    /// Called with every line worth an operator's attention.
    public var report: @Sendable (String) -> Void = { _ in }

    public init() {}

    /// Hours that are published together; fewer when they make more records than are sent at once.
    static let hoursPerBatch = 16
    /// Quarantined events that are published together.
    static let quarantinedPerBatch = 500
    /// Records of others that wait to be checked; beyond it, reading waits.
    static let followedMaximum = 10_000
    /// The shortest and the longest wait for the end of a partition before what was read is taken.
    static let readWaitMilliseconds = 50...1000
    /// Records written between two checks that the partition is still held.
    static let recordsPerCheck = 50
}
