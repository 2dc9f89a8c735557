import Clocks
import EventLog
import EventModel
import Locks
import SimulationKit

/// The clock of a gateway's host: the true time, and how far it is off.
final class HostClock: ProcessClock, @unchecked Sendable {
    // Unchecked: a simulation has one thread.
    private let world: SimulatedClock
    /// How far it is ahead, in microseconds.
    var offset: Int64
    private(set) var synchronisation = ClockSynchronisation.unsynchronised

    init(_ world: SimulatedClock, offset: Int64) {
        self.world = world
        self.offset = offset
    }

    var now: Timestamp { world.timestamp + offset }
    var uptime: MonotonicTime { world.instant }

    /// Somebody sets it by hand.
    func set(ahead microseconds: Int64) {
        offset = microseconds
        synchronisation = .unsynchronised
    }

    /// From now on NTP keeps it right.
    func synchronise() {
        offset = 0
        synchronisation = .synchronised
    }

    func wait<State, Result>(
        for monitor: Monitor<State>, until deadline: MonotonicTime, _ body: (inout State) -> Result?
    ) -> Result? {
        preconditionFailure("nothing waits in a simulation")
    }
}

extension SimulatedLog {
    /// The newest created_at since time was last set back: what workers tell gateways about the partition.
    var newestStamp: Timestamp {
        var newest = Timestamp.earliest
        for record in records.reversed() {
            newest = max(newest, record.createdAt)
            if record.key.starts(with: ClockSetBack.keyPrefix) { break }
        }
        return newest
    }
}
