internal import EventModel

extension SiteFold {
    /// Emits the canonical dump of a site piece by piece, for hashing (SPEC 7.1).
    ///
    /// It contains the winners of all classes per worker, ordered by id bytes; the intervals that they form (the open
    /// one without an end); and the newest definition's content, with people as sorted ids. It contains no clock,
    /// position, created_at, version or counter. The end of a dropped worker is not in it either, because that is a
    /// created_at.
    public func digest(_ reader: any PageReader & QuarantineReader, _ emit: ([UInt8]) -> Void) throws {
        var dump = CanonicalDump()
        dump.text("andon.digest.v1")
        dump.bytes(siteID.bytes[...])
        var left = numbersByID(workers)[...]
        /// The worker whose quarantined events come, and the number, if the worker has one.
        var current: (id: [UInt8], number: UInt32?)?
        func finish() throws {
            if let number = current?.number { try dumpIntervals(number, reader, &dump) }
            current = nil
        }
        func dumpOthers(before id: [UInt8]?) throws {
            while let worker = left.first, id.map({ workers[worker].lexicographicallyPrecedes($0) }) ?? true {
                left.removeFirst()
                try dumpEvents(worker, isOpen: false, reader, &dump)
                try dumpIntervals(worker, reader, &dump)
                dump.flush(atLeast: 1 << 16, emit)
            }
        }
        try forEachQuarantinedByWorker(reader) { event in
            if current?.id != event.worker {
                try finish()
                try dumpOthers(before: event.worker)
                let isNext = left.first.map { workers[$0].elementsEqual(event.worker) } ?? false
                current = (event.worker, isNext ? left.removeFirst() : nil)
                dump.worker(event.worker[...])
                if let number = current?.number { try dumpEvents(number, isOpen: true, reader, &dump) }
            }
            dumpEvent(event, &dump)
            dump.flush(atLeast: 1 << 16, emit)
        }
        try finish()
        try dumpOthers(before: nil)
        if let newest = newestSettings { dumpDefinition(newest, &dump) }
        dump.flush(atLeast: 0, emit)
    }

    /// Events that are not in quarantine.
    private func dumpEvents(
        _ worker: UInt32, isOpen: Bool, _ reader: any PageReader, _ dump: inout CanonicalDump
    ) throws {
        var isOpen = isOpen
        for eventClass in [EventClass.accepted, .lowConfidence] {
            try forEachEntry(
                LineIndex(worker, eventClass), from: .lowest, to: .highest, knownAt: .everything, reader
            ) { entry in
                if !isOpen { dump.worker(workers[worker]) }
                isOpen = true
                dump.event(entry, eventClass, of: self)
            }
        }
    }

    private func dumpEvent(_ event: QuarantinedEvent, _ dump: inout CanonicalDump) {
        dump.event(
            event.entry,
            SourceIDs(
                workstation: event.workstation[...], camera: event.camera.map { $0[...] },
                modelVersion: event.modelVersion.map { $0[...] }))
    }

    private func dumpIntervals(_ worker: UInt32, _ reader: any PageReader, _ dump: inout CanonicalDump) throws {
        var holding: TimelineEntry?
        let line = LineIndex(worker, .accepted)
        try forEachEntry(line, from: .lowest, to: .highest, knownAt: .everything, reader) { entry in
            guard entry.isState else { return }
            if let owner = holding { dumpInterval(owner, until: entry.time, &dump) }
            holding = entry
        }
        if let owner = holding { dumpInterval(owner, until: nil, &dump) }
    }

    private func dumpInterval(_ owner: TimelineEntry, until next: Int64?, _ dump: inout CanonicalDump) {
        let end = next.map { min($0, owner.time + parameters.ttl) }
        if end == owner.time { return }
        dump.interval(owner, until: end ?? -1, of: self)
    }

