internal import EventModel
internal import Figures
internal import Locks
internal import Projector
internal import Timeline

/// What questions about each site remember of parts of hours, as long as it holds (``PartMemory``).
final class PartMemories: Sendable {
    private struct Entry: Sendable {
        weak var fold: (any AnyObject & Sendable)?
        /// What was settled in an earlier era of the clock, or before time was set back, may have changed (SPEC 2.9).
        var era: UInt64
        var clockDisputes: ClockDisputes
        var memory: PartMemory
    }

    private let sites = Guarded<[SiteID: Entry]>([:])
    /// At this size all are forgotten: 128 MiB if each has ``PartMemory/bytesMaximum``, and most have a few KiB.
    private static let sitesMaximum = 128

    /// - Parameter era: that of the time by which something is settled.
    /// - Returns: nil where nothing may be kept.
    func memory(of snapshot: ProjectionSnapshot, era: UInt64) -> PartMemory? {
        guard let fold = snapshot.fold else { return nil }
        let site = snapshot.site.siteID
        return sites.withLock { sites in
            if let known = sites[site], known.fold === fold, known.era == era,
                known.clockDisputes == snapshot.clockDisputes
            {
                return known.memory
            }
            if sites.count >= Self.sitesMaximum { sites.removeAll() }
            let memory = PartMemory()
            sites[site] = Entry(fold: fold, era: era, clockDisputes: snapshot.clockDisputes, memory: memory)
            return memory
        }
    }
}
