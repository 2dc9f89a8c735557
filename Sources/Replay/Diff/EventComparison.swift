internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Timeline

/// Compares the winners of a site, page by page: bytes that are the same are the same events; others are decoded and
/// compared one by one.
struct EventComparison {
    let pair: SitePair
    private var live: LineCursor
    private var new: LineCursor

    init(_ pair: SitePair) throws {
        self.pair = pair
        live = LineCursor(try pair.readers.live.pages())
        new = LineCursor(try pair.readers.new.pages())
    }

    mutating func run(_ found: inout DifferenceCollector) throws {
        for worker in 0..<pair.workers.count {
            for eventClass in [EventClass.accepted, .lowConfidence] {
                try live.open(pair.live.index, pair.workers.live(worker).map { LineIndex($0, eventClass) })
                try new.open(pair.new.index, pair.workers.new(worker).map { LineIndex($0, eventClass) })
                try compareLine(UInt32(worker), eventClass, &found)
            }
        }
    }

    private mutating func compareLine(
        _ worker: UInt32, _ eventClass: EventClass, _ found: inout DifferenceCollector
    ) throws {
        // The last state differed: then what pages note of it does, too.
        var lastStateDiffers = false
        while true {
            try live.settle()
            try new.settle()
            if let pages = live.undecoded, let others = new.undecoded, pages.fence == others.fence {
                if pair.hasSameNumbers, pages.isSame(as: others) {
                    found.equal(.event, pages.eventCount)
                    lastStateDiffers = false
                    try live.next()
                    try new.next()
                    continue
                }
                let (entry, other) = (try live.decode().entry, try new.decode().entry)
                if !lastStateDiffers, !(try isSame(entry, other)) {
                    try differs(worker, eventClass, entry, other, "state before the page", &found)
                }
                continue
            }
            let (one, other) = (try live.current(), try new.current())
            guard let key = [one?.key, other?.key].compactMap({ $0 }).min() else { return }
            let before = one?.key == key ? one : nil
            let after = other?.key == key ? other : nil
            let isSame = try isSame(before, after)
            if key.isState { lastStateDiffers = !isSame }
            if isSame { found.equal(.event) } else { try differs(worker, eventClass, before, after, nil, &found) }
            if before != nil { live.pass() }
            if after != nil { new.pass() }
        }
    }

    private func isSame(_ before: TimelineEntry?, _ after: TimelineEntry?) throws -> Bool {
        try pair.isSame(before, after)
    }

    /// - Parameter role: what the event is in the page where it differs; nil for one of its events.
    private func differs(
        _ worker: UInt32, _ eventClass: EventClass, _ before: TimelineEntry?, _ after: TimelineEntry?, _ role: String?,
        _ found: inout DifferenceCollector
    ) throws {
        guard let key = (before ?? after)?.key else { return }
        let size = role == nil ? pair.size(before, after) : DifferenceSize.second
        try found.different(.event, size: size) {
            var ids = [
                NamedValue("worker_id", .id(pair.workers.id(worker))), NamedValue("event_type", .text(key.type.text)),
                NamedValue("class", .text(eventClass == .accepted ? "accepted" : "low_confidence")),
            ]
            if let role { ids.append(NamedValue("role", .text(role))) }
            return .init(
                difference: Difference(
                    kind: .event, site: pair.siteID, ids: ids, time: key.time, size: size,
                    members: try pair.members(before, after)),
                // The other classes make no hours.
                hour: eventClass == .accepted && pair.hasSameHours ? pair.live.parameters.hour(of: key.time) : nil)
        }
    }
}

/// Goes along the pages of one line after another, and decodes only what somebody looks at.
private struct LineCursor {
    private let pages: StoredPages
    private var hasPage = false
    private var page: Page?
    private var index = 0

    init(_ pages: StoredPages) { self.pages = pages }

    /// - Parameter line: nil for an empty one.
    mutating func open(_ site: UInt32, _ line: LineIndex?) throws {
        hasPage = false
        page = nil
        guard let line else { return }
        try pages.start(site: site, line)
        try next()
    }

    /// Goes to the next page.
    mutating func next() throws {
        page = nil
        index = 0
        hasPage = try pages.next()
    }

    /// Leaves pages of which nothing is left.
    mutating func settle() throws {
        while let page, index >= page.entries.count { try next() }
    }

    /// The page that comes next, if none of it was looked at.
    var undecoded: StoredPages? { hasPage && page == nil ? pages : nil }

    mutating func decode() throws -> Page {
        if let page { return page }
        let decoded = try pages.page()
        page = decoded
        index = 0
        return decoded
    }

    /// The next event; nil after the last one.
    mutating func current() throws -> TimelineEntry? {
        while hasPage {
            let page = try decode()
            if index < page.entries.count { return page.entries[index] }
            try next()
        }
        return nil
    }

    /// Goes behind the current event.
    mutating func pass() { index += 1 }
}

extension SitePair {
    /// Whether two events of one key are the same, wherever their origins have their numbers.
    func isSame(_ before: TimelineEntry?, _ after: TimelineEntry?) throws -> Bool {
        guard let before, let after else { return before == nil && after == nil }
        guard before.key == after.key, before.createdAt == after.createdAt, before.position == after.position else {
            return false
        }
        if hasSameNumbers { return before.detail == after.detail }
        let (origin, other) = (try liveOrigin(before), try newOrigin(after))
        return before.confidence == after.confidence && before.count == after.count && origin == other
    }

    /// See ``DifferenceSize``.
    func size(_ before: TimelineEntry?, _ after: TimelineEntry?) -> Int64 {
        let units = DifferenceSize.between(before?.count ?? 0, after?.count ?? 0)
        let isOnOneSide = (before == nil) != (after == nil)
        let isState = (before ?? after)?.isState ?? false
        if isState { return isOnOneSide ? DifferenceSize.unit : DifferenceSize.second }
        return max(DifferenceSize.times(units, DifferenceSize.unit), DifferenceSize.second)
    }

    /// What of an event differs, with the ids that both generations have.
    func members(_ before: TimelineEntry?, _ after: TimelineEntry?) throws -> [Difference.Member] {
        let one = try before.map { try values($0, liveOrigin($0)) } ?? []
        let other = try after.map { try values($0, newOrigin($0)) } ?? []
        var members: [Difference.Member] = []
        for name in Self.eventMembers {
            let (value, otherValue) = (one.first { $0.name == name }?.value, other.first { $0.name == name }?.value)
            if value != otherValue { members.append(.init(name, value, otherValue)) }
        }
        return members
    }

    private static let eventMembers = [
        "event_time", "event_type", "workstation_id", "camera_id", "model_version", "confidence", "count", "position",
        "created_at",
    ]

    private func values(_ entry: TimelineEntry, _ origin: UInt32) -> [NamedValue] {
        let position = Position(record: .init(partition: partition, offset: entry.offset), index: entry.index)
        return [NamedValue("event_time", .time(entry.time)), NamedValue("event_type", .text(entry.type.text))]
            + name(ofOrigin: origin)
            + [
                NamedValue("confidence", .confidence(entry.confidence)), NamedValue("count", .integer(entry.count)),
                NamedValue("position", .text(position.description)), NamedValue("created_at", .time(entry.createdAt)),
            ]
    }

    private func liveOrigin(_ entry: TimelineEntry) throws -> UInt32 {
        try HourComparison.known(entry.origin, count: origins.liveCount)
    }

    private func newOrigin(_ entry: TimelineEntry) throws -> UInt32 {
        try HourComparison.common(entry.origin, origins.common)
    }
}
