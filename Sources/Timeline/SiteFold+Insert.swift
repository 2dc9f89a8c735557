internal import EventModel

/// Putting one event into its place, and moving what it moves.
extension SiteFold {
    mutating func insert(
        _ entry: TimelineEntry, worker: UInt32, class eventClass: EventClass, _ reader: any PageReader
    ) throws {
        let line = LineIndex(worker, eventClass)
        ledger.received += 1
        var page = try residentPage(line, holding: entry.key, reader)
        var insertion = lines[line.value].pages[page].insert(entry)
        while case .needsSplit = insertion {
            page = split(line, page, for: entry.key)
            insertion = lines[line.value].pages[page].insert(entry)
        }
        switch insertion {
        case .lost, .needsSplit:
            ledger.duplicates += 1
        case .inserted(let index):
            pending.insertedEntries += 1
            markDirty(line, page)
            count(eventClass)
            if eventClass == .accepted {
                try accepted(entry, worker, line, page, index, replacing: nil, reader)
            }
            if eventClass != .quarantined { sample(entry, isMarked: eventClass == .lowConfidence, 1, entry.createdAt) }
        case .replaced(let old, let index):
            ledger.duplicates += 1
            markDirty(line, page)
            if eventClass == .accepted {
                try accepted(entry, worker, line, page, index, replacing: old, reader)
            }
            if eventClass != .quarantined {
                let isMarked = eventClass == .lowConfidence
                sample(old, isMarked: isMarked, -1, max(old.createdAt, entry.createdAt))
                sample(entry, isMarked: isMarked, 1, entry.createdAt)
            }
        }
    }

    private mutating func count(_ eventClass: EventClass) {
        switch eventClass {
        case .accepted: ledger.folded += 1
        case .lowConfidence: ledger.lowConfidence += 1
        case .quarantined: ledger.quarantined += 1
        }
    }

    /// Moves intervals or units for an entry that now stands at `index` of `page`.
    @inline(__always)
    private mutating func accepted(
        _ entry: TimelineEntry, _ worker: UInt32, _ line: LineIndex, _ page: Int, _ index: Int,
        replacing old: TimelineEntry?, _ reader: any PageReader
    ) throws {
        if rederiving.hasPassed(worker) {
            if let old, old.origin != entry.origin { leaveStation(old, for: entry) }
            touchStation(entry)
        }
        guard entry.isState else {
            if rederiving.hasPassed(worker) {
                if let old { moveUnits(worker, old, -1, max(old.createdAt, entry.createdAt)) }
                moveUnits(worker, entry, 1, entry.createdAt)
            }
            return
        }
        let previous = lines[line.value].pages[page].state(before: index)
        var next = lines[line.value].pages[page].state(from: index + 1)
        if next == nil, lines[line.value].pages[page].limit != .highest {
            next = try passOn(entry, line, after: page, reader)
        }
        if next == nil, !pending.newestOpen.contains(entry.time) { noteOpen(entry.time) }
        guard rederiving.hasPassed(worker) else { return }
        moveIntervals(worker, previous, entry, next, replacing: old)
    }

    private mutating func noteOpen(_ time: Int64) {
        let hour = parameters.hour(of: time)
        pending.openHours.insert(hour)
        pending.newestOpen = parameters.start(of: hour)..<parameters.start(of: hour.next)
    }

    /// A new last state event of a page holds into the pages after it, up to the next state event, which is returned.
    private mutating func passOn(
        _ entry: TimelineEntry, _ line: LineIndex, after page: Int, _ reader: any PageReader
    ) throws -> TimelineEntry? {
        var limit = lines[line.value].pages[page].limit
        while limit != .highest {
            let following = try residentPage(line, holding: limit, reader)
            lines[line.value].pages[following].entry = entry
            markDirty(line, following)
            if let next = lines[line.value].pages[following].state(from: 0) { return next }
            limit = lines[line.value].pages[following].limit
        }
        return nil
    }

