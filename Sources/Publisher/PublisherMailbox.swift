internal import Clocks
internal import EventLog
internal import EventModel
internal import Locks

/// What other threads pass to the publishing thread: delivery reports, records of its partitions, and the stop.
final class PublisherMailbox: Sendable {
    struct Delivery: Sendable {
        var token: Int
        var result: Result<RecordPosition, LogError>
    }

    struct Content: Sendable {
        var deliveries: [Delivery] = []
        var followed: [(kind: MetricKind, record: FollowedRecord)] = []
        var isStopping = false
        /// Whether followed records are dropped, because they will be read again.
        var dropsFollowed = false
        /// Whether there is something else to look at.
        var isAwake = false
        /// Whether the reader has gone.
        var isClosed = false
    }

    private let content = Monitor(Content())

    /// Called by the topics' threads. Never waits: there are at most as many reports as records in flight.
    func deliver(_ token: Int, _ result: Result<RecordPosition, LogError>) {
        content.update { if !$0.isClosed { $0.deliveries.append(Delivery(token: token, result: result)) } }
    }

    /// Called by a following's thread. Waits while the mailbox is full.
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

    /// Lets the publishing thread look at what is not in here: whether a target was told.
    func wake() { content.update { $0.isAwake = true } }

    /// Drops followed records while `body` ends the followings. Nobody else empties the mailbox, so a handler waiting
    /// here on a full mailbox would never let its following end. A late record would be mistaken for the next in order.
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

    /// Removes and returns everything.
    func take() -> Content {
        content.update { content in
            let taken = content
            content.deliveries.removeAll()
            content.followed.removeAll()
            content.isAwake = false
            return taken
        }
    }

    /// Waits until the mailbox has something or `deadline` is reached.
    func wait(until deadline: MonotonicTime, by clock: any ProcessClock) {
        _ = clock.wait(for: content, until: deadline) { content -> Void? in
            let isEmpty = content.deliveries.isEmpty && content.followed.isEmpty
            return content.isStopping || content.isAwake || !isEmpty ? () : nil
        }
    }
}
