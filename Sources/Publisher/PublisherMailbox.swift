internal import EventLog
internal import EventModel
internal import Locks

/// What other threads hand to the publishing thread: delivery reports, records of its partitions, and the end.
final class PublisherMailbox: Sendable {
    struct Delivery: Sendable {
        var token: Int
        var result: Result<RecordPosition, LogError>
    }

    struct Content: Sendable {
        var deliveries: [Delivery] = []
        var followed: [(kind: MetricKind, record: FollowedRecord)] = []
        var isStopping = false
        /// Whether what is followed is dropped, because it will be read again.
        var dropsFollowed = false
        /// Whether nobody empties it any more.
        var isClosed = false
    }

    private let content = Monitor(Content())

    /// From the topics' threads. Never waits: at most so many are on their way as were sent.
    func deliver(_ token: Int, _ result: Result<RecordPosition, LogError>) {
        content.update { if !$0.isClosed { $0.deliveries.append(Delivery(token: token, result: result)) } }
    }

    /// From a following's thread. Waits while too much lies here.
    func follow(_ kind: MetricKind, _ record: FollowedRecord) {
        content.wait { content -> Void? in
            if content.isStopping || content.isClosed || content.dropsFollowed { return () }
            guard content.followed.count < PublisherConfiguration.followedMaximum else { return nil }
            content.followed.append((kind, record))
            return ()
        }
        content.update { _ in }
    }

    func stop() { content.update { $0.isStopping = true } }

    /// Drops what is followed while `body` ends the followings: nobody else empties the mailbox, so a handler that waits
    /// here while it is full would never let its following end; and what comes late would be taken for the next in order.
    func droppingFollowed(_ body: () -> Void) {
        content.update { $0.dropsFollowed = true }
        body()
        content.update { content in
            content.dropsFollowed = false
            content.followed = []
        }
    }

    func close() {
        content.update { content in
            content.isClosed = true
            content.deliveries = []
            content.followed = []
        }
    }

    var isStopping: Bool { content.withLock { $0.isStopping } }

    /// Takes everything.
    func take() -> Content {
        content.update { content in
            let taken = content
            content.deliveries.removeAll()
            content.followed.removeAll()
            return taken
        }
    }

    /// Waits until something is here.
    func wait(milliseconds: Int) {
        _ = content.wait(milliseconds: milliseconds) { content -> Void? in
            content.isStopping || !content.deliveries.isEmpty || !content.followed.isEmpty ? () : nil
        }
    }
}
