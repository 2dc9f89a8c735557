internal import EventModel
public import Observability

/// Limits and timing of a publisher.
public struct PublisherConfiguration: Sendable {
    /// How long after its end an hour becomes final, by the wall clock, in microseconds.
    public var grace = 60 * Microseconds.second
    /// Time between two rounds, in microseconds: no key gets more than one provisional record in it (DESIGN 3).
    public var round = 10 * Microseconds.second
    /// Delay before a refused send, or a topic that could not be read, is tried again, in microseconds.
    public var retry = Microseconds.second
    /// Maximum number of records in flight: some 2 MB.
    public var recordsInFlightMaximum = 2000
    /// Maximum number of past hours of one site per round, e.g. after an import of years.
    public var hoursPerStepMaximum: Int64 = 10_000
    /// Limit for one attempt to read the own partitions to their end, in milliseconds.
    public var readMilliseconds = 10_000
    /// Who is told of alerts beside the topic.
    public var webhooks = WebhookConfiguration()
    /// Records what an operator may want to know.
    public var journal = Journal.silent

    public init() {}

    /// Hours published together; fewer if they make more records than can be sent at once.
    static let hoursPerBatch = 16
    /// Quarantined events published together.
    static let quarantinedPerBatch = 500
    /// Maximum number of records from other writers that wait to be checked; at this limit, reading waits.
    static let followedMaximum = 10_000
    /// The shortest and the longest wait for the end of a partition before the records read so far are processed.
    static let readWaitMilliseconds = 50...1000
    /// Records written between two checks that the partition is still held.
    static let recordsPerCheck = 50
}
