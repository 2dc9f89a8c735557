internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// A page of the quarantined events of a site (SPEC 2.7).
struct QuarantinePage: Equatable, Sendable {
    var items: [QuarantineItem]
    /// Where the next page continues; nil on the last page.
    var nextCursor: String?
}

/// A quarantined event of the listing.
struct QuarantineItem: Equatable, Sendable {
    /// nil for a reason that this version does not know.
    var reason: Mark?
    /// Its members but for `low_confidence`.
    var event: EventItem
}

/// Quarantined events by reason, worker, workstation and camera: the most first.
struct QuarantineStats: Equatable, Sendable {
    var groups: [QuarantineGroup]
    /// Whether there are more groups.
    var isTruncated: Bool
}

struct QuarantineGroup: Equatable, Sendable {
    var reason: Mark?
    var worker: ArraySlice<UInt8>
    var workstation: ArraySlice<UInt8>
    var camera: ArraySlice<UInt8>?
    var count: Int64
    /// The earliest and the latest created_at, in microseconds.
    var oldest: Int64
    var newest: Int64
}

extension Question {
    /// Groups that are shown.
    static let quarantineGroupsShown = 1000
    /// Groups that are counted; some 20 MB.
    static let quarantineGroupsMaximum = 200_000

    /// - Throws: ``Problem`` if the cursor belongs to another question.
    func quarantine(_ partition: PartitionIndex) throws -> QuarantinePage {
        let cursors = EventCursor(self)
        guard var filter = quarantineFilter() else { return QuarantinePage(items: []) }
        if let cursor = parameters.cursor {
            let place = try cursors.read(cursor)
            filter.after = QuarantineFilter.Cursor(createdAt: place.time, position: place.position)
        }
        let limit = parameters.pageLimit
        var events: [QuarantinedEvent] = []
        // One more than shown reveals whether there is a next page.
        try site.forEachQuarantined(filter, reader) { event in
            events.append(event)
            return events.count <= limit
        }
        let next = events.count > limit ? events[limit - 1].entry : nil
        return QuarantinePage(
            items: events.prefix(limit).map { event in
                let listed = ListedEvent(worker: event.worker, isLowConfidence: false, entry: event.entry)
                return QuarantineItem(reason: event.entry.quarantineReason, event: item(listed, partition))
            },
            nextCursor: next.map {
                cursors.text(EventFilter.Cursor(time: $0.createdAt, position: $0.position))
            })
    }

    func quarantineStats() throws -> QuarantineStats {
        guard let filter = quarantineFilter() else { return QuarantineStats(groups: [], isTruncated: false) }
        var groups: [GroupKey: GroupSums] = [:]
        try site.forEachQuarantined(filter, reader) { event in
            let origin = site.origin(event.entry.origin)
            let key = GroupKey(
                reason: event.entry.quarantineReason, worker: event.worker, station: origin.station,
                camera: origin.camera)
            groups[key, default: GroupSums(event.entry.createdAt)].add(event.entry.createdAt)
            return groups.count <= Question.quarantineGroupsMaximum
        }
        guard groups.count <= Question.quarantineGroupsMaximum else {
            throw Problem(
                400,
                detail: "more than \(Question.quarantineGroupsMaximum) groups: ask for less, e.g. one reason or day")
        }
        let named = groups.map { key, sums in
            QuarantineGroup(
                reason: key.reason, worker: site.workers[key.worker], workstation: site.stations[key.station],
                camera: name(key.camera), count: sums.count, oldest: sums.oldest, newest: sums.newest)
        }
        let sorted = named.sorted { $0.precedes($1) }
        return QuarantineStats(
            groups: Array(sorted.prefix(Question.quarantineGroupsShown)),
            isTruncated: sorted.count > Question.quarantineGroupsShown)
    }

    private struct GroupKey: Hashable {
        var reason: Mark?
        var worker: UInt32
        var station: UInt32
        var camera: UInt32
    }

    private struct GroupSums {
        var count: Int64 = 0
        var oldest: Int64
        var newest: Int64

        init(_ createdAt: Int64) { (oldest, newest) = (createdAt, createdAt) }

        mutating func add(_ createdAt: Int64) {
            count += 1
            oldest = min(oldest, createdAt)
            newest = max(newest, createdAt)
        }
    }

    /// nil if the question names an id that no event has.
    private func quarantineFilter() -> QuarantineFilter? {
        var filter = QuarantineFilter()
        filter.reason = parameters.reason
        if let worker = parameters.workers.first {
            filter.worker = site.workers.number(of: worker.bytes)
            if filter.worker == nil { return nil }
        }
        if let workstation = parameters.workstations.first {
            filter.station = site.stations.number(of: workstation.bytes)
            if filter.station == nil { return nil }
        }
        if let camera = parameters.camera {
            filter.camera = site.names.number(of: camera.bytes).map { $0 + 1 }
            if filter.camera == nil { return nil }
        }
        if let from { filter.from = from.microseconds }
        if let to { filter.to = to.microseconds }
        if let createdFrom { filter.createdFrom = createdFrom.microseconds }
        if let createdTo { filter.createdTo = createdTo.microseconds }
        return filter
    }
}

extension QuarantineGroup {
    /// The most first; then by reason and ids.
    fileprivate func precedes(_ other: QuarantineGroup) -> Bool {
        if count != other.count { return count > other.count }
        let (left, right) = (order, other.order)
        for (mine, others) in zip(left, right) where mine != others { return mine.lexicographicallyPrecedes(others) }
        return false
    }

    private var order: [[UInt8]] {
        [Array((reason?.verdict.code ?? "").utf8), Array(worker), Array(workstation), camera.map { Array($0) } ?? []]
    }
}
