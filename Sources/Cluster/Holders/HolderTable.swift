public import Clocks
public import EventLog
public import EventModel
internal import Locks

/// A process that answers questions about a partition.
public struct Holder: Sendable, Equatable {
    public var workerID: String
    public var role: HolderRole
    /// Without a slash at its end.
    public var url: String
    public var token: ForwardingToken
    /// When it began to hold the partition.
    public var since: Timestamp

    public init(workerID: String, role: HolderRole, url: String, token: ForwardingToken, since: Timestamp) {
        self.workerID = workerID
        self.role = role
        self.url = url
        self.token = token
        self.since = since
    }
}

/// Who holds which partition, by the newest records of the workers topic (DESIGN 3, 5).
public final class HolderTable: Sendable {
    /// Four and a half heartbeats: a holder that has been silent for longer is not asked.
    public static let silenceMicrosecondsMaximum: Int64 = 45 * Microseconds.second
    /// 256 partitions with 64 holders each; records beyond that are left out until others fall silent.
    static let entriesMaximum = 16_384

    private struct Entry {
        var holder: Holder
        var heartbeat: Timestamp
    }

    private struct State {
        var entries: [PartitionIndex: [String: Entry]] = [:]
        var count = 0
        var following: (any TopicFollowing)?
        /// When another process last announced itself under the name of this one.
        var rivalSeenAt: MonotonicTime?
    }

    private let ownWorkerID: String?
    private let ownToken: ForwardingToken?
    private let clock: any ProcessClock
    private let state = Guarded(State())

    /// - Parameters:
    ///   - ownWorkerID: The name of this process where it is a worker: no process forwards to itself.
    ///   - ownToken: tells its announcements from those of another process with its name.
    ///   - clock: decides by wall time which heartbeats are too old.
    public init(
        ownWorkerID: String? = nil, ownToken: ForwardingToken? = nil, clock: any ProcessClock = .system
    ) {
        self.ownWorkerID = ownWorkerID
        self.ownToken = ownToken
        self.clock = clock
    }

    /// Reads the topic from its beginning and goes on until ``stop()``.
    /// - Parameter topic: ``TopicNames/workers``.
    /// - Throws: `LogError` when there is no such topic or no broker answers.
    public func start(following topics: any Topics, topic: String) throws(LogError) {
        let following = try topics.follow(topic, nil, from: .beginning) { [weak self] record in self?.apply(record) }
        state.withLock { $0.following = following }
    }

    /// Blocks until everything that stands in the topic now is known.
    /// - Returns: false when the time was up or the topic is not followed.
    public func readToEnd(timeoutMilliseconds: Int) -> Bool {
        let following = state.withLock { $0.following }
        return following?.readToEnd(timeoutMilliseconds: timeoutMilliseconds) ?? false
    }

    /// Why the table is not kept up to date any more; nil while it is.
    public var failure: LogError? { state.withLock { $0.following }?.failure }

    /// Ends the following; what is known stays.
    public func stop() {
        let following = state.withLock { state in
            defer { state.following = nil }
            return state.following
        }
        following?.stop()
    }

    /// The holders of a partition with a recent heartbeat, except this process: owners first, then replicas, each the
    /// most recent first, because whoever got a partition last has it by the newest decision.
    public func holders(of partition: PartitionIndex) -> [Holder] {
        let oldest = clock.now - Self.silenceMicrosecondsMaximum
        let fresh = state.withLock { state in
            (state.entries[partition] ?? [:]).values.filter { $0.heartbeat >= oldest }.map(\.holder)
        }
        return fresh.filter { $0.workerID != ownWorkerID }.sorted { left, right in
            if left.role != right.role { return left.role == .owner }
            if left.since != right.since { return left.since > right.since }
            return left.workerID < right.workerID
        }
    }

    /// Whether another process has announced itself under the name of this one after an instant, as far as the topic was
    /// read. An announcement from before the process that wrote it ended may still arrive shortly after.
    public func hasRival(since instant: MonotonicTime) -> Bool {
        state.withLock { $0.rivalSeenAt.map { $0 > instant } ?? false }
    }

    /// Applies one record of the topic; anything that is not a record of Andon is ignored.
    func apply(_ record: FollowedRecord) {
        guard let name = HolderKey(record.key) else { return }
        // A clock that runs ahead must not make a holder look alive for longer.
        let now = clock.now
        let heartbeat = min(record.timestamp, now)
        let read = record.value.flatMap { HolderRecord(key: record.key, value: $0) }
        state.withLock { state in
            if let read, heartbeat >= now - Self.silenceMicrosecondsMaximum {
                if let ownToken, read.workerID == ownWorkerID, read.token != ownToken {
                    state.rivalSeenAt = clock.uptime
                }
                let holder = Holder(
                    workerID: read.workerID, role: read.role, url: read.url, token: read.token, since: read.since)
                Self.insert(Entry(holder: holder, heartbeat: heartbeat), name, now, &state)
            } else {
                Self.remove(name, &state)
            }
        }
    }

    private static func insert(_ entry: Entry, _ name: HolderKey, _ now: Timestamp, _ state: inout State) {
        let isKnown = state.entries[name.partition]?[name.workerID] != nil
        if !isKnown, state.count >= entriesMaximum { forgetSilent(now, &state) }
        guard isKnown || state.count < entriesMaximum else { return }
        if !isKnown { state.count += 1 }
        state.entries[name.partition, default: [:]][name.workerID] = entry
    }

    private static func remove(_ name: HolderKey, _ state: inout State) {
        guard state.entries[name.partition]?.removeValue(forKey: name.workerID) != nil else { return }
        state.count -= 1
        if state.entries[name.partition]?.isEmpty == true { state.entries[name.partition] = nil }
    }

    private static func forgetSilent(_ now: Timestamp, _ state: inout State) {
        for (partition, entries) in state.entries {
            for (workerID, entry) in entries where entry.heartbeat < now - silenceMicrosecondsMaximum {
                remove(HolderKey(partition: partition, workerID: workerID), &state)
            }
        }
    }
}
