internal import EventModel

/// Putting one event into its place, and moving what it moves.
extension SiteFold {
    mutating func insert(
        _ entry: TimelineEntry, worker: UInt32, class eventClass: EventClass, _ source: any PageSource
    ) throws {
        let line = Int(worker) * 3 + Int(eventClass.rawValue)
        ledger.received += 1
        var page = try residentPage(line, holding: entry.key, source)
        var placement = lines[line].pages[page].place(entry)
        while case .needsSplit = placement {
            page = split(line, page, for: entry.key)
            placement = lines[line].pages[page].place(entry)
        }
        switch placement {
        case .lost, .needsSplit:
            ledger.duplicates += 1
        case .inserted(let index):
            pending.insertedEntries += 1
            markDirty(line, page)
            count(eventClass)
            if eventClass == .accepted {
                try accepted(entry, worker, line, page, index, replacing: nil, source)
            }
            if eventClass != .quarantined { sample(entry, isMarked: eventClass == .lowConfidence, 1, entry.createdAt) }
        case .replaced(let old, let index):
            ledger.duplicates += 1
            markDirty(line, page)
            if eventClass == .accepted {
                try accepted(entry, worker, line, page, index, replacing: old, source)
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
        _ entry: TimelineEntry, _ worker: UInt32, _ line: Int, _ page: Int, _ index: Int,
        replacing old: TimelineEntry?, _ source: any PageSource
    ) throws {
        if Int(worker) < rederiveCursor {
            if let old, old.source != entry.source { leaveStation(old, for: entry) }
            touchStation(entry)
        }
        guard entry.isState else {
            if Int(worker) < rederiveCursor {
                if let old { moveUnits(worker, old, -1, max(old.createdAt, entry.createdAt)) }
                moveUnits(worker, entry, 1, entry.createdAt)
            }
            return
        }
        let previous = lines[line].pages[page].state(before: index)
        var next = lines[line].pages[page].state(from: index + 1)
        if next == nil, lines[line].pages[page].limit != Int64.max {
            next = try passOn(entry, line, after: page, source)
        }
        if next == nil, !pending.newestOpen.contains(entry.time) { noteOpen(entry.time) }
        guard Int(worker) < rederiveCursor else { return }
        moveIntervals(worker, previous, entry, next, replacing: old)
    }

    private mutating func noteOpen(_ time: Int64) {
        let hour = parameters.hour(of: time)
        pending.openHours.insert(hour)
        pending.newestOpen = parameters.start(of: hour)..<parameters.start(of: hour + 1)
    }

    /// A new last state event of a page holds into the pages after it, up to the next state event, which is returned.
    private mutating func passOn(
        _ entry: TimelineEntry, _ line: Int, after page: Int, _ source: any PageSource
    ) throws -> TimelineEntry? {
        var limit = lines[line].pages[page].limit
        while limit != Int64.max {
            let following = try residentPage(line, holding: limit, source)
            lines[line].pages[following].entry = entry
            markDirty(line, following)
            if let next = lines[line].pages[following].state(from: 0) { return next }
            limit = lines[line].pages[following].limit
        }
        return nil
    }

    /// The difference that `entry` between `previous` and `next` makes to the sums of closed intervals (SPEC 4.3).
    ///
    /// Marks are the larger created_at of the two events that bound an interval, so that an hour whose mark is known
    /// holds just what a fold of the known events would have put there (SPEC 7.2).
    private mutating func moveIntervals(
        _ worker: UInt32, _ previous: TimelineEntry?, _ entry: TimelineEntry, _ next: TimelineEntry?,
        replacing old: TimelineEntry?
    ) {
        let time = entry.time
        if let old {
            guard let next else { return }
            let mark = max(entry.createdAt, next.createdAt)
            moveInterval(worker, old, from: time, until: next.time, sign: -1, mark: max(mark, old.createdAt))
            moveInterval(worker, entry, from: time, until: next.time, sign: 1, mark: mark)
            return
        }
        if let previous {
            let mark = max(previous.createdAt, entry.createdAt)
            if let next {
                moveInterval(worker, previous, from: time, until: next.time, sign: -1, mark: mark)
            } else {
                moveInterval(worker, previous, from: previous.time, until: time, sign: 1, mark: mark)
            }
        }
        if let next {
            let mark = max(entry.createdAt, next.createdAt)
            moveInterval(worker, entry, from: time, until: next.time, sign: 1, mark: mark)
        }
    }

    /// Adds what `owner` asserts in [from, until), within its ttl and the end of a dropped worker.
    ///
    /// From the earliest end on that he ever had, hours are marked by the definition that set the newest one: who does
    /// not know of it must not use them, neither what was cut off nor what was given back.
    mutating func moveInterval(
        _ worker: UInt32, _ owner: TimelineEntry, from: Int64, until: Int64, sign: Int64, mark: Int64
    ) {
        let end = min(until, owner.time + parameters.ttl)
        let earliest = workerStates[Int(worker)].earliestClip
        guard earliest < end else {
            move(worker, owner, from: from, to: end, sign: sign, mark: mark)
            return
        }
        let clip = workerStates[Int(worker)].clip
        let late = max(mark, workerStates[Int(worker)].clipMark)
        move(worker, owner, from: from, to: earliest, sign: sign, mark: mark)
        move(worker, owner, from: max(from, earliest), to: min(end, clip), sign: sign, mark: late)
        move(worker, owner, from: max(from, clip), to: end, sign: 0, mark: late)
    }

    /// Adds [from, to) in the state and at the station of `owner` to the hours of worker, station and factory.
    mutating func move(
        _ worker: UInt32, _ owner: TimelineEntry, from: Int64, to: Int64, sign: Int64, mark: Int64
    ) {
        guard from < to else { return }
        let station = sources[owner.source].station
        var hour = parameters.hour(of: from)
        var start = from
        while start < to {
            let end = min(to, parameters.start(of: hour + 1))
            let amount = (end - start) * sign
            switch owner.type {
            case .working:
                change(hour, worker, station, mark) { $0.working += amount }
            case .idle:
                change(hour, worker, station, mark) { $0.idle += amount }
            case .absent, .productCount:
                change(hour, worker, nil, mark) { $0.absent += amount }
            }
            start = end
            hour += 1
        }
    }

    mutating func moveUnits(_ worker: UInt32, _ entry: TimelineEntry, _ sign: Int64, _ mark: Int64) {
        let amount = entry.count * sign
        change(parameters.hour(of: entry.time), worker, sources[entry.source].station, mark) { $0.units += amount }
    }

    @inline(__always)
    private mutating func change(
        _ hour: Int64, _ worker: UInt32, _ station: UInt32?, _ mark: Int64, _ apply: (inout HourSums) -> Void
    ) {
        if workerStates[Int(worker)].slots.isEmpty { pending.touchedWorkers.append(worker) }
        workerStates[Int(worker)].slots.change(hour, .worker, worker, mark, spill: &pending.hours, apply)
        factorySlots.change(hour, .factory, 0, mark, spill: &pending.hours, apply)
        if let station { changeStation(hour, station, mark, apply) }
    }

    /// Notes that something happened at the entry's station in its hour (SPEC 5.3, `last_activity`).
    mutating func touchStation(_ entry: TimelineEntry) {
        let time = entry.time
        let station = sources[entry.source].station
        changeStation(parameters.hour(of: time), station, entry.createdAt) { $0.newest = max($0.newest, time) }
        if stationStates[Int(station)].newest < time { stationStates[Int(station)].newest = time }
        if stationStates[Int(station)].oldest > time { stationStates[Int(station)].oldest = time }
    }

    private mutating func leaveStation(_ old: TimelineEntry, for entry: TimelineEntry) {
        let station = sources[old.source].station
        guard station != sources[entry.source].station else { return }
        let mark = max(old.createdAt, entry.createdAt)
        changeStation(parameters.hour(of: old.time), station, mark) { $0.withdrawn += 1 }
        stationStates[Int(station)].isInexact = true
    }

    @inline(__always)
    private mutating func changeStation(
        _ hour: Int64, _ station: UInt32, _ mark: Int64, _ apply: (inout HourSums) -> Void
    ) {
        if stationStates[Int(station)].slots.isEmpty { pending.touchedStations.append(station) }
        stationStates[Int(station)].slots.change(hour, .workstation, station, mark, spill: &pending.hours, apply)
    }

    /// Counts a sample in or out (SPEC 6.1).
    private mutating func sample(_ entry: TimelineEntry, isMarked: Bool, _ sign: Int64, _ mark: Int64) {
        let source = Int(entry.source)
        if healthSlots[source].isEmpty { pending.touchedSources.append(entry.source) }
        healthSlots[source].change(entry.time / Microseconds.hour, entry.source, mark, spill: &pending.health) {
            $0.add(confidence: entry.confidence, isMarked: isMarked, sign: sign)
        }
    }
}

/// Pages in memory.
extension SiteFold {
    /// Index of the resident page of `line` that holds `key`; loads it, or makes the first one.
    @inline(__always)
    mutating func residentPage(_ line: Int, holding key: Int64, _ source: any PageSource) throws -> Int {
        let last = lines[line].pages.count - 1
        if last >= 0, lines[line].pages[last].fence <= key, key < lines[line].pages[last].limit { return last }
        return try findPage(line, holding: key, source)
    }

    private mutating func findPage(_ line: Int, holding key: Int64, _ source: any PageSource) throws -> Int {
        let index = lines[line].firstPage(above: key)
        if index > 0, key < lines[line].pages[index - 1].limit { return index - 1 }
        if lines[line].isStored, var page = try source.page(of: LineID(site: self.index, line: line), holding: key) {
            page.lastUse = pending.clock
            lines[line].pages.insert(page, at: index)
            return index
        }
        guard lines[line].pages.isEmpty else { throw TimelineError.missingPage(siteID, line: line, key: key) }
        lines[line].pages.append(Page(id: 0, fence: Int64.min, limit: Int64.max, entry: nil, entries: []))
        return 0
    }

    /// Splits `page` and returns the index of the half that takes `key`.
    private mutating func split(_ line: Int, _ page: Int, for key: Int64) -> Int {
        let upper = lines[line].pages[page].split(for: key)
        let fence = upper.fence
        lines[line].pages.insert(upper, at: page + 1)
        markDirty(line, page)
        markDirty(line, page + 1)
        return key < fence ? page : page + 1
    }

    @inline(__always)
    private mutating func markDirty(_ line: Int, _ page: Int) {
        lines[line].pages[page].lastUse = pending.clock
        guard !lines[line].pages[page].isDirty else { return }
        lines[line].pages[page].isDirty = true
        pending.dirtyPages.append((line, lines[line].pages[page].fence))
    }
}

extension SiteFold.Line {
    /// Index of the first resident page whose fence is above `key`.
    func firstPage(above key: Int64) -> Int {
        var low = 0
        var high = pages.count
        while low < high {
            let middle = (low + high) >> 1
            if pages[middle].fence <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The resident page that holds `key`.
    func page(holding key: Int64) -> Page? {
        let index = firstPage(above: key)
        guard index > 0, key < pages[index - 1].limit else { return nil }
        return pages[index - 1]
    }
}
