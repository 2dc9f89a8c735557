internal import EventLog
internal import EventModel
internal import Locks

/// Reads a topic of ``SQLiteTopics`` on a thread of its own, as records are added.
final class SQLiteFollowing: TopicFollowing {
    private struct Progress {
        var place: Int64
        var isStopping = false
        var hasEnded = false
        var failure: LogError?
    }

    private let topics: SQLiteTopics
    private let topic: String
    private let progress: Monitor<Progress>

    private static let recordsAtOnce = 256

    init(_ topics: SQLiteTopics, _ topic: String, from place: Int64) {
        (self.topics, self.topic) = (topics, topic)
        progress = Monitor(Progress(place: place))
    }

    /// `alerts` of `andon.alerts.v1`, for the name of the thread.
    private var kind: Substring { topic.split(separator: ".").dropLast().last ?? topic[...] }

    func start(_ handle: @escaping @Sendable (FollowedRecord) -> Void) {
        BackgroundThread.start("follow-\(kind)") { [self] in
            do throws(LogError) {
                while let end = nextEnd() { try read(to: end, handle) }
            } catch { progress.update { $0.failure = error } }
            progress.update { $0.hasEnded = true }
        }
    }

    /// Waits for records; nil when it is stopped.
    private func nextEnd() -> Int64? {
        topics.state.wait { [self] topics -> Int64?? in
            let (place, isStopping) = progress.withLock { ($0.place, $0.isStopping) }
            if isStopping { return .some(nil) }
            let end = topics.ends[topic] ?? 0
            return end > place ? .some(end) : nil
        }
    }

    private func read(to end: Int64, _ handle: (FollowedRecord) -> Void) throws(LogError) {
        let place = progress.withLock { $0.place }
        let found = try topics.records(topic, from: place, limit: Self.recordsAtOnce).records
        for record in found {
            if progress.withLock({ $0.isStopping }) { return }
            handle(record)
            progress.update { $0.place = record.position.offset.value + 1 }
        }
        // What is missing up to there was replaced by something newer, or removed.
        if found.count < Self.recordsAtOnce { progress.update { $0.place = max($0.place, end) } }
    }

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        let end = topics.state.withLock { [topic] in $0.ends[topic] ?? 0 }
        return progress.wait(milliseconds: timeoutMilliseconds) { progress in
            if progress.place >= end { return true }
            return progress.isStopping || progress.hasEnded ? false : nil
        } ?? false
    }

    var failure: LogError? { progress.withLock { $0.failure } }

    func stop() {
        progress.update { $0.isStopping = true }
        topics.state.update { _ in }
        progress.wait { $0.hasEnded ? () : nil }
    }
}