    /// The difference that `entry` between `previous` and `next` makes to the sums of closed intervals (SPEC 4.3).
    ///
    /// `changedAt` is the larger created_at of the two events that bound an interval, so that an hour whose newest one is
    /// known holds just what a fold of the known events would have put there (SPEC 7.2).
    private mutating func moveIntervals(
        _ worker: UInt32, _ previous: TimelineEntry?, _ entry: TimelineEntry, _ next: TimelineEntry?,
        replacing old: TimelineEntry?
    ) {
        let time = entry.time
        if let old {
            guard let next else { return }
            let changedAt = max(entry.createdAt, next.createdAt)
            moveInterval(worker, old, from: time, until: next.time, sign: -1, changedAt: max(changedAt, old.createdAt))
            moveInterval(worker, entry, from: time, until: next.time, sign: 1, changedAt: changedAt)
            return
        }
        if let previous {
            let changedAt = max(previous.createdAt, entry.createdAt)
            if let next {
                moveInterval(worker, previous, from: time, until: next.time, sign: -1, changedAt: changedAt)
            } else {
                moveInterval(worker, previous, from: previous.time, until: time, sign: 1, changedAt: changedAt)
            }
        }
        if let next {
            let changedAt = max(entry.createdAt, next.createdAt)
            moveInterval(worker, entry, from: time, until: next.time, sign: 1, changedAt: changedAt)
        }
    }

    /// Adds what `owner` asserts in [from, until), within its ttl and the end of a dropped worker.
    ///
    /// From the earliest end on that the worker ever had, hours count as changed by the definition that set the newest
    /// one: who does not know of it must not use them, neither what was cut off nor what was given back.
    mutating func moveInterval(
        _ worker: UInt32, _ owner: TimelineEntry, from: Int64, until: Int64, sign: Int64, changedAt: Int64
    ) {
        let end = min(until, owner.time + parameters.ttl)
        guard let earliest = workerStates[Int(worker)].earliestClip.time, earliest < end else {
            move(worker, owner, from: from, to: end, sign: sign, changedAt: changedAt)
            return
        }
        let clip = workerStates[Int(worker)].clip
        var late = workerStates[Int(worker)].clipChangedAt
        late.note(changedAt)
        move(worker, owner, from: from, to: earliest, sign: sign, changedAt: changedAt)
        let clipped = clip.limiting(end)
        move(worker, owner, from: max(from, earliest), to: clipped, sign: sign, changedAt: late.stored)
        move(worker, owner, from: max(from, clipped), to: end, sign: 0, changedAt: late.stored)
    }

    /// Adds [from, to) in the state and at the station of `owner` to the hours of worker, station and factory.
    mutating func move(
        _ worker: UInt32, _ owner: TimelineEntry, from: Int64, to: Int64, sign: Int64, changedAt: Int64
    ) {
        guard from < to else { return }
        let station = origins[owner.origin].station
        var hour = parameters.hour(of: from)
        var start = from
        while start < to {
            let end = min(to, parameters.start(of: hour.next))
            let amount = (end - start) * sign
            switch owner.type {
            case .working:
                change(hour, worker, station, changedAt) { $0.working += amount }
            case .idle:
                change(hour, worker, station, changedAt) { $0.idle += amount }
            case .absent, .productCount:
                change(hour, worker, nil, changedAt) { $0.absent += amount }
            }
            start = end
            hour = hour.next
        }
    }

    mutating func moveUnits(_ worker: UInt32, _ entry: TimelineEntry, _ sign: Int64, _ changedAt: Int64) {
        let amount = entry.count * sign
        change(parameters.hour(of: entry.time), worker, origins[entry.origin].station, changedAt) { $0.units += amount }
    }

    @inline(__always)
    private mutating func change(
        _ hour: Hour, _ worker: UInt32, _ station: UInt32?, _ changedAt: Int64, _ apply: (inout HourSums) -> Void
    ) {
        if workerStates[Int(worker)].slots.isEmpty { pending.touchedWorkers.append(worker) }
        workerStates[Int(worker)].slots.change(hour, .worker, worker, changedAt, spill: &pending.hours, apply)
        factorySlots.change(hour, .factory, 0, changedAt, spill: &pending.hours, apply)
        if let station { changeStation(hour, station, changedAt, apply) }
    }

