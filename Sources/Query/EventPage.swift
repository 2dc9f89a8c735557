internal import EventModel
internal import Figures
internal import HTTPServer
internal import Timeline

/// A page of the event listing (SPEC 8.5).
struct EventPage: Equatable, Sendable {
    var items: [EventItem]
    /// Where the next page continues; nil on the last page.
    var nextCursor: String?
}

/// An event of the listing.
struct EventItem: Equatable, Sendable {
    /// Microseconds.
    var time: Int64
    var worker: ArraySlice<UInt8>
    var workstation: ArraySlice<UInt8>
    var type: EventType
    var confidence: FixedPoint
    /// Set for `product_count` only.
    var count: Int64?
    var camera: ArraySlice<UInt8>?
    var modelVersion: ArraySlice<UInt8>?
    var isLowConfidence: Bool
    var position: Position
    /// Microseconds.
    var createdAt: Int64
}

extension Question {
    /// - Throws: ``Problem`` if the cursor belongs to another question.
    func events(_ partition: PartitionIndex) throws -> EventPage {
        let cursors = EventCursor(self)
        guard let filter = try filter(cursors) else { return EventPage(items: []) }
        let events = try site.events(filter, view, reader)
        let shown = events.prefix(parameters.pageLimit)
        return EventPage(
            items: shown.map { item($0, partition) },
            nextCursor: events.count > shown.count ? shown.last.map { cursors.text($0.cursor) } : nil)
    }

    /// nil if the question names an id that no event has.
    private func filter(_ cursors: EventCursor) throws -> EventFilter? {
        var filter = EventFilter()
        if let cursor = parameters.cursor { filter.after = try cursors.read(cursor) }
        if let worker = parameters.workers.first {
            filter.worker = site.workers.number(of: worker.bytes)
            if filter.worker == nil { return nil }
        }
        if let workstation = parameters.workstations.first {
            filter.station = site.stations.number(of: workstation.bytes)
            if filter.station == nil { return nil }
        }
        filter.type = parameters.eventType
        if let from { filter.from = from.microseconds }
        if let to { filter.to = to.microseconds }
        if let createdFrom { filter.createdFrom = createdFrom.microseconds }
        if let createdTo { filter.createdTo = createdTo.microseconds }
        // One more than shown reveals whether there is a next page.
        filter.limit = parameters.pageLimit + 1
        return filter
    }

    /// What arrived in records at an offset and after it, oldest first (SPEC 7.5).
    func arrived(since offset: LogOffset, _ partition: PartitionIndex) -> [EventItem] {
        site.recentWinners.since(offset).map { item($0, partition) }
    }

    func item(_ event: ListedEvent, _ partition: PartitionIndex) -> EventItem {
        EventItem(
            event.entry, in: partition, worker: site.workers[event.worker], site.source(event.entry.origin),
            isLowConfidence: event.isLowConfidence)
    }

    func item(_ event: QuarantinedEvent, _ partition: PartitionIndex) -> EventItem {
        EventItem(
            event.entry, in: partition, worker: event.worker[...],
            SourceIDs(
                workstation: event.workstation[...], camera: event.camera.map { $0[...] },
                modelVersion: event.modelVersion.map { $0[...] }),
            isLowConfidence: false)
    }
}

extension EventItem {
    fileprivate init(
        _ entry: TimelineEntry, in partition: PartitionIndex, worker: ArraySlice<UInt8>, _ source: SourceIDs,
        isLowConfidence: Bool
    ) {
        self.init(
            time: entry.time, worker: worker, workstation: source.workstation, type: entry.type,
            confidence: FixedPoint(scaled: Int128(entry.confidence), decimals: 6),
            count: entry.type == .productCount ? entry.count : nil, camera: source.camera,
            modelVersion: source.modelVersion,
            isLowConfidence: isLowConfidence,
            position: Position(
                record: RecordPosition(partition: partition, offset: entry.offset), index: entry.index),
            createdAt: entry.createdAt)
    }
}
