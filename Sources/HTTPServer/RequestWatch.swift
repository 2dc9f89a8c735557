import Glibc
import Synchronization

/// What a connection is doing, and until when it may: one word that the connection's thread and the watchman agree on.
///
/// Only the connection's thread moves between phases, except to `late` and `expired`, which only the watchman writes; whoever loses
/// the exchange yields. So an answer is never sent by both.
struct RequestWatch: ~Copyable {
    enum Phase: UInt64 {
        /// No request line yet. → reading, expired
        case waiting
        /// Head or body on its way. → answering, lingering, late
        case reading
        /// Handler, suspension or answer; nothing is expected of the client. → waiting
        case answering
        /// Refused already; the rest is read only so that the client sees the refusal. → answering, expired
        case lingering
        /// Told that it came too late; what still comes is thrown away, or closing would take the answer back. → expired
        case late
        /// The connection is being closed.
        case expired
    }

    private let word: Atomic<UInt64>

    init(until deadline: UInt64) { word = Atomic(Self.pack(.waiting, deadline)) }

    var phase: Phase { Self.phase(of: word.load(ordering: .sequentiallyConsistent)) }

    /// Enters a phase; `deadline` in milliseconds of ``milliseconds()``, nil keeps the one that runs.
    /// - Returns: False where the watchman was faster: the connection must be closed without another word.
    func enter(_ phase: Phase, until deadline: UInt64? = nil) -> Bool {
        let old = word.load(ordering: .relaxed)
        guard Self.phase(of: old) != .expired, Self.phase(of: old) != .late else { return false }
        let new = Self.pack(phase, deadline ?? old >> 3)
        return word.compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
    }

    /// How long a client has to read that it was late.
    static let farewellMilliseconds: UInt64 = 1000

    /// Declares the connection late or expired where its time is up.
    /// - Returns: The phase that it was in; nil where it may go on.
    func expire(at now: UInt64) -> Phase? {
        let old = word.load(ordering: .relaxed)
        let phase = Self.phase(of: old)
        guard phase != .answering, phase != .expired, old >> 3 <= now else { return nil }
        let new = phase == .reading ? Self.pack(.late, now + Self.farewellMilliseconds) : Self.pack(.expired, old >> 3)
        return word.compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent).exchanged
            ? phase : nil
    }

    private static func pack(_ phase: Phase, _ deadline: UInt64) -> UInt64 { deadline << 3 | phase.rawValue }

    private static func phase(of word: UInt64) -> Phase { Phase(rawValue: word & 7) ?? .expired }

    /// A clock that only rises, read without a system call; good to a few milliseconds.
    static func milliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    /// The same, exact.
    static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
