public import EventModel

/// Watches one machine's clock and says how far it can be believed (SPEC 2.9, 5.8).
///
/// Pure: readings come in, verdicts go out. The clock is
///
///     believed ── it leaves the machine's own count of time, and the kernel does not vouch for it ──▶ in doubt
///        ▲ └──────────────── it is set, and the kernel calls it synchronised ─────────────┐              │
///        └── it comes back · the kernel calls it synchronised · an operator confirms it ◀─┴──────────────┘
///
/// A clock that nothing synchronises is believed as long as it keeps step with the count of time. Whatever it says, time
/// in the log goes back only where the kernel or an operator says so.
public struct ClockWatch: Sendable {
    /// How far a clock may be off without a word: more than NTP leaves, less than a shift plan notices.
    public static let toleranceMicroseconds: Int64 = 2 * Microseconds.second
    /// How far a clock may be behind the newest created_at of a partition while its gateway goes on with that one.
    public static let lagMicrosecondsMaximum: Int64 = 30 * Microseconds.second
    /// A clock may run this much faster or slower than the count of time: twice what the kernel's own corrections take.
    static let driftDivisor: Int64 = 1000
    /// What was stamped before the clock was set forward is appended within 30 s (SPEC 2.8), so only then does the new
    /// time say what no later record can be older than.
    static let holdMilliseconds = 40_000

    /// A time that the clock had, from which it is expected to go on.
    private struct Anchor {
        var wall: Timestamp
        var elapsed: MonotonicTime

        init(_ reading: ClockReading) { (wall, elapsed) = (reading.wall, reading.elapsed) }

        func wall(at elapsed: MonotonicTime) -> Timestamp { wall + (elapsed - self.elapsed) }
    }

    private var anchor: Anchor
    /// Where time was before the clock was set forward, and how long that still counts.
    private var held: (anchor: Anchor, until: MonotonicTime)?
    /// Who has confirmed the clock since it last jumped; empty bytes where nobody is known by name.
    private var confirmation: [UInt8]?
    public private(set) var newest: ClockReading
    public private(set) var synchronisation: ClockSynchronisation
    /// How far the clock has left the count of time, in microseconds; nil while it is believed.
    public private(set) var jump: Int64?
    /// What is certain about the time.
    public private(set) var certain: CertainTime

    /// - Parameter reading: the first one; the clock is believed.
    public init(_ reading: ClockReading) {
        anchor = Anchor(reading)
        newest = reading
        synchronisation = reading.synchronisation ?? .unknown
        certain = CertainTime(time: reading.wall)
    }

    /// Whether a reading is one for which the kernel should be asked as well: the clock has left the count of time.
    public func isOff(_ reading: ClockReading) -> Bool {
        jump != nil || abs(reading.wall - anchor.wall(at: reading.elapsed)) > Self.toleranceMicroseconds
    }

    /// Takes a reading; they come in the order of their count of time.
    /// - Returns: what an operator should hear of.
    public mutating func observe(_ reading: ClockReading) -> ClockEvent? {
        let passed = max(0, reading.elapsed - newest.elapsed)
        newest = reading
        synchronisation = reading.synchronisation ?? synchronisation
        defer { certain.take(lowest) }
        let off = reading.wall - anchor.wall(at: reading.elapsed)
        let isOff = abs(off) > Self.toleranceMicroseconds
        if synchronisation == .synchronised {
            defer { trust() }
            if isOff { return .jumped(off, isBelieved: true) }
            return jump == nil ? nil : .believedAgain
        }
        guard isOff else {
            let drift = passed / Self.driftDivisor
            anchor.wall = anchor.wall + min(max(off, -drift), drift)
            defer { jump = nil }
            return jump == nil ? nil : .believedAgain
        }
        if let jump, abs(off - jump) <= Self.toleranceMicroseconds { return nil }
        jump = off
        confirmation = nil
        return .jumped(off, isBelieved: false)
    }

    /// An operator says that the clock is right. Holds until it jumps.
    /// - Parameter name: public id of the operator's key, or empty.
    public mutating func accept(by name: [UInt8]) {
        trust()
        confirmation = name
        certain.take(lowest)
    }

    /// What a gateway does whose partition has records up to `stamp`.
    public func verdict(newestStamp stamp: Timestamp) -> ClockVerdict {
        guard stamp - newest.wall > Self.lagMicrosecondsMaximum else { return .stamp }
        if synchronisation == .synchronised { return .setBack(SetBackCause(.synchronised)) }
        return confirmation.map { .setBack(SetBackCause(.confirmed, by: $0)) } ?? .refuse
    }

    private mutating func trust() {
        jump = nil
        if newest.wall - anchor.wall(at: newest.elapsed) > Self.toleranceMicroseconds {
            // The oldest one that still counts is the one to wait for.
            let before = held.flatMap { newest.elapsed < $0.until ? $0.anchor : nil } ?? anchor
            held = (before, newest.elapsed.advanced(milliseconds: Self.holdMilliseconds))
        }
        anchor = Anchor(newest)
    }

    private var lowest: Timestamp {
        let elapsed = newest.elapsed
        let known = min(newest.wall, anchor.wall(at: elapsed))
        guard let held, elapsed < held.until else { return known }
        return min(known, held.anchor.wall(at: elapsed))
    }
}

/// A time that has certainly come: what later records can be older than only by the 30 s of an append (SPEC 2.8).
public struct CertainTime: Sendable, Equatable {
    public private(set) var time: Timestamp
    /// Changes whenever ``time`` went back: what was concluded in an earlier era counts no more.
    public private(set) var era: UInt64 = 0

    public init(time: Timestamp) { self.time = time }

    mutating func take(_ newest: Timestamp) {
        if newest < time { era += 1 }
        time = newest
    }
}

/// What an operator should hear about the clock.
public enum ClockEvent: Sendable, Equatable {
    /// It left the machine's count of time by so many microseconds, forward if positive.
    case jumped(Int64, isBelieved: Bool)
    /// It is believed again without having jumped: it came back, or something synchronises it now.
    case believedAgain
}

/// What a gateway does with the next records of a partition.
public enum ClockVerdict: Sendable, Equatable {
    /// They get max(clock, newest created_at).
    case stamp
    /// The clock is right and the newest created_at is not: a record says so, and the next ones get the clock's time.
    case setBack(SetBackCause)
    /// Nobody knows which of the two is right: nothing is admitted.
    case refuse
}

/// Why time goes back.
public struct SetBackCause: Sendable, Equatable {
    public var reason: ClockSetBack.Reason
    /// Who confirmed the clock: the public id of an API key, or empty.
    public var confirmedBy: [UInt8]

    public init(_ reason: ClockSetBack.Reason, by confirmedBy: [UInt8] = []) {
        self.reason = reason
        self.confirmedBy = confirmedBy
    }
}
