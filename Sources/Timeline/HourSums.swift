/// What moved in one hour of one worker, station or factory: sums of closed intervals and of counts, in µs and units.
///
/// A difference, never a total: the store adds it to its row, so that a late event needs no row in memory.
public struct HourSums: Sendable, Equatable {
    /// Hours since 1970, shifted by the site's anchor (DESIGN 1.7); ``HourSums/noHour`` when the slot is free.
    public var hour: Int64
    public var working: Int64 = 0
    public var idle: Int64 = 0
    public var absent: Int64 = 0
    public var units: Int64 = 0
    /// Largest created_at of what ever moved this hour: a question about an earlier knowledge must not use it.
    public var changed: Int64 = Int64.min
    /// Stations only: the newest event time of any accepted event there in this hour; `Int64.min` without one.
    public var newest: Int64 = Int64.min
    /// Stations only: how often an event left this station for another winner; then ``newest`` may be too late.
    public var withdrawn: Int64 = 0

    static let noHour = Int64.min

    public init(hour: Int64) { self.hour = hour }

    public mutating func add(_ other: HourSums) {
        working += other.working
        idle += other.idle
        absent += other.absent
        units += other.units
        changed = max(changed, other.changed)
        newest = max(newest, other.newest)
        withdrawn += other.withdrawn
    }
}

/// Whose sums they are.
public enum HourKind: UInt8, Sendable, CaseIterable {
    case worker = 0
    case workstation = 1
    case factory = 2
}

/// Sums with their owner: worker or station number; 0 for the factory.
public struct HourRow: Sendable, Equatable {
    public var kind: HourKind
    public var entity: UInt32
    public var sums: HourSums

    public init(kind: HourKind, entity: UInt32, sums: HourSums) {
        self.kind = kind
        self.entity = entity
        self.sums = sums
    }
}

/// The two hours that an entity is likely to move in; a third pushes one of them out into the list of the commit.
struct HourSlots: Sendable {
    private(set) var even = HourSums(hour: HourSums.noHour)
    private(set) var odd = HourSums(hour: HourSums.noHour)

    var isEmpty: Bool { even.hour == HourSums.noHour && odd.hour == HourSums.noHour }

    /// The sums of `hour`, free for adding; whatever else stood in its slot is appended to `spill`.
    @inline(__always)
    mutating func change(
        _ hour: Int64, _ kind: HourKind, _ entity: UInt32, _ mark: Int64, spill: inout [HourRow],
        _ change: (inout HourSums) -> Void
    ) {
        if hour & 1 == 0 {
            HourSlots.claim(&even, hour, kind, entity, mark, &spill)
            change(&even)
        } else {
            HourSlots.claim(&odd, hour, kind, entity, mark, &spill)
            change(&odd)
        }
    }

    @inline(__always)
    private static func claim(
        _ slot: inout HourSums, _ hour: Int64, _ kind: HourKind, _ entity: UInt32, _ mark: Int64,
        _ spill: inout [HourRow]
    ) {
        if slot.hour != hour {
            if slot.hour != HourSums.noHour { spill.append(HourRow(kind: kind, entity: entity, sums: slot)) }
            slot = HourSums(hour: hour)
        }
        if slot.changed < mark { slot.changed = mark }
    }

    /// Appends what the slots hold.
    func collect(_ kind: HourKind, _ entity: UInt32, into rows: inout [HourRow]) {
        if even.hour != HourSums.noHour { rows.append(HourRow(kind: kind, entity: entity, sums: even)) }
        if odd.hour != HourSums.noHour { rows.append(HourRow(kind: kind, entity: entity, sums: odd)) }
    }

    mutating func clear() { self = HourSlots() }
}
