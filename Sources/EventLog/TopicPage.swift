public import EventModel

/// Some of the newest records of a topic's keys, in the order in which they were written.
public struct TopicPage: Sendable {
    public var records: [FollowedRecord]
    /// Where the next page begins.
    public var next: LogOffset
    /// Whether nothing newer was there.
    public var isAtEnd: Bool
    /// Identifies the file: offsets of another one mean nothing.
    public var source: String

    public init(records: [FollowedRecord], next: LogOffset, isAtEnd: Bool, source: String) {
        self.records = records
        self.next = next
        self.isAtEnd = isAtEnd
        self.source = source
    }
}
