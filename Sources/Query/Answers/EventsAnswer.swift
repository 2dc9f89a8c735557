internal import EventModel
internal import Figures
internal import HTTPServer
internal import JSON
internal import Timeline

extension Question {
    /// The items of `GET /api/events` (SPEC 8.5).
    /// - Returns: where the next page goes on; nil on the last one.
    /// - Throws: ``Problem`` where the cursor is not one of this question.
    func writeEvents(to writer: inout JSONWriter, _ partition: PartitionIndex) throws -> String? {
        let cursors = EventCursor(question: parameters, site: site.siteID)
        var filter = EventFilter()
        var isEmpty = false
        if let worker = parameters.worker {
            filter.worker = site.workers.number(of: worker.bytes)
            isEmpty = filter.worker == nil
        }
        if let workstation = parameters.workstation {
            filter.station = site.stations.number(of: workstation.bytes)
            isEmpty = isEmpty || filter.station == nil
        }
        filter.type = parameters.eventType
        if let from { filter.from = from.microseconds }
        if let to { filter.to = to.microseconds }
        if let createdFrom = parameters.createdFrom { filter.createdFrom = createdFrom.microseconds }
        if let createdTo = parameters.createdTo { filter.createdTo = createdTo.microseconds }
        if let cursor = parameters.cursor { filter.after = try cursors.read(cursor) }
        // One more than shown tells whether there is a next page.
        filter.limit = parameters.limit + 1
        let events = isEmpty ? [] : try site.events(filter, view, reader)
        let shown = events.prefix(parameters.limit)
        writer.key("items")
        writer.array { writer in
            for event in shown { write(event, partition, to: &writer) }
        }
        return events.count > shown.count ? shown.last.map { cursors.text($0.cursor) } : nil
    }

    private func write(_ event: ListedEvent, _ partition: PartitionIndex, to writer: inout JSONWriter) {
        let entry = event.entry
        let origin = site.origin(entry.origin)
        writer.object { writer in
            writer.member("timestamp", microseconds: entry.time)
            writer.member("worker_id", id: workerID(event.worker))
            writer.member("workstation_id", id: site.stations[origin.station])
            writer.member("event_type", entry.type.text)
            writer.member("confidence", FixedPoint(scaled: Int128(entry.confidence), decimals: 6))
            writer.key("count")
            writer.integer(orNull: entry.type == .productCount ? entry.count : nil)
            writer.member("camera_id", id: name(origin.camera))
            writer.member("model_version", id: name(origin.modelVersion))
            writer.member("low_confidence", event.isLowConfidence)
            writer.member("position", position(entry, partition))
            writer.member("created_at", microseconds: entry.createdAt)
        }
    }

    /// Cameras and model versions are numbered from 1; 0 is none.
    private func name(_ number: UInt32) -> ArraySlice<UInt8>? { number == 0 ? nil : site.names[number - 1] }
}