    /// Notes that something happened at the entry's station in its hour (SPEC 5.3, `last_activity`).
    mutating func touchStation(_ entry: TimelineEntry) {
        let time = entry.time
        let station = origins[entry.origin].station
        changeStation(parameters.hour(of: time), station, entry.createdAt) { $0.newest.note(time) }
        stationStates[Int(station)].newest.note(time)
        stationStates[Int(station)].oldest.note(time)
    }

    private mutating func leaveStation(_ old: TimelineEntry, for entry: TimelineEntry) {
        let station = origins[old.origin].station
        guard station != origins[entry.origin].station else { return }
        let changedAt = max(old.createdAt, entry.createdAt)
        changeStation(parameters.hour(of: old.time), station, changedAt) { $0.withdrawn += 1 }
        stationStates[Int(station)].isInexact = true
    }

    @inline(__always)
    private mutating func changeStation(
        _ hour: Hour, _ station: UInt32, _ changedAt: Int64, _ apply: (inout HourSums) -> Void
    ) {
        if stationStates[Int(station)].slots.isEmpty { pending.touchedStations.append(station) }
        stationStates[Int(station)].slots.change(hour, .workstation, station, changedAt, spill: &pending.hours, apply)
    }

    /// Counts a sample in or out (SPEC 6.1).
    private mutating func sample(_ entry: TimelineEntry, isMarked: Bool, _ sign: Int64, _ changedAt: Int64) {
        let origin = Int(entry.origin)
        if healthSlots[origin].isEmpty { pending.touchedOrigins.append(entry.origin) }
        healthSlots[origin].change(
            FoldParameters.utc.hour(of: entry.time), entry.origin, changedAt, spill: &pending.health
        ) {
            $0.add(confidence: entry.confidence, isMarked: isMarked, sign: sign)
        }
    }
}

/// Pages in memory.
extension SiteFold {
    /// Index of the resident page of `line` that holds `key`; loads it, or makes the first one.
    @inline(__always)
    mutating func residentPage(_ line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Int {
        let last = lines[line.value].pages.count - 1
        if last >= 0, lines[line.value].pages[last].fence <= key, key < lines[line.value].pages[last].limit {
            return last
        }
        return try findPage(line, holding: key, reader)
    }

    private mutating func findPage(_ line: LineIndex, holding key: EventKey, _ reader: any PageReader) throws -> Int {
        let index = lines[line.value].firstPage(above: key)
        if index > 0, key < lines[line.value].pages[index - 1].limit { return index - 1 }
        if lines[line.value].isStored, var page = try reader.page(of: LineID(site: self.index, line), holding: key) {
            page.lastUse = pending.clock
            pending.loadedPages.append((line, page.fence))
            lines[line.value].pages.insert(page, at: index)
            return index
        }
        guard lines[line.value].pages.isEmpty else { throw TimelineError.missingPage(siteID, line: line, key: key) }
        lines[line.value].pages.append(Page(id: 0, fence: .lowest, limit: .highest, entry: nil, entries: []))
        return 0
    }

    /// Splits `page` and returns the index of the half that takes `key`.
    private mutating func split(_ line: LineIndex, _ page: Int, for key: EventKey) -> Int {
        let upper = lines[line.value].pages[page].split(for: key)
        let fence = upper.fence
        lines[line.value].pages.insert(upper, at: page + 1)
        markDirty(line, page)
        markDirty(line, page + 1)
        return key < fence ? page : page + 1
    }

    @inline(__always)
    private mutating func markDirty(_ line: LineIndex, _ page: Int) {
        lines[line.value].pages[page].lastUse = pending.clock
        guard !lines[line.value].pages[page].isDirty else { return }
        lines[line.value].pages[page].isDirty = true
        pending.dirtyPages.append((line, lines[line.value].pages[page].fence))
    }
}

extension SiteFold.Line {
    /// Index of the first resident page whose fence is above `key`.
    func firstPage(above key: EventKey) -> Int {
        var low = 0
        var high = pages.count
        while low < high {
            let middle = (low + high) >> 1
            if pages[middle].fence <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The resident page that holds `key`.
    func page(holding key: EventKey) -> Page? {
        let index = firstPage(above: key)
        guard index > 0, key < pages[index - 1].limit else { return nil }
        return pages[index - 1]
    }
}
