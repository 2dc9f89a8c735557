/// The changes in one hour: differences, never totals.
protocol Bucket: Sendable {
    var hour: Hour { get }
    var changedAt: NewestTime { get set }
    init(hour: Hour)
}

extension HourSums: Bucket {}
extension HealthSums: Bucket {}

/// The two hours in which an entity most likely changes; a third one evicts one of them into the list of the commit.
///
/// Invariant: even hours use one slot, odd hours the other, so one comparison finds the slot.
struct BucketSlots<Sums: Bucket>: Sendable {
    private var even = Sums(hour: Self.free)
    private var odd = Sums(hour: Self.free)

    /// The hour of an empty slot; no event can have it.
    private static var free: Hour { Hour(Int64.min) }

    @inline(__always)
    var isEmpty: Bool { even.hour == Self.free && odd.hour == Self.free }

    /// See ``WorkerTimelines/readAhead(_:)``.
    @inline(__always)
    var readAhead: Int64 { even.hour.number &+ odd.hour.number }

    /// Changes the sums of `hour`. If its slot holds another hour, passes that one to `spill` first.
    @inline(__always)
    mutating func change(
        _ hour: Hour, _ changedAt: Int64, spill: (Sums) -> Void, _ change: (inout Sums) -> Void
    ) {
        if hour.number & 1 == 0 {
            Self.claim(&even, hour, changedAt, spill)
            change(&even)
        } else {
            Self.claim(&odd, hour, changedAt, spill)
            change(&odd)
        }
    }

    @inline(__always)
    private static func claim(_ slot: inout Sums, _ hour: Hour, _ changedAt: Int64, _ spill: (Sums) -> Void) {
        if slot.hour != hour {
            if slot.hour != free { spill(slot) }
            slot = Sums(hour: hour)
        }
        slot.changedAt.note(changedAt)
    }

    /// Calls `body` with the sums in the slots.
    func collect(_ body: (Sums) -> Void) {
        if even.hour != Self.free { body(even) }
        if odd.hour != Self.free { body(odd) }
    }

    mutating func clear() { self = BucketSlots() }
}
