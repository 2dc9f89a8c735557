public import EventModel

/// One store of a partition among others, made by one fold of one log (DESIGN 7).
public struct Generation: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        /// It is being folded, and does not have all of the log yet.
        case building
        /// It has had all of the log, and was never live.
        case level
        /// Questions are answered from it. Exactly one is.
        case live
        /// It was live, or is of no use to this program; removed after a while.
        case retired
    }

    /// From 1; never used twice in one folder.
    public var id: Int64
    public var state: State
    public var versions: StoreVersions
    /// Identity of the log that is folded.
    public var logEpoch: [UInt8]
    /// The job that makes it; nil for one that a start made.
    public var job: String?
    public var createdAt: Timestamp
    /// Since when it is retired.
    public var retiredAt: Timestamp?
    /// The one that was live before it.
    public var replaces: Int64?

    public init(
        id: Int64, state: State, versions: StoreVersions, logEpoch: [UInt8], job: String? = nil,
        createdAt: Timestamp, retiredAt: Timestamp? = nil, replaces: Int64? = nil
    ) {
        self.id = id
        self.state = state
        self.versions = versions
        self.logEpoch = logEpoch
        self.job = job
        self.createdAt = createdAt
        self.retiredAt = retiredAt
        self.replaces = replaces
    }

    /// The job of a generation that a newer program builds in order to take an older one's place.
    public static let upgradeJob = "upgrade"
}
