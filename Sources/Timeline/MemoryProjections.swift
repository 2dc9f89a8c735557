public import EventModel

/// The in-memory twin of the projection store: the accumulated commits, for tests and measurements (DESIGN 1.10).
///
/// It stores pages in encoded form, so that tests exercise the codec too. For one thread at a time.
public final class MemoryProjections: PageReader, HourReader, ArrivalReader, QuarantineReader, DefinitionReader {
    private struct RowKey: Hashable {
        var site: UInt32
        var kind: UInt8
        var hour: Hour
        var entity: UInt32
    }

    private struct StayKey: Hashable {
        var site: UInt32
        var worker: UInt32
        var start: Hour
    }

    private struct StoredPage {
        var id: Int64
        var fence: EventKey
        var blob: [UInt8]
    }

    private var pages: [LineID: [StoredPage]] = [:]
    private var hours: [RowKey: HourSums] = [:]
    /// By site, worker and first hour.
    private var stays: [StayKey: Stay] = [:]
    private var health: [RowKey: HealthSums] = [:]
    /// By site and created_at.
    private var arrivals: [UInt32: [Int64: ArrivalRow]] = [:]
    /// By site and sequence, without workers.
    private var definitions: [UInt32: [Int: SiteDefinition]] = [:]
    /// By site and position.
    private var quarantined: [UInt32: [PackedPosition: QuarantinedEvent]] = [:]

    /// How often a page was asked for, whether or not there is one.
    public private(set) var pageReads = 0

    public init() {}

    public func apply(_ set: CommitSet) {
        for site in set.sites {
            for dirty in site.pages { store(dirty) }
            for (number, definition) in site.definitions.enumerated() {
                var settings = definition.record.definition
                settings.workers = []
                definitions[site.index, default: [:]][site.firstDefinition + number] = settings
            }
            if site.clearsHours {
                hours = hours.filter { $0.key.site != site.index }
                stays = stays.filter { $0.key.site != site.index }
            }
            for change in site.stays {
                let stay = change.stay
                stays[StayKey(site: site.index, worker: stay.worker, start: stay.hours.lowerBound)] =
                    change.isRemoval ? nil : stay
            }
            for row in site.hours {
                let key = RowKey(site: site.index, kind: row.kind.rawValue, hour: row.sums.hour, entity: row.entity)
                hours[key, default: HourSums(hour: row.sums.hour)].add(row.sums)
            }
            for row in site.health {
                let key = RowKey(site: site.index, kind: 0, hour: row.sums.hour, entity: row.origin)
                health[key, default: HealthSums(hour: row.sums.hour)].add(row.sums)
            }
            for row in site.arrivals {
                arrivals[site.index, default: [:]][row.createdAt, default: ArrivalRow(createdAt: row.createdAt)].add(
                    row)
            }
            for event in site.quarantined { quarantined[site.index, default: [:]][event.entry.position] = event }
            for position in site.displaced { quarantined[site.index]?[position]?.isWinner = false }
        }
    }

    private func store(_ dirty: CommitSet.DirtyPage) {
        var blob: [UInt8] = []
        PageCodec.encode(dirty.page, into: &blob)
        let stored = StoredPage(id: dirty.page.id, fence: dirty.page.fence, blob: blob)
        var line = pages[dirty.line] ?? []
        let index = line.firstIndex { $0.fence >= stored.fence } ?? line.count
        if index < line.count, line[index].fence == stored.fence {
            line[index] = stored
        } else {
            line.insert(stored, at: index)
        }
        pages[dirty.line] = line
    }

    public func page(of line: LineID, holding key: EventKey) throws -> Page? {
        pageReads += 1
        guard let stored = pages[line]?.last(where: { $0.fence <= key }) else { return nil }
        return try unsafe stored.blob.withUnsafeBytes {
            unsafe try PageCodec.decode($0, id: stored.id, fence: stored.fence)
        }
    }

    public func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace? {
        let winner = (quarantined[site] ?? [:]).values.first { $0.isWinner && $0.key == key }
        return winner.map { QuarantinedPlace(createdAt: $0.entry.createdAt, position: $0.entry.position) }
    }

    /// The lines of a site that have pages.
    func lines(of site: UInt32) -> [LineIndex] {
        pages.keys.filter { LineID.all(ofSite: site).contains($0.value) }.compactMap(\.line)
    }

    public func forEachHour(
        site: UInt32, _ kind: HourKind, _ range: Range<Hour>, _ body: (UInt32, HourSums) -> Void
    ) throws {
        for (key, sums) in hours where key.site == site && key.kind == kind.rawValue && range.contains(key.hour) {
            body(key.entity, sums)
        }
    }

    public func forEachStay(site: UInt32, _ range: Range<Hour>, _ body: (Stay) -> Void) throws {
        for (key, stay) in stays where key.site == site && stay.hours.overlaps(range) { body(stay) }
    }

    public func forEachStationHour(
        site: UInt32, before hour: Hour, _ body: (UInt32, HourSums) -> Bool
    ) throws {
        let rows = hours.filter {
            $0.key.site == site && $0.key.kind == HourKind.workstation.rawValue && $0.key.hour < hour
        }
        for (key, sums) in rows.sorted(by: { $0.key.hour > $1.key.hour }) where !body(key.entity, sums) { return }
    }

    public func forEachHealthHour(site: UInt32, _ range: Range<Hour>, _ body: (UInt32, HealthSums) -> Void) throws {
        for (key, sums) in health where key.site == site && range.contains(key.hour) { body(key.entity, sums) }
    }

    public func forEachArrival(site: UInt32, upTo createdAt: Int64, _ body: (ArrivalRow) -> Bool) throws {
        let rows = (arrivals[site] ?? [:]).values.filter { $0.createdAt <= createdAt }
        for row in rows.sorted(by: { $0.createdAt > $1.createdAt }) where !body(row) { return }
    }

    public func newestEvent(site: UInt32, upTo createdAt: Int64) throws -> NewestTime {
        (arrivals[site] ?? [:]).values.reduce(into: NewestTime.none) {
            if $1.createdAt <= createdAt { $0.note($1.newestEvent) }
        }
    }

    public func settings(site: UInt32, definition sequence: Int) throws -> SiteDefinition? {
        definitions[site]?[sequence]
    }

    public func forEachQuarantined(
        site: UInt32, createdAt range: ClosedRange<Int64>, _ body: (QuarantinedEvent) -> Bool
    ) throws {
        let winners = (quarantined[site] ?? [:]).values.filter { $0.isWinner && range.contains($0.entry.createdAt) }
        let order = winners.sorted {
            $0.entry.createdAt != $1.entry.createdAt
                ? $0.entry.createdAt > $1.entry.createdAt : $0.entry.position < $1.entry.position
        }
        for event in order where !body(event) { return }
    }

    public func quarantined(site: UInt32, after key: QuarantineKey?, limit: Int) throws -> [QuarantinedEvent] {
        let winners = (quarantined[site] ?? [:]).values.filter { event in
            event.isWinner && (key.map { $0.precedes(event.key) } ?? true)
        }
        return Array(winners.sorted { $0.precedes($1) }.prefix(limit))
    }
}
