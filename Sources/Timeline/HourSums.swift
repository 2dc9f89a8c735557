/// The changes in one hour of a worker, a station or the factory: sums of closed intervals and of counts, in µs and
/// units.
///
/// A difference, never a total: the store adds it to its row, so a late event does not need the row in memory.
public struct HourSums: Sendable, Equatable {
    public var hour: Hour
    public var working: Int64 = 0
    public var idle: Int64 = 0
    public var absent: Int64 = 0
    public var units: Int64 = 0
    /// Largest created_at that ever changed this hour; questions about earlier knowledge must not use the hour.
    public var changedAt = NewestTime.none
    /// Stations only: the latest accepted event time there in this hour.
    public var newest = NewestTime.none
    /// Stations only: how often a winner at another station displaced an event here; then ``newest`` may be too late.
    public var withdrawn: Int64 = 0

    public init(hour: Hour) { self.hour = hour }

    /// Whether a total has time in a state.
    public var isActive: Bool { working > 0 || idle > 0 || absent > 0 }

    public mutating func add(_ other: HourSums) {
        working += other.working
        idle += other.idle
        absent += other.absent
        units += other.units
        changedAt.note(other.changedAt)
        newest.note(other.newest)
        withdrawn += other.withdrawn
    }
}

/// The kind of entity that sums belong to.
public enum HourKind: UInt8, Sendable, CaseIterable {
    case worker = 0
    case workstation = 1
    case factory = 2
}

/// Sums with their entity: worker or station number; 0 for the factory.
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
