internal import EventModel

/// The site's numbers for the ids of a batch, looked up once per batch. Reused, so that a batch allocates nothing.
struct BatchNumbers: Sendable {
    fileprivate var workers: [UInt32] = []
    fileprivate var stations: [UInt32] = []
    fileprivate var names: [UInt32] = []
    /// The value that ``SiteFold/lookUpWorkers(_:_:)`` read. Unused, but without it the compiler would drop the reads.
    fileprivate var prefetched: Int64 = 0
    /// Copies of the ids of quarantined events, by index in the batch.
    private var copies: [Int: [UInt8]] = [:]
    fileprivate static let unknown = UInt32.max

    fileprivate mutating func prepare(_ count: Int) {
        workers.removeAll(keepingCapacity: true)
        workers.append(contentsOf: repeatElement(Self.unknown, count: count))
        stations.removeAll(keepingCapacity: true)
        stations.append(contentsOf: repeatElement(Self.unknown, count: count))
        names.removeAll(keepingCapacity: true)
        names.append(contentsOf: repeatElement(Self.unknown, count: count))
        if !copies.isEmpty { copies.removeAll() }
    }

    /// A quarantined event of the batch.
    fileprivate mutating func quarantined(
        _ batch: EventBatch, _ event: Int, _ position: PackedPosition
    ) -> QuarantinedEvent {
        QuarantinedEvent(
            worker: copy(batch, Int(batch.workers[event])),
            workstation: copy(batch, Int(batch.workstations[event])),
            camera: optionalCopy(batch, batch.cameras[event]),
            modelVersion: optionalCopy(batch, batch.modelVersions[event]),
            entry: TimelineEntry(
                key: EventKey(time: batch.times[event], type: batch.types[event]),
                createdAt: batch.createdAt.microseconds, position: position,
                detail: PackedDetail(
                    origin: 0, count: batch.counts[event], confidence: batch.confidences[event])))
    }

    /// - Parameter id: counted from 1; 0 means none.
    private mutating func optionalCopy(_ batch: EventBatch, _ id: UInt32) -> [UInt8]? {
        id == 0 ? nil : copy(batch, Int(id) - 1)
    }

    private mutating func copy(_ batch: EventBatch, _ id: Int) -> [UInt8] {
        if let known = copies[id] { return known }
        let bytes = batch.ids[id]
        copies[id] = bytes
        return bytes
    }
}

/// Folding the events of one record.
extension SiteFold {
    mutating func apply(
        _ batch: EventBatch, offset: LogOffset, _ pages: any PageReader, _ numbers: inout BatchNumbers,
        _ pageCount: inout Int64
    ) throws {
        pending.isDirty = true
        timelines.beginRecord(pageCount: pageCount)
        let createdAt = batch.createdAt.microseconds
        arrivals.beginRecord(createdAt)
        numbers.prepare(batch.ids.count)
        lookUpWorkers(batch, &numbers)
        var lastTriple = Origin(station: 0, camera: 0, modelVersion: 0)
        var lastOrigin: UInt32?
        for event in 0..<batch.count {
            let mark = batch.marks[event]
            let position = PackedPosition(offset: offset, index: event, mark: mark)
            guard mark.eventClass != .quarantined else {
                try insertQuarantined(numbers.quarantined(batch, event, position), pages)
                continue
            }
            let worker = numbers.workers[Int(batch.workers[event])]
            let triple = Origin(
                station: station(batch, Int(batch.workstations[event]), &numbers),
                camera: name(batch, batch.cameras[event], &numbers),
                modelVersion: name(batch, batch.modelVersions[event], &numbers))
            let origin: UInt32
            if let lastOrigin, triple == lastTriple { origin = lastOrigin } else { origin = try internOrigin(triple) }
            lastTriple = triple
            lastOrigin = origin
            let entry = TimelineEntry(
                key: EventKey(time: batch.times[event], type: batch.types[event]), createdAt: createdAt,
                position: position,
                detail: PackedDetail(
                    origin: origin, count: batch.counts[event], confidence: batch.confidences[event]))
            try insert(entry, worker: worker, class: mark.eventClass, pages)
        }
        pageCount = timelines.pageCount
        arrivals.endRecord()
        nextOffset = offset.next
    }

    /// Numbers the workers of a batch that are not in quarantine, and prefetches the ends of their time lines.
    ///
    /// With many workers of a large site in one batch, most of the time is spent on cache misses. These reads do not
    /// depend on each other, so the processor overlaps them; event by event it would wait for each in turn.
    private mutating func lookUpWorkers(_ batch: EventBatch, _ numbers: inout BatchNumbers) {
        var prefetched: Int64 = 0
        for event in 0..<batch.count {
            let id = Int(batch.workers[event])
            guard numbers.workers[id] == BatchNumbers.unknown, batch.marks[event].eventClass != .quarantined else {
                continue
            }
            numbers.workers[id] = internWorker(batch.ids.bytes, batch.ids.range(of: id))
        }
        for number in numbers.workers where number != BatchNumbers.unknown {
            prefetched &+= timelines.readAhead(LineIndex(number, .accepted)) &+ hourBuckets.readAhead(number)
        }
        numbers.prefetched &+= prefetched
    }

    @inline(__always)
    private mutating func station(_ batch: EventBatch, _ id: Int, _ numbers: inout BatchNumbers) -> UInt32 {
        if numbers.stations[id] != BatchNumbers.unknown { return numbers.stations[id] }
        let number = internStation(batch.ids.bytes, batch.ids.range(of: id))
        numbers.stations[id] = number
        return number
    }

    /// Number + 1 of a camera or model version; 0 for none, as in the batch.
    @inline(__always)
    private mutating func name(_ batch: EventBatch, _ id: UInt32, _ numbers: inout BatchNumbers) -> UInt32 {
        if id == 0 { return 0 }
        let known = numbers.names[Int(id) - 1]
        if known != BatchNumbers.unknown { return known }
        let number = names.intern(batch.ids.bytes, batch.ids.range(of: Int(id) - 1)) + 1
        numbers.names[Int(id) - 1] = number
        return number
    }
}
