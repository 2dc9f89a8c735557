import Clocks
import EventLog
import EventModel
import Locks

@testable import Gateway
@testable import Sites

/// Topics whose readers see what was written only when they read to the end: the slowest that following may be.
///
/// Tests can also let reading fail, and count how often it was asked for.
final class LazyTopics: Topics {
    let inner: InMemoryTopics
    private let followings = Guarded<[LazyFollowing]>([])

    init(_ inner: InMemoryTopics) { self.inner = inner }

    func send(
        _ record: TopicRecord, _ done: @escaping @Sendable (Result<RecordPosition, LogError>) -> Void
    ) throws(LogError) { try inner.send(record, done) }

    func partitionCount(_ topic: String) throws(LogError) -> Int32 { try inner.partitionCount(topic) }

    func follow(
        _ topic: String, _ partitions: [PartitionIndex]?, from start: TopicStart,
        _ handle: @escaping @Sendable (FollowedRecord) -> Void
    ) throws(LogError) -> any TopicFollowing {
        let following = LazyFollowing(handle)
        following.begin(try inner.follow(topic, partitions, from: start) { following.keep($0) })
        followings.withLock { $0.append(following) }
        return following
    }

    /// Lets every reading from now on fail; nil ends that.
    func failReading(with error: LogError?) {
        for following in followings.withLock({ $0 }) { following.fail(with: error) }
    }

    /// How often somebody has read to the end.
    var readCount: Int { followings.withLock { $0 }.reduce(0) { $0 + $1.readCount } }
}

private final class LazyFollowing: TopicFollowing {
    private struct State {
        var inner: (any TopicFollowing)?
        var kept: [FollowedRecord] = []
        var failure: LogError?
        var readCount = 0
    }

    private let state = Guarded(State())
    /// Held while records are handed out, so that they are in order.
    private let turn = Guarded(())
    private let handle: @Sendable (FollowedRecord) -> Void

    init(_ handle: @escaping @Sendable (FollowedRecord) -> Void) { self.handle = handle }

    func begin(_ inner: any TopicFollowing) { state.withLock { $0.inner = inner } }
    func keep(_ record: FollowedRecord) { state.withLock { $0.kept.append(record) } }
    func fail(with error: LogError?) { state.withLock { $0.failure = error } }
    var readCount: Int { state.withLock { $0.readCount } }

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        let (inner, failure) = state.withLock { state in
            state.readCount += 1
            return (state.inner, state.failure)
        }
        guard failure == nil, inner?.readToEnd(timeoutMilliseconds: timeoutMilliseconds) == true else { return false }
        turn.withLock { _ in
            let kept = state.withLock { state in
                defer { state.kept = [] }
                return state.kept
            }
            for record in kept { handle(record) }
        }
        return true
    }

    var failure: LogError? { state.withLock { $0.failure } }
    func stop() { state.withLock { $0.inner }?.stop() }
}

/// A log and the topics beside it, for several gateways.
struct SharedPlant {
    let log: InMemoryLog
    let inner: InMemoryTopics
    let clock = ManualClock.atNoon
    static let names = TopicNames()

    init(partitionCount: Int32 = 4) {
        log = InMemoryLog(partitionCount: partitionCount)
        inner = InMemoryTopics(partitionCounts: [Self.names.registry: 3, Self.names.keys: 2])
    }

    /// A gateway that sees at once what others write.
    func gateway() throws -> GatewayHarness { try GatewayHarness(log: log, topics: inner, clock: clock) }

    /// A gateway that sees what others write only when it reads to the end.
    func lazyGateway() throws -> (GatewayHarness, LazyTopics) {
        let topics = LazyTopics(inner)
        return (try GatewayHarness(log: log, topics: topics, clock: clock), topics)
    }

    /// Records of a site in the registry topic, oldest first.
    func registered(_ site: SiteID) -> [RegistryRecord?] {
        records(Self.names.registry, site.bytes).map { $0.flatMap { RegistryRecord($0, site: site) } }
    }

    /// Values of a key in a topic, oldest first.
    func records(_ topic: String, _ key: [UInt8]) -> [[UInt8]?] {
        let partition = Partitioner.partition(of: key, partitionCount: (try? inner.partitionCount(topic)) ?? 1)
        return inner.records(topic, partition).filter { $0.key == key }.map(\.value)
    }

    /// Writes a record past all gateways.
    func send(_ topic: String, _ key: [UInt8], _ value: [UInt8]?) throws {
        try inner.send(TopicRecord(topic: topic, key: key, value: value, timestamp: clock.now)) { _ in }
    }

    /// Where a site's `offset`-th record stands.
    func position(_ site: SiteID, _ offset: Int64) -> RecordPosition {
        RecordPosition(
            partition: Partitioner.partition(of: site.bytes, partitionCount: log.partitionCount),
            offset: LogOffset(offset))
    }

    /// One site of each partition.
    var sites: [SiteID] {
        (0..<log.partitionCount).map { number in
            let found = (0..<1000).lazy.map { SiteID("plant-\($0)") }.first {
                Partitioner.partition(of: $0.bytes, partitionCount: log.partitionCount).value == number
            }
            return found ?? "none"
        }
    }
}
