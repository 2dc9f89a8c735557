public import Clocks
public import EventLog
public import EventModel
internal import Locks

/// What time it is for the gateways of the cluster, by the newest beacons of the workers topic (SPEC 2.9, 5.8).
public final class GatewayClocks: Sendable {
    /// A gateway that has been silent for longer appends nothing any more, or has no broker to append to.
    static let silenceMicroseconds: Int64 = 45 * Microseconds.second
    /// Gateways at once; beacons of more are left out until others fall silent.
    static let gatewaysMaximum = 1024

    private struct Entry {
        /// The gateway's clock less this process's count of time, at the receipt of its newest beacon: too low by as long as
        /// the beacon travelled.
        var ahead: Int64
        var seenAt: MonotonicTime
        /// Whether it was sent while this process listened: an older one says nothing about the clock.
        var isLive: Bool
        var stamps: [PartitionIndex: Timestamp]
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var isLive = false
        var following: (any TopicFollowing)?
    }

    private let ownID: String?
    private let clock: any ProcessClock
    private let state = Guarded(State())

    /// - Parameter ownID: the gateway that this process is, if it is one: its own beacons tell nothing.
    public init(ownID: String? = nil, clock: any ProcessClock = .system) {
        self.ownID = ownID
        self.clock = clock
    }

    /// Reads the topic from its beginning and goes on until ``stop()``.
    /// - Parameter topic: ``EventLog/TopicNames/workers``.
    /// - Throws: `LogError` when there is no such topic or no broker answers.
    public func start(
        following topics: any Topics, topic: String, timeoutMilliseconds: Int = 5000
    ) throws(LogError) {
        let following = try topics.follow(topic, nil, from: .beginning) { [weak self] record in self?.apply(record) }
        state.withLock { $0.following = following }
        _ = following.readToEnd(timeoutMilliseconds: timeoutMilliseconds)
        state.withLock { $0.isLive = true }
    }

    /// Blocks until everything that stands in the topic now is known.
    /// - Returns: false when the time was up or the topic is not followed.
    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        let following = state.withLock { $0.following }
        return following?.readToEnd(timeoutMilliseconds: timeoutMilliseconds) ?? false
    }

    /// Ends the following; what is known stays.
    public func stop() {
        let following = state.withLock { state in
            defer { state.following = nil }
            return state.following
        }
        following?.stop()
    }

    /// Applies one record of the topic; anything that is no beacon is ignored.
    func apply(_ record: FollowedRecord) {
        guard let name = ClockBeacon.gatewayID(ofKey: record.key), name != ownID else { return }
        let now = clock.elapsed
        // A time that nobody's clock shows says nothing about one.
        let isTime = record.timestamp > .earliest && record.timestamp < .latest
        let read = isTime ? record.value.flatMap { ClockBeacon(key: record.key, value: $0) } : nil
        state.withLock { state in
            guard let read else {
                state.entries[name] = nil
                return
            }
            if state.entries[name] == nil, state.entries.count >= Self.gatewaysMaximum {
                state.entries = state.entries.filter { now - $0.value.seenAt <= Self.silenceMicroseconds }
                guard state.entries.count < Self.gatewaysMaximum else { return }
            }
            state.entries[name] = Entry(
                ahead: record.timestamp.microseconds - now.microseconds, seenAt: now, isLive: state.isLive,
                stamps: read.stamps)
        }
    }

    /// How far each gateway's clock is ahead of `time`, in microseconds, negative where it is behind.
    ///
    /// Never more than it is; less by as long as its newest beacon travelled.
    public func offsets(from time: Timestamp) -> [(gatewayID: String, microseconds: Int64)] {
        let now = clock.elapsed
        return state.withLock { state in
            state.entries.filter { $0.value.isLive && now - $0.value.seenAt <= Self.silenceMicroseconds }
                .map { ($0.key, $0.value.ahead + now.microseconds - time.microseconds) }
        }.sorted { $0.0 < $1.0 }
    }

    /// How far the slowest of them is behind `time`, in microseconds; 0 where none is.
    public func lag(behind time: Timestamp) -> Int64 {
        offsets(from: time).map { -$0.microseconds }.max().map { max(0, $0) } ?? 0
    }

    /// The newest created_at of each partition, as any other gateway knows it, silent ones too.
    ///
    /// - Parameter after: Beacons of a partition that came up to then do not count: time was set back there, and a gateway
    ///   that has been silent since would bring the former stamps up for ever.
    public func stamps(after: (PartitionIndex) -> MonotonicTime? = { _ in nil }) -> [PartitionIndex: Timestamp] {
        let entries = state.withLock { Array($0.entries.values) }
        var newest: [PartitionIndex: Timestamp] = [:]
        for entry in entries {
            for (partition, stamp) in entry.stamps {
                if let setBack = after(partition), entry.seenAt <= setBack { continue }
                newest[partition] = max(newest[partition] ?? stamp, stamp)
            }
        }
        return newest
    }
}
