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
    /// Groups that are counted; some 40 MB.
    static let quarantineGroupsMaximum = 100_000

    /// - Throws: ``Problem`` if the cursor belongs to another question.
    func quarantine(_ partition: PartitionIndex) throws -> QuarantinePage {
        let cursors = EventCursor(self)
        var filter = quarantineFilter()
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
                QuarantineItem(reason: event.entry.quarantineReason, event: item(event, partition))
            },
            nextCursor: next.map {
                cursors.text(EventFilter.Cursor(time: $0.createdAt, position: $0.position))
            })
    }

    func quarantineStats() throws -> QuarantineStats {
        let filter = quarantineFilter()
        var groups: [GroupKey: GroupSums] = [:]
        try site.forEachQuarantined(filter, reader) { event in
            let key = GroupKey(
                reason: event.entry.quarantineReason, worker: event.worker, workstation: event.workstation,
                camera: event.camera)
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
                reason: key.reason, worker: key.worker[...], workstation: key.workstation[...],
                camera: key.camera.map { $0[...] }, count: sums.count, oldest: sums.oldest, newest: sums.newest)
        }
        let sorted = named.sorted { $0.precedes($1) }
        return QuarantineStats(
            groups: Array(sorted.prefix(Question.quarantineGroupsShown)),
            isTruncated: sorted.count > Question.quarantineGroupsShown)
    }

    private struct GroupKey: Hashable {
        var reason: Mark?
        var worker: [UInt8]
        var workstation: [UInt8]
        var camera: [UInt8]?
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

    private func quarantineFilter() -> QuarantineFilter {
        var filter = QuarantineFilter()
        filter.reason = parameters.reason
        filter.worker = parameters.workers.first?.bytes
        filter.workstation = parameters.workstations.first?.bytes
        filter.camera = parameters.camera?.bytes
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
