public import EventModel

/// The newest winners of a site, in the order in which they were folded: for readers that follow the site (SPEC 7.5).
///
/// In memory alone: after a start it is empty. Who follows the site compares with the ledger, which counts all winners.
public struct RecentWinners: Sendable {
    /// As many as a reader is told at once.
    public static let countMaximum = 200

    private var events: [ListedEvent] = []
    /// Where the next one goes once all places are taken: the oldest is there.
    private var next = 0

    @inline(__always)
    mutating func add(_ entry: TimelineEntry, _ worker: UInt32, isMarked: Bool) {
        let event = ListedEvent(worker: worker, isLowConfidence: isMarked, entry: entry)
        guard events.count == Self.countMaximum else { return events.append(event) }
        events[next] = event
        next = next + 1 == Self.countMaximum ? 0 : next + 1
    }

    /// Those of records at an offset or after it, oldest first. One that was displaced since may be among them.
    public func since(_ offset: LogOffset) -> [ListedEvent] {
        (events[next...] + events[..<next]).filter { $0.entry.offset >= offset }
    }
}

extension Ledger {
    /// Winners of the classes that events are listed from, over all time.
    public var winners: Int64 { folded + lowConfidence }
}
