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
    /// The membership has ended for good, for example because another process has the same instance id.
    case failed(LogError)

    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.assigned(let left), .assigned(let right)), (.revoked(let left), .revoked(let right)),
            (.lost(let left), .lost(let right)):
            left == right
        case (.failed(let left), .failed(let right)): left.code == right.code && left.message == right.message
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
