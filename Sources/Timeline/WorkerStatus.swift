internal import EventModel

/// A worker's state just before the end of a window (SPEC 5.2).
public struct WorkerStatus: Sendable, Equatable {
    /// The event whose state holds; nil when unknown.
    public var current: TimelineEntry?
    /// Latest accepted event time before the end, in microseconds.
    public var lastSeen: Int64?
}

extension SiteFold {
    /// State and last event just before `end` (SPEC 5.2).
    package func status(
        _ worker: UInt32, _ end: Int64, _ view: KnowledgeView, _ reader: any PageReader
    ) throws -> WorkerStatus {
        guard hasEvents(worker) else { return WorkerStatus() }
        let key = EventKey(at: end)
        var status = WorkerStatus()
        status.lastSeen = try lastEvent(worker, before: key, knownAt: view.knownAt, reader)?.time
        if let holding = try state(worker, before: key, knownAt: view.knownAt, reader),
            view.clip(worker).limiting(holding.time + view.ttl) >= end
        {
            status.current = holding
        }
        return status
    }
}
