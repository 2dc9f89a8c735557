internal import EventModel

/// One ingest request after parsing: its storable events as columns, the others with their verdicts.
///
/// Everything that needs only the event and the definition is judged; created_at, and what hangs on it and on other
/// requests, comes with the ``Sequencer``. Objects are reused from a pool, so that a request allocates little.
final class ParsedRequest {
    /// The events that are kept whatever follows, duplicates apart. ``EventBatch/marks`` says only whether the worker
    /// and the station are known, until the ``Sequencer`` has seen them.
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
    var roster: SiteRoster?
    /// Whether an event names a worker or station that this definition does not: then a newer one is to be looked for
    /// before that is said (DESIGN 5).
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

    /// Bytes that the request takes while it waits, roughly.
    var sizeBytes: Int { 512 + batch.count * 64 + batch.ids.bytes.count + hashes.count * 16 + rejections.count * 8 }

    /// Looks the ids up again, in the definition that holds now (SPEC 3).
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
