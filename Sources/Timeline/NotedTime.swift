/// The newest of the times that were noted, in microseconds since 1970; none at first.
///
/// As small as a bare integer, because a fold keeps several per hour, worker and station.
@frozen
public struct NewestTime: Hashable, Sendable {
    /// The integer that a store keeps: `Int64.min` for none.
    public private(set) var stored: Int64

    public init(stored: Int64) { self.stored = stored }

    public init(_ time: Int64) { self.init(stored: time) }

    public static let none = NewestTime(stored: Int64.min)

    /// nil where nothing was noted.
    public var time: Int64? { stored == Int64.min ? nil : stored }

    public mutating func note(_ time: Int64) { if stored < time { stored = time } }

    public mutating func note(_ other: Self) { note(other.stored) }

    /// Whether a time that was noted is at or after `time`.
    public func reaches(_ time: Int64) -> Bool { stored >= time }
}

/// The oldest of the times that were noted, in microseconds since 1970; none at first. See ``NewestTime``.
@frozen
public struct OldestTime: Hashable, Sendable {
    /// The integer that a store keeps: `Int64.max` for none.
    public private(set) var stored: Int64

    public init(stored: Int64) { self.stored = stored }

    public init(_ time: Int64) { self.init(stored: time) }

    public static let none = OldestTime(stored: Int64.max)

    /// nil where nothing was noted.
    public var time: Int64? { stored == Int64.max ? nil : stored }

    public mutating func note(_ time: Int64) { if stored > time { stored = time } }

    public mutating func note(_ other: Self) { note(other.stored) }

    /// Whether a time that was noted is before `time`.
    public func isBefore(_ time: Int64) -> Bool { stored < time }

    /// `time`, or what was noted where that is earlier.
    public func limiting(_ time: Int64) -> Int64 { min(time, stored) }
}

/// How much a question knows: all that was folded, or what was admitted up to a time (SPEC 5.1).
@frozen
public struct KnowledgeLimit: Hashable, Sendable {
    private var newest: Int64

    /// - Parameter createdAt: in microseconds since 1970; nil: everything.
    public init(_ createdAt: Int64?) { newest = createdAt ?? Int64.max }

    public static let everything = KnowledgeLimit(nil)

    public var isEverything: Bool { newest == Int64.max }

    /// Whether an event or a definition with this created_at is visible.
    public func covers(_ createdAt: Int64) -> Bool { createdAt <= newest }

    /// Whether everything that was noted is visible; so when nothing was.
    public func covers(_ changedAt: NewestTime) -> Bool { changedAt.stored <= newest }
}
