internal import EventModel
internal import Figures

/// What the alerts of hours were last judged by, so that of what came since it can be told whether an alert was otherwise
/// for less than a round. For the publishing thread.
///
/// It may forget: then the samples of an hour are looked at one by one from ``floor`` on.
final class AlertMemory {
    private struct Key: Hashable {
        var site: SiteID
        var start: Int64
    }

    private struct Entry {
        var next: LogOffset
        var hour: JudgedHour
    }

    /// What was told reaches to here for every hour; nil: unknown, so nothing is looked at.
    var floor: LogOffset?
    private var entries: [Key: Entry] = [:]
    private var scopeCount = 0
    /// Averages that are kept: some 40 MB.
    private static let scopesMaximum = 200_000
    /// How long ago an hour may have begun, in microseconds. What an import says of older ones is history: it has no order
    /// that anybody waits for, and may be years.
    private static let reach = 48 * Microseconds.hour

    /// From which record on the samples of an hour are to be looked at; nil: nothing can have been otherwise.
    /// - Parameter now: the clock, in microseconds.
    func start(_ hour: DueHour, _ judged: JudgedHour, now: Int64) -> LogOffset? {
        guard judged.canHaveAlerts, hour.start > now - Self.reach else { return nil }
        guard let entry = entries[Key(site: hour.site, start: hour.start)] else { return floor }
        return judged.mayHaveDiffered(since: entry.hour) ? entry.next : nil
    }

    /// Notes what an hour was judged by.
    /// - Parameter next: the first record that it does not have.
    func note(_ hour: DueHour, _ judged: JudgedHour, next: LogOffset, now: Int64) {
        guard hour.start > now - Self.reach else { return }
        let old = entries.updateValue(Entry(next: next, hour: judged), forKey: Key(site: hour.site, start: hour.start))
        scopeCount += judged.scopeCount - (old?.hour.scopeCount ?? 0)
        if scopeCount > Self.scopesMaximum { forget() }
    }

    /// What was judged may not have been told.
    func forget() { (entries, scopeCount) = ([:], 0) }
}
