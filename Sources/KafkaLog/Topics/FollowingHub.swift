internal import EventLog
internal import EventModel
internal import Locks
internal import Observability

/// Followings of single partitions that share one consumer and one thread.
///
/// For every partition that it holds, a worker follows the same partition of several topics. A consumer for each would
/// mean a hundred clients with three or more threads each. The price: a slow handler delays the others. It delays neither
/// ``HubFollowing/stop()`` of another one nor the connections, which librdkafka serves by itself.
final class FollowingHub: Sendable {
    private struct State {
        /// What is to be read; the thread applies it.
        var wanted: [TopicPlace: HubFollowing] = [:]
        /// Partitions that the thread has to check; at most all of them.
        var unreconciled: Set<TopicPlace> = []
        /// Topics for which a broker is being asked whether they still exist.
        var beingChecked: Set<String> = []
        var isStopping = false
        var hasEnded = false
    }

    private let consumer: HubConsumer
    private let journal: Journal
    private let state = Monitor(State())

    var client: KafkaClient { consumer.client }

    init(_ settings: KafkaSettings) throws(LogError) {
        consumer = try HubConsumer(settings)
        journal = settings.journal
        BackgroundThread.start("kafka-hub") { [self] in
            run()
            state.update { $0.hasEnded = true }
        }
    }

