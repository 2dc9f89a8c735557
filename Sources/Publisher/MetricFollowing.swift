internal import EventLog

/// A metric topic's own partition being followed; stops when it is let go.
final class MetricFollowing {
    private let following: any TopicFollowing

    init(_ following: any TopicFollowing) { self.following = following }

    var failure: LogError? { following.failure }

    func readToEnd(milliseconds: Int) -> Bool { following.readToEnd(timeoutMilliseconds: milliseconds) }

    func stop() { following.stop() }
}
