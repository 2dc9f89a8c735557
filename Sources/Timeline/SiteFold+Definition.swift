internal import EventModel

/// Definitions: who is named, ttl, anchor, and making buckets anew where these change (DESIGN 1.7).
extension SiteFold {
    mutating func apply(
        _ record: DefinitionRecord, offset: LogOffset, anchor: Int64, _ source: any PageSource
    ) throws {
        var settings = record.definition
        settings.workers = []
        let createdAt = record.createdAt.microseconds
        let sequence = definitions.count
        noteRules(settings)
        raiseFloorOutOfOrder(createdAt)
        definitions.append(DefinitionVersion(settings: settings, createdAt: createdAt, offset: offset))
        ledger.definitions += 1
        newestCreatedAt = max(newestCreatedAt, createdAt)
        for station in settings.workstations { _ = internStation(station.workstationID.bytes) }

        let changesAll = settings.observationTTL != parameters.ttl || anchor != parameters.anchor
        for worker in record.definition.workers { name(internWorker(worker.workerID.bytes), in: sequence) }
        try clipWorkers(at: sequence, createdAt, movesSums: !changesAll, source)
        if changesAll {
            parameters.ttl = settings.observationTTL
            parameters.anchor = anchor
            startRederiving(createdAt)
        }
    }

    /// Marks of hours tell what is known as long as the visible definitions are the first ones of the log. Where
    /// created_at falls (two gateways), questions that know less than all definitions so far must not use buckets.
    private mutating func raiseFloorOutOfOrder(_ createdAt: Int64) {
        guard let newest = definitions.lazy.map(\.createdAt).max(), createdAt < newest else { return }
        bucketFloor = max(bucketFloor, newest)
    }

    /// Targets, shifts and the zone that these are in reach into figures without moving a row (SPEC 5.4).
    private mutating func noteRules(_ settings: SiteDefinition) {
        let old = definitions.last?.settings ?? SiteDefinition(siteID: siteID)
        let isSame =
            old.timeZone == settings.timeZone && old.shifts == settings.shifts
            && old.targetMicrounitsPerHour == settings.targetMicrounitsPerHour
            && old.observationTTLSeconds == settings.observationTTLSeconds
        if !isSame { pending.openFrom = Int64.min }
    }

    private mutating func name(_ worker: UInt32, in sequence: Int) {
        let index = Int(worker)
        if let last = workerStates[index].named.last, last.upperBound >= sequence {
            workerStates[index].named[workerStates[index].named.count - 1] = last.lowerBound..<(sequence + 1)
        } else {
            workerStates[index].named.append(sequence..<(sequence + 1))
        }
    }

    /// Ends the intervals of those whom the newest definition drops, and takes the end off those whom it names again.
    private mutating func clipWorkers(
        at sequence: Int, _ createdAt: Int64, movesSums: Bool, _ source: any PageSource
    ) throws {
        for worker in 0..<workerStates.count {
            guard let last = workerStates[worker].named.last else { continue }
            let old = workerStates[worker].clip
            let new = last.upperBound > sequence ? Int64.max : definitions[last.upperBound].createdAt
            guard old != new else { continue }
            if movesSums, worker < rederiveCursor {
                try moveClip(UInt32(worker), from: old, to: new, createdAt, source)
            }
            pending.openFrom = min(pending.openFrom, old, new)
            workerStates[worker].clip = new
            workerStates[worker].earliestClip = min(workerStates[worker].earliestClip, new)
            workerStates[worker].clipMark = createdAt
        }
    }

