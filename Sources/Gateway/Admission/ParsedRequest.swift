internal import EventModel

/// A field of an event, in the order in which SPEC 2.1 names them.
enum EventField: UInt8, CaseIterable {
    case timestamp, workerID, workstationID, eventType, confidence, count, cameraID, modelVersion, siteID

    var name: StaticString {
        switch self {
        case .timestamp: "timestamp"
        case .workerID: "worker_id"
        case .workstationID: "workstation_id"
        case .eventType: "event_type"
        case .confidence: "confidence"
        case .count: "count"
        case .cameraID: "camera_id"
        case .modelVersion: "model_version"
        case .siteID: "site_id"
        }
    }
}

/// An event that is not simply accepted, and why: the first rule that it breaks (SPEC 2.3).
struct Rejection: Equatable {
    /// Place in the request, from 0.
    var index: UInt32
    var verdict: Verdict
    /// The field that breaks the rule; nil where it is the event as a whole.
    var field: EventField?
}

/// One ingest request after parsing: its storable events as columns, the others with their verdicts.
///
/// Everything that needs only the event and the definition is judged; created_at, and what hangs on it and on other
/// requests, comes on the log thread. Objects are reused from a pool, so that a request allocates little.
final class ParsedRequest {
    /// The events that are kept whatever follows, duplicates apart. ``EventBatch/marks`` says only whether the worker
    /// and the station are known, until the log thread has seen them.
    var batch = EventBatch(siteID: SiteID(bytes: []))
    /// For each event of ``batch``: its place in the request.
    var indexes: [UInt32] = []
    /// For each id of the batch: its hash.
    var hashes: [UInt64] = []
    /// Events that are not kept, by rising index.
    var rejections: [Rejection] = []
    /// Events of the request.
    var eventCount = 0
    /// The definition by which the events were judged.
    var snapshot: SiteSnapshot?
    /// Whether an event names a worker or station that this definition does not: then a newer one is to be looked for
    /// before that is said (DESIGN 5).
    var hasUnknown = false

    func removeAll() {
        batch.removeAll()
        indexes.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        rejections.removeAll(keepingCapacity: true)
        eventCount = 0
        snapshot = nil
        hasUnknown = false
    }

    /// Bytes that the request takes in the queue of the log thread, roughly.
    var sizeBytes: Int { 512 + batch.count * 64 + batch.ids.bytes.count + hashes.count * 16 + rejections.count * 8 }

    /// Looks the ids up again, in the definition that holds now (SPEC 3).
    func judgeAgain(by newer: SiteSnapshot) {
        snapshot = newer
        batch.definitionVersion = newer.version
        let bytes = batch.ids.bytes
        bytes.withUnsafeBytes { bytes in
            for event in 0..<batch.count {
                let worker = Int(batch.workers[event])
                let station = Int(batch.workstations[event])
                let workerBytes = UnsafeRawBufferPointer(rebasing: bytes[batch.ids.range(of: worker)])
                let stationBytes = UnsafeRawBufferPointer(rebasing: bytes[batch.ids.range(of: station)])
                batch.marks[event] =
                    !newer.hasWorker(workerBytes, hash: hashes[worker])
                    ? .unknownWorker
                    : !newer.hasWorkstation(stationBytes, hash: hashes[station]) ? .unknownWorkstation : .accepted
            }
        }
    }
}
