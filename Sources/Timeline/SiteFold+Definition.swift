internal import EventModel

/// Definitions: who is named, ttl, hour offset, and rebuilding hours when these change (DESIGN 1.7).
extension SiteFold {
    mutating func apply(
        _ record: DefinitionRecord, offset: LogOffset, hourOffset: Int64, _ reader: any PageReader
    ) throws {
        var settings = record.definition
        settings.workers = []
        let createdAt = record.createdAt.microseconds
        let sequence = definitions.count
        noteRules(settings)
        raiseFloorOutOfOrder(createdAt)
        definitions.append(DefinitionVersion(createdAt: createdAt, offset: offset, ttl: settings.observationTTL))
        definitionsKnownAt.note(createdAt)
        self.settings.add(settings)
        ledger.definitions += 1
        nextOffset = offset.next
        for station in settings.workstations { _ = internStation(station.workstationID.bytes) }

        let changesAll = settings.observationTTL != parameters.ttl || hourOffset != parameters.hourOffset
        for worker in record.definition.workers {
            membership.name(internWorker(worker.workerID.bytes), in: sequence)
        }
        try clipWorkers(at: sequence, createdAt, movesSums: !changesAll, reader)
        if changesAll {
            parameters.ttl = settings.observationTTL
            parameters.hourOffset = hourOffset
            startRederiving(createdAt)
        }
    }

    /// An hour's `changedAt` tells whether the hour is known only if the visible definitions are the first ones in the
    /// log. When created_at decreases (two gateways), questions that do not know all definitions so far must not use
    /// buckets.
    private mutating func raiseFloorOutOfOrder(_ createdAt: Int64) {
        guard let newest = definitionsKnownAt.time, createdAt < newest else { return }
        bucketFloor.note(newest)
    }

    /// Targets, shifts and their time zone change figures without changing a row (SPEC 5.4).
    private mutating func noteRules(_ settings: SiteDefinition) {
        let old = newestSettings ?? SiteDefinition(siteID: siteID)
        let isSame =
            old.timeZone == settings.timeZone && old.shifts == settings.shifts
            && old.targetMicrounitsPerHour == settings.targetMicrounitsPerHour
            && old.observationTTLSeconds == settings.observationTTLSeconds
        if !isSame { pending.definitionReach = .everything }
    }

    /// Ends the intervals of workers that the newest definition drops, and removes the end for workers that it names
    /// again.
    private mutating func clipWorkers(
        at sequence: Int, _ createdAt: Int64, movesSums: Bool, _ reader: any PageReader
    ) throws {
        for worker in 0..<UInt32(membership.workerCount) {
            let old = membership.clip(worker).end
            guard let new = membership.end(of: worker, at: sequence, definitions), old != new else { continue }
            let before = membership.clip(worker)
            membership.setEnd(of: worker, new, changedAt: createdAt)
            if movesSums, rederiving.hasPassed(worker) {
                try moveClips(worker, from: before, to: membership.clip(worker), createdAt, reader)
            }
            pending.definitionReach.extend(from: old)
            pending.definitionReach.extend(from: new)
        }
    }

    /// Removes the sums between two ends of a worker's intervals, or adds them back.
    private mutating func moveClips(
        _ worker: UInt32, from old: Membership.Clip, to new: Membership.Clip, _ createdAt: Int64,
        _ reader: any PageReader
    ) throws {
        let ttl = parameters.ttl
        var cut = old.end
        cut.note(new.end)
        guard let cut = cut.time else { return }
        let start = EventKey(at: cut)
        var holding = try state(worker, before: start, knownAt: .everything, reader)
        var moves: [(owner: TimelineEntry, next: TimelineEntry)] = []
        try forEachEntry(LineIndex(worker, .accepted), from: start, to: .highest, knownAt: .everything, reader) {
            entry in
            guard entry.isState else { return }
            if let owner = holding { moves.append((owner, entry)) }
            holding = entry
        }
        for (owner, next) in moves {
            let reach = min(next.time, owner.time + ttl)
            let changedAt = max(owner.createdAt, next.createdAt)
            guard reach - owner.time < Stay.intervalMinimum else {
                moveClip(of: owner, worker, end: reach, from: old, to: new, changedAt: changedAt)
                continue
            }
            let oldEnd = max(owner.time, old.end.limiting(reach))
            let newEnd = max(owner.time, new.end.limiting(reach))
            let late = max(changedAt, createdAt)
            move(worker, owner, from: newEnd, to: oldEnd, sign: -1, changedAt: late)
            move(worker, owner, from: oldEnd, to: newEnd, sign: 1, changedAt: late)
        }
    }

    private mutating func startRederiving(_ createdAt: Int64) {
        bucketFloor.note(createdAt)
        hourBuckets.clear()
        pending.isDirty = true
        rederiving = timelines.isEmpty ? .done : RederiveCursor(worker: 0)
    }

    /// Rebuilds the hours of the next workers: about `pageLimit` pages, at least one worker.
    mutating func rederive(pageLimit: Int, _ reader: any PageReader) throws {
        var pages = 0
        while let worker = rederiving.worker, pages < pageLimit {
            guard worker < membership.workerCount else {
                rederiving = .done
                pending.definitionReach = .everything
                // Otherwise the store would not know it before the next event.
                pending.isDirty = true
                break
            }
            pages += 1 + (try rederive(worker: UInt32(worker), reader))
            rederiving = RederiveCursor(worker: worker + 1)
            pending.isDirty = true
        }
    }

    private mutating func rederive(worker: UInt32, _ reader: any PageReader) throws -> Int {
        let line = LineIndex(worker, .accepted)
        var holding: TimelineEntry?
        var pages = 0
        var key = EventKey.lowest
        while let page = try page(of: line, holding: key, reader) {
            pages += 1
            for entry in page.entries {
                touchStation(entry)
                guard entry.isState else {
                    moveUnits(worker, entry, 1, entry.createdAt)
                    continue
                }
                if let owner = holding {
                    let changedAt = max(owner.createdAt, entry.createdAt)
                    moveEnd(of: owner, worker, from: owner.time, to: entry.time, changedAt: changedAt)
                }
                holding = entry
            }
            if page.limit == .highest { break }
            key = page.limit
        }
        return pages
    }

    @discardableResult
    mutating func internWorker(_ bytes: [UInt8]) -> UInt32 { internWorker(bytes, 0..<bytes.count) }

    mutating func internWorker(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        let number = workers.intern(bytes, range)
        if Int(number) == membership.workerCount {
            membership.addWorker()
            hourBuckets.addWorker()
            timelines.addWorker()
        }
        return number
    }

    mutating func internStation(_ bytes: [UInt8]) -> UInt32 { internStation(bytes, 0..<bytes.count) }

    mutating func internStation(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        let number = stations.intern(bytes, range)
        if Int(number) == hourBuckets.stationCount { hourBuckets.addStation() }
        return number
    }

    mutating func internOrigin(_ origin: Origin) throws -> UInt32 {
        let number = origins.intern(origin)
        if Int(number) == healthBuckets.originCount {
            // Only stations are left to reach this, and each of them was in a definition.
            guard origins.count <= PackedDetail.originsMaximum else { throw TimelineError.tooManyOrigins(siteID) }
            healthBuckets.addOrigin()
        }
        return number
    }
}