    /// Moves what lies between two ends of a worker's intervals out of, or into, the sums.
    private mutating func moveClip(
        _ worker: UInt32, from old: Int64, to new: Int64, _ createdAt: Int64, _ source: any PageSource
    ) throws {
        let ttl = parameters.ttl
        let start = TimelineEntry.key(at: min(old, new))
        var holding = try state(worker, before: start, knownAt: Int64.max, source)
        var moves: [(owner: TimelineEntry, next: TimelineEntry)] = []
        try forEachEntry(Int(worker) * 3, from: start, to: Int64.max, knownAt: Int64.max, source) { entry in
            guard entry.isState else { return }
            if let owner = holding { moves.append((owner, entry)) }
            holding = entry
        }
        for (owner, next) in moves {
            let reach = min(next.time, owner.time + ttl)
            let mark = max(owner.createdAt, next.createdAt, createdAt)
            let oldEnd = max(owner.time, min(reach, old))
            let newEnd = max(owner.time, min(reach, new))
            move(worker, owner, from: newEnd, to: oldEnd, sign: -1, mark: mark)
            move(worker, owner, from: oldEnd, to: newEnd, sign: 1, mark: mark)
        }
    }

    private mutating func startRederiving(_ createdAt: Int64) {
        bucketFloor = max(bucketFloor, createdAt)
        clearHourDifferences()
        // Found anew too: an event that leaves its station while its worker waits would not be noticed.
        for station in 0..<stationStates.count { stationStates[station].forgetActivity() }
        pending.clearsHours = true
        pending.isDirty = true
        rederiveCursor = 0
        if lines.allSatisfy({ $0.pages.isEmpty && !$0.isStored }) { rederiveCursor = Int.max }
    }

    private mutating func clearHourDifferences() {
        pending.hours.removeAll()
        for worker in pending.touchedWorkers { workerStates[Int(worker)].slots.clear() }
        for station in pending.touchedStations { stationStates[Int(station)].slots.clear() }
        pending.touchedWorkers.removeAll()
        pending.touchedStations.removeAll()
        factorySlots.clear()
    }

    /// Makes the buckets of further workers, about `pageLimit` pages' worth, at least one worker.
    mutating func rederive(pageLimit: Int, _ source: any PageSource) throws {
        var pages = 0
        while isRederiving && pages < pageLimit {
            guard rederiveCursor < workerStates.count else {
                rederiveCursor = Int.max
                pending.openFrom = Int64.min
                break
            }
            pages += 1 + (try rederive(worker: UInt32(rederiveCursor), source))
            rederiveCursor += 1
            pending.isDirty = true
        }
    }

    private mutating func rederive(worker: UInt32, _ source: any PageSource) throws -> Int {
        let line = Int(worker) * 3
        var holding: TimelineEntry?
        var pages = 0
        var key = Int64.min
        while let page = try page(of: line, holding: key, source) {
            pages += 1
            for entry in page.entries {
                touchStation(entry)
                guard entry.isState else {
                    moveUnits(worker, entry, 1, entry.createdAt)
                    continue
                }
                if let owner = holding {
                    let mark = max(owner.createdAt, entry.createdAt)
                    moveInterval(worker, owner, from: owner.time, until: entry.time, sign: 1, mark: mark)
                }
                holding = entry
            }
            if page.limit == Int64.max { break }
            key = page.limit
        }
        return pages
    }

    @discardableResult
    mutating func internWorker(_ bytes: [UInt8]) -> UInt32 { internWorker(bytes, 0..<bytes.count) }

    mutating func internWorker(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        let number = workers.intern(bytes, range)
        if Int(number) == workerStates.count {
            workerStates.append(WorkerState())
            for _ in 0..<3 { lines.append(Line()) }
        }
        return number
    }

    mutating func internStation(_ bytes: [UInt8]) -> UInt32 { internStation(bytes, 0..<bytes.count) }

    mutating func internStation(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        let number = stations.intern(bytes, range)
        if Int(number) == stationStates.count { stationStates.append(StationState()) }
        return number
    }

    mutating func internSource(_ source: SourceTable.Source) throws -> UInt32 {
        let number = sources.intern(source)
        if Int(number) == healthSlots.count {
            guard sources.count <= TimelineEntry.sourcesMaximum else { throw TimelineError.tooManySources(siteID) }
            healthSlots.append(HealthSlots())
        }
        return number
    }
}
