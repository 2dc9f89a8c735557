internal import EventModel

/// One parsed ingest request: its storable events as columns, the others with their verdicts.
///
/// Everything that depends only on the event and the definition is judged here. The ``Sequencer`` adds created_at and
/// the verdicts that depend on it or on other requests. Objects are pooled, so that a request allocates little.
final class ParsedRequest {
    /// The events that will be kept unless they are duplicates. ``EventBatch/marks`` says only whether the worker and
    /// the station are known, until the ``Sequencer`` has judged them.
    var batch = EventBatch(siteID: SiteID(bytes: []))
    /// For each event of ``batch``: its index in the request.
    var indexes: [UInt32] = []
    /// For each id of the batch: its hash.
    var hashes: [UInt64] = []
    /// Events that are not kept, by rising index.
    var rejections: [Rejection] = []
    /// Number of events in the request.
    var eventCount = 0
    /// The definition by which the events were judged.
    var roster: SiteRoster?
    /// Whether an event names a worker or station that this definition does not: then check for a newer definition
    /// before reporting it as unknown (DESIGN 5).
    var hasUnknown = false

    func removeAll() {
        batch.removeAll()
        indexes.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        rejections.removeAll(keepingCapacity: true)
        eventCount = 0
        roster = nil
        hasUnknown = false
    }

    /// Approximate memory that the request takes while it waits, in bytes.
    var sizeBytes: Int { 512 + batch.count * 64 + batch.ids.bytes.count + hashes.count * 16 + rejections.count * 128 }

    /// Looks the ids up again, in the definition now in force (SPEC 3).
    func judgeAgain(by newer: SiteRoster) {
        roster = newer
        batch.definitionVersion = newer.placed.version
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
