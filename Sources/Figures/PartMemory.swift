internal import EventModel
internal import Locks
internal import Timeline

/// Sums of parts of a site's hours, kept from one question to the next.
///
/// Windows that begin or end inside an hour need sums that no hour row has; they come from the events of every worker. A week of
/// shifts has sixty such parts, and they hardly ever change.
///
/// What is kept cannot be out of date. An hour whose newest change is *k* holds what a fold of the records created until
/// *k* computes, as questions with a known_at rely on (SPEC 7.2), and so does each part of it. Sums are made, and used
/// again, only where the newest change is the same *k*, where the question knows it, and where all records created until
/// *k* are folded and none can follow (SPEC 5.8). So both times they are the same function of the same records: a later
/// record has a later created_at, and either shows as a later change or leaves the hour alone. Three things need care.
/// A definition that changes the ttl derives all hours again and leaves their changes as they were, so it counts as a
/// change of every hour. Numbers of workers belong to one fold. And where time was set back (SPEC 2.9), what was settled
/// may have changed: another fold, or another dispute about the clock, begins with an empty memory.
///
/// Open intervals are not in hours, and not here: each question adds those that it sees.
package final class PartMemory: Sendable {
    private struct Part: Sendable {
        var changedAt: NewestTime
        var sums: PartSums
    }

    private struct State: Sendable {
        var parts: [Range<Int64>: Part] = [:]
        var byteCount = 0
    }

    private let state = Guarded(State())

    /// At this size the memory is emptied and filled again. A week of three shifts a day takes 25 KiB with a thousand
    /// workers, and 800 KiB with a hundred thousand.
    package static let bytesMaximum = 1 << 20

    package init() {}

    /// Number of parts that are kept.
    package var count: Int { state.withLock { $0.parts.count } }

    /// - Parameter changedAt: the newest change of the hour.
    func sums(of range: Range<Int64>, changedAt: NewestTime) -> PartSums? {
        guard let part = state.withLock({ $0.parts[range] }), part.changedAt == changedAt else { return nil }
        return part.sums
    }

    func keep(_ sums: PartSums, of range: Range<Int64>, changedAt: NewestTime) {
        state.withLock { state in
            if let old = state.parts[range] { state.byteCount -= old.sums.byteCount }
            if state.byteCount + sums.byteCount > Self.bytesMaximum { state = State() }
            state.parts[range] = Part(changedAt: changedAt, sums: sums)
            state.byteCount += sums.byteCount
        }
    }
}

/// Closed intervals and counts of the whole factory in a part of an hour.
struct PartSums: Sendable {
    /// Without the two counts.
    var totals: FactoryTotals
    /// A bit for each worker who has time in a state.
    var activeWorkers: [UInt64]
    /// A bit for each station that has time of present workers.
    var activeStations: [UInt64]

    /// With what a dictionary and two arrays need beside the bits.
    var byteCount: Int { 256 + (activeWorkers.count + activeStations.count) * 8 }
}

/// What a question may take from a memory, and add to it.
package struct RememberedParts: Sendable {
    package let memory: PartMemory
    /// In microseconds: all records of the site that were created before are folded, and none can follow (SPEC 5.8).
    package let settledBefore: Int64

    package init(_ memory: PartMemory, settledBefore: Int64) {
        self.memory = memory
        self.settledBefore = settledBefore
    }
}
