public import EventLog
public import EventModel

/// A change for a member of the group of workers; see ``WorkerGroup``.
public enum GroupChange: Sendable, Equatable {
    /// Fold these from now on.
    case assigned([PartitionIndex])
    /// Another member gets these as soon as the handler returns.
    case revoked([PartitionIndex])
    /// Another member may hold these already: stop at once and publish nothing more (DESIGN 5).
    case lost([PartitionIndex])
    /// The group has dropped this member, for example after a broker's restart. It joins again by itself.
    case expelled(LogError)
    /// The membership has ended for good: the brokers refuse this client, or another process has the same instance id.
    case failed(LogError)

    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.assigned(let left), .assigned(let right)), (.revoked(let left), .revoked(let right)),
            (.lost(let left), .lost(let right)):
            left == right
        case (.failed(let left), .failed(let right)), (.expelled(let left), .expelled(let right)):
            left.code == right.code && left.message == right.message
        default: false
        }
    }
}

/// How a worker takes part in the group.
public struct GroupOptions: Sendable {
    /// Static membership: a member that returns under the same name within the session timeout gets back what it held, and
    /// no other member is affected. nil: a new member each time.
    public var instanceID: String?
    /// How long the group waits for a silent member. Brokers allow 6 s to 30 min by default.
    public var sessionTimeoutMilliseconds: Int

    public init(instanceID: String? = nil, sessionTimeoutMilliseconds: Int = 45_000) {
        self.instanceID = instanceID
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
    }
}

/// When a member that the group has dropped joins again: soon, and later each time, so that two processes of one instance id
/// do not take the group's time, and each hears of the other.
struct RejoinBackoff: Equatable {
    /// Half of a rebalance at first; the longest is more than another one needs to take over and to say so.
    static let milliseconds: [Int64] = [1000, 2000, 4000, 8000]
    /// A membership that has lasted this long begins anew.
    static let stableMicroseconds: Int64 = 60_000_000

    private var tries = 0
    private var joinedAt: Int64

    init(at now: Int64) { joinedAt = now }

    /// The member joins now.
    mutating func joined(at now: Int64) { joinedAt = now }

    /// When to join again, by the same clock as `now`.
    mutating func next(at now: Int64) -> Int64 {
        if now - joinedAt >= Self.stableMicroseconds { tries = 0 }
        defer { tries = min(tries + 1, Self.milliseconds.count - 1) }
        return now + Self.milliseconds[tries] * 1000
    }
}