    /// - Parameter settings: of the newest definition.
    private func dumpDefinition(_ settings: SiteDefinition, _ dump: inout CanonicalDump) {
        dump.text("definition")
        dump.text(settings.timeZone)
        dump.integer(settings.observationTTL)
        dump.integer(Int64(settings.confidenceThreshold.partsPerMillion))
        dump.integer(settings.maxFutureSeconds)
        dump.integer(settings.handoverMinutes)
        dump.integer(settings.targetMicrounitsPerHour ?? -1)
        for shift in settings.shifts {
            dump.text("shift")
            dump.text(shift.name)
            dump.integer(Int64(shift.startMinute))
            dump.integer(Int64(shift.endMinute))
            dump.integer(Int64(shift.days))
        }
        let named = workers(namedIn: definitions.count - 1).map { Array(workers[$0]) }
        for worker in named.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            dump.text("named")
            dump.bytes(worker[...])
        }
        for station in settings.workstations.sorted(by: { $0.workstationID < $1.workstationID }) {
            dump.text("station")
            dump.bytes(station.workstationID.bytes[...])
            dump.text(station.line ?? "")
            dump.integer(station.capacity)
        }
    }

    /// Numbers, ordered by the bytes of their ids (SPEC 8.5).
    public func numbersByID(_ interner: Interner) -> [UInt32] {
        (0..<UInt32(interner.count)).sorted { interner[$0].lexicographicallyPrecedes(interner[$1]) }
    }
}

/// An unambiguous encoding: equal content gives equal bytes, different content different bytes, because every piece has
/// a length prefix.
///
/// Events and intervals are nearly all of it, and share the ids of few origins: what many have in common is encoded once.
private struct CanonicalDump {
    /// The encoded ids of an origin: all of them, and the station's alone.
    private struct Source {
        var ids: [UInt8]
        var station: [UInt8]
    }

    private var buffer: [UInt8] = []
    /// By the number of the origin; nil until one is needed.
    private var sources: [Source?] = []
    private static let eventTag = encoded { $0.text("event") }
    private static let intervalTag = encoded { $0.text("interval") }

    private static func encoded(_ body: (inout CanonicalDump) -> Void) -> [UInt8] {
        var dump = CanonicalDump()
        body(&dump)
        return dump.buffer
    }

    // MARK: Pieces

    mutating func integer(_ value: Int64) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe buffer.append(contentsOf: $0) }
    }

    /// Several integers, one after the other.
    private mutating func integers(_ one: Int64, _ two: Int64, _ three: Int64) {
        let values = (one.littleEndian, two.littleEndian, three.littleEndian)
        unsafe withUnsafeBytes(of: values) { unsafe buffer.append(contentsOf: $0) }
    }

    mutating func bytes(_ bytes: ArraySlice<UInt8>) {
        integer(Int64(bytes.count))
        buffer.append(contentsOf: bytes)
    }

    mutating func text(_ text: String) { bytes(Array(text.utf8)[...]) }

    mutating func worker(_ id: ArraySlice<UInt8>) {
        text("worker")
        bytes(id)
    }

    private mutating func source(_ ids: SourceIDs) {
        bytes(ids.workstation)
        bytes(ids.camera ?? [])
        bytes(ids.modelVersion ?? [])
    }

    // MARK: Events and intervals

    /// A quarantined event.
    mutating func event(_ entry: TimelineEntry, _ ids: SourceIDs) {
        begin(entry, .quarantined)
        source(ids)
        end(entry)
    }

    mutating func event(_ entry: TimelineEntry, _ eventClass: EventClass, of site: SiteFold) {
        begin(entry, eventClass)
        let source = source(entry.origin, of: site)
        buffer.append(contentsOf: source.ids)
        end(entry)
    }

    mutating func interval(_ owner: TimelineEntry, until end: Int64, of site: SiteFold) {
        buffer.append(contentsOf: Self.intervalTag)
        integers(owner.time, end, Int64(owner.type.rawValue))
        buffer.append(contentsOf: source(owner.origin, of: site).station)
    }

    private mutating func begin(_ entry: TimelineEntry, _ eventClass: EventClass) {
        buffer.append(contentsOf: Self.eventTag)
        integers(Int64(eventClass.rawValue), Int64(entry.quarantineReason?.rawValue ?? 0), entry.time)
        integer(Int64(entry.type.rawValue))
    }

    private mutating func end(_ entry: TimelineEntry) {
        integer(entry.confidence)
        integer(entry.count)
    }

    private mutating func source(_ origin: UInt32, of site: SiteFold) -> Source {
        let index = Int(origin)
        if index < sources.count, let known = sources[index] { return known }
        if index >= sources.count {
            sources.append(contentsOf: repeatElement(nil, count: index + 1 - sources.count))
        }
        let ids = site.source(origin)
        let source = Source(
            ids: Self.encoded { $0.source(ids) }, station: Self.encoded { $0.bytes(ids.workstation) })
        sources[index] = source
        return source
    }

    // MARK: Output

    mutating func flush(atLeast count: Int, _ emit: ([UInt8]) -> Void) {
        guard buffer.count >= count, !buffer.isEmpty else { return }
        emit(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
