internal import EventLog

/// An ongoing read of a metric topic's own partition; stops when it is released.
final class MetricFollowing {
    private let following: any TopicFollowing

    init(_ following: any TopicFollowing) { self.following = following }

    var failure: LogError? { following.failure }

    func readToEnd(milliseconds: Int) -> Bool { following.readToEnd(timeoutMilliseconds: milliseconds) }

    func stop() { following.stop() }
}