    /// - Parameter places: where each partition begins.
    /// - Returns: nil when one of the partitions is followed here already: librdkafka fetches none twice.
    /// - Throws: ``LogError`` when the hub is closed or the topic's name is not valid.
    func follow(
        _ topic: String, _ places: [PartitionIndex: KafkaOffset], _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> HubFollowing? {
        let opened = try consumer.open(topic)
        let following = HubFollowing(
            self, opened, FollowingProgress(topic: topic, places, handle), places)
        let isTaken = try state.withLock { (state) throws(LogError) in
            guard !state.isStopping else { throw .topicsClosed }
            guard following.places.allSatisfy({ state.wanted[$0] == nil }) else { return true }
            for place in following.places {
                state.wanted[place] = following
                state.unreconciled.insert(place)
            }
            return false
        }
        if isTaken { return nil }
        consumer.wake()
        return following
    }

    /// Reads nothing more for this following. Returns at once.
    func release(_ following: HubFollowing) {
        state.withLock { state in
            for place in following.places where state.wanted[place] === following {
                state.wanted[place] = nil
                state.unreconciled.insert(place)
            }
        }
        consumer.wake()
    }

    /// Ends all followings. If a handler takes longer than the timeout, the thread ends after it.
    func close(timeoutMilliseconds: Int) {
        let followings = state.update { state in
            state.isStopping = true
            defer { state.wanted = [:] }
            return Array(state.wanted.values)
        }
        for following in followings { following.progress.beginStop() }
        consumer.wake()
        _ = state.wait(milliseconds: timeoutMilliseconds) { $0.hasEnded && $0.beingChecked.isEmpty ? () : nil }
    }

    // MARK: Thread

    /// Longest wait for a record, after which librdkafka's own notices are read.
    private static let pollMilliseconds: Int32 = 200
    /// Records between two checks of the notices.
    private static let recordsPerCheck = 1000

    private func run() {
        var reading: [TopicPlace: HubFollowing] = [:]
        var records = 0
        while let unreconciled = takeUnreconciled() {
            for (place, wanted) in unreconciled { reconcile(place, wanted, &reading) }
            consumer.poll(milliseconds: Self.pollMilliseconds) { message in
                let place = TopicPlace(topic: message.topic, partition: message.partition)
                // Drops a message of a partition that was just stopped.
                guard let following = reading[place] else { return }
                act(following.progress.take(message), message.error, place, following, &reading)
            }
            records += 1
            if records % Self.recordsPerCheck == 0 { consumer.serveMain() }
        }
        for (place, following) in reading { consumer.stop(following.topic, place.partition) }
    }

    private func takeUnreconciled() -> [(TopicPlace, HubFollowing?)]? {
        state.withLock { state in
            guard !state.isStopping else { return nil }
            defer { state.unreconciled.removeAll() }
            return state.unreconciled.map { ($0, state.wanted[$0]) }
        }
    }

    private func reconcile(
        _ place: TopicPlace, _ wanted: HubFollowing?, _ reading: inout [TopicPlace: HubFollowing]
    ) {
        if let old = reading[place] {
            if old === wanted { return }
            consumer.stop(old.topic, place.partition)
            reading[place] = nil
        }
        if let wanted { start(wanted, place, at: wanted.start(of: place), &reading) }
    }

    private func start(
        _ following: HubFollowing, _ place: TopicPlace, at offset: KafkaOffset,
        _ reading: inout [TopicPlace: HubFollowing]
    ) {
        do {
            try consumer.start(following.topic, place, at: offset)
            reading[place] = following
        } catch {
            // Only a dead client refuses a partition that nobody reads.
            _ = following.progress.failed(.fatal, error.message, nil)
            release(following)
        }
    }

    private func act(
        _ action: FollowingMachine.Action, _ code: KafkaErrorCode, _ place: TopicPlace, _ following: HubFollowing,
        _ reading: inout [TopicPlace: HubFollowing]
    ) {
        switch action {
        case .proceed:
            break
        case .restart(let partition):
            journal.record(.topicRestarted(place.topic, partition))
            consumer.stop(following.topic, partition)
            reading[place] = nil
            start(following, place, at: .beginning, &reading)
        case .check:
            client.loseTopic()
            check(place.topic, code)
        case .fail:
            journal.record(.topicFailed(place.topic, code.text))
            release(following)
        }
    }

    // MARK: Topics that may be gone

    /// On a separate thread: a broker may take seconds to answer, and nobody else should wait for that.
    private func check(_ topic: String, _ code: KafkaErrorCode) {
        let isAsked = state.withLock { state in state.isStopping || !state.beingChecked.insert(topic).inserted }
        if isAsked { return }
        BackgroundThread.start("kafka-doubt") { [self] in
            do throws(LogError) {
                let answer = try FollowingProgress.check(client, topic, code)
                for following in followings(of: topic) where following.progress.checked(answer) == .fail {
                    release(following)
                }
            } catch {
                journal.record(.topicCheckFailed(topic, error))
            }
            _ = state.update { $0.beingChecked.remove(topic) }
        }
    }

    private func followings(of topic: String) -> [HubFollowing] {
        let all = state.withLock { state in state.wanted.filter { $0.key.topic == topic }.map(\.value) }
        return Dictionary(all.map { (ObjectIdentifier($0), $0) }) { first, _ in first }.values.map { $0 }
    }
}

/// A following that shares a ``FollowingHub``.
final class HubFollowing: TopicFollowing {
    let progress: FollowingProgress
    let topic: HubTopic
    private let hub: FollowingHub
    private let starts: [TopicPlace: KafkaOffset]

    fileprivate init(
        _ hub: FollowingHub, _ topic: HubTopic, _ progress: FollowingProgress, _ starts: [PartitionIndex: KafkaOffset]
    ) {
        self.hub = hub
        self.topic = topic
        self.progress = progress
        self.starts = Dictionary(
            uniqueKeysWithValues: starts.map { (TopicPlace(topic: progress.topic, partition: $0.key), $0.value) })
    }

    var places: Dictionary<TopicPlace, KafkaOffset>.Keys { starts.keys }

    func start(of place: TopicPlace) -> KafkaOffset { starts[place] ?? .beginning }

    var failure: LogError? { progress.failure }

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        progress.readToEnd(hub.client, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Waits for its own handler only, not for that of another following.
    func stop() {
        progress.beginStop()
        hub.release(self)
        progress.waitUntilIdle()
    }
}

extension LogError {
    static let topicsClosed = LogError(.unavailable, "the topics are closed")
}
