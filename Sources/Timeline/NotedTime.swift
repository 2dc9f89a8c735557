/// The latest of the recorded times, in microseconds since 1970; none initially.
///
/// As small as a plain integer, because a fold keeps several per hour, worker and station.
@frozen
public struct NewestTime: Hashable, Sendable {
    /// The stored representation: `Int64.min` for none.
    public private(set) var stored: Int64

    public init(stored: Int64) { self.stored = stored }

    public init(_ time: Int64) { self.init(stored: time) }

    public static let none = NewestTime(stored: Int64.min)

    /// nil when no time was recorded.
    public var time: Int64? { stored == Int64.min ? nil : stored }

    public mutating func note(_ time: Int64) { if stored < time { stored = time } }

    public mutating func note(_ other: Self) { note(other.stored) }

    /// Whether a recorded time is at or after `time`.
    public func reaches(_ time: Int64) -> Bool { stored >= time }
}

/// The earliest of the recorded times, in microseconds since 1970; none initially. See ``NewestTime``.
@frozen
public struct OldestTime: Hashable, Sendable {
    /// The stored representation: `Int64.max` for none.
    public private(set) var stored: Int64

    public init(stored: Int64) { self.stored = stored }

    public init(_ time: Int64) { self.init(stored: time) }

    public static let none = OldestTime(stored: Int64.max)

    /// nil when no time was recorded.
    public var time: Int64? { stored == Int64.max ? nil : stored }

    public mutating func note(_ time: Int64) { if stored > time { stored = time } }

    public mutating func note(_ other: Self) { note(other.stored) }

    /// Whether a recorded time is before `time`.
    public func isBefore(_ time: Int64) -> Bool { stored < time }

    /// `time`, or the recorded time if that is earlier.
    public func limiting(_ time: Int64) -> Int64 { min(time, stored) }
}

/// What a question knows: everything folded, or what was admitted up to a time (SPEC 5.1).
@frozen
public struct KnowledgeLimit: Hashable, Sendable {
    /// In microseconds since 1970; the largest number for everything.
    let newest: Int64

    /// - Parameter createdAt: in microseconds since 1970; nil for everything.
    public init(_ createdAt: Int64?) { newest = createdAt ?? Int64.max }

    public static let everything = KnowledgeLimit(nil)

    public var isEverything: Bool { newest == Int64.max }

    /// Whether an event or a definition with this created_at is visible.
    public func covers(_ createdAt: Int64) -> Bool { createdAt <= newest }

    /// Whether every recorded time is visible; true when there is none.
    public func covers(_ changedAt: NewestTime) -> Bool { changedAt.stored <= newest }
}
