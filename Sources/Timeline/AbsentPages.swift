public import EventModel

/// What a record will touch and only the store has, so that a caller can load it before it folds the record.
extension PartitionFold {
    /// Whether folding a batch may need something that only the store has; false for a site that no record named yet.
    public func needsStore(for batch: EventBatch) -> Bool {
        guard let number = number(of: batch.siteID) else { return false }
        let site = sites[number]
        if site.timelines.lacksPages { return true }
        return site.quarantine.newestTime != .none && batch.marks.contains { $0.eventClass == .quarantined }
    }

    /// Asks for everything outside of memory that folding a batch needs: the pages of its events, those after them that a
    /// late state event holds through, and quarantined events that its own may repeat. Asks for a page more than once.
    ///
    /// - Parameters:
    ///   - load: returns the page of a line that holds a key; nil when there is none.
    ///   - loadWinner: loads the winner of a key of the site with this number.
    public func load(
        for batch: EventBatch, _ load: (LineID, EventKey) throws -> Page?,
        winner loadWinner: (UInt32, QuarantineKey) throws -> Void
    ) rethrows {
        guard let number = number(of: batch.siteID) else { return }
        try sites[number].loadPages(for: batch, load)
        try sites[number].loadWinners(for: batch, loadWinner)
    }
}

extension SiteFold {
    fileprivate func loadPages(for batch: EventBatch, _ load: (LineID, EventKey) throws -> Page?) rethrows {
        guard timelines.lacksPages else { return }
        var workers = [UInt32?](repeating: nil, count: batch.ids.count)
        var walks: [LineIndex: ClosedRange<EventKey>] = [:]
        for event in 0..<batch.count where batch.marks[event].eventClass != .quarantined {
            let id = Int(batch.workers[event])
            if workers[id] == nil { workers[id] = self.workers.number(of: batch.ids.bytes, batch.ids.range(of: id)) }
            // The store has no pages of a new worker.
            guard let worker = workers[id] else { continue }
            let line = LineIndex(worker, batch.marks[event].eventClass)
            let key = EventKey(time: batch.times[event], type: batch.types[event])
            let limit = try timelines.reach(of: key, createdAt: batch.createdAt.microseconds, on: line, load)
            if let limit, line.eventClass == .accepted, key.isState {
                try timelines.walk(line, from: limit, &walks[line], load)
            }
        }
    }

    fileprivate func loadWinners(for batch: EventBatch, _ load: (UInt32, QuarantineKey) throws -> Void) rethrows {
        for event in 0..<batch.count where batch.marks[event].eventClass == .quarantined {
            let key = QuarantineKey(
                worker: batch.ids[Int(batch.workers[event])],
                key: EventKey(time: batch.times[event], type: batch.types[event]))
            if quarantine.needsStore(key) { try load(index, key) }
        }
    }
}

extension WorkerTimelines {
    /// Loads the page of an event.
    /// - Returns: where the state of the event would go on after that page; nil when it ends inside.
    fileprivate func reach(
        of key: EventKey, createdAt: Int64, on line: LineIndex, _ load: (LineID, EventKey) throws -> Page?
    ) rethrows -> EventKey? {
        guard !isAbsent(line, key) else {
            return try load(id(of: line), key)?.reach(of: key, createdAt: createdAt)
        }
        return reachOfResident(key, createdAt: createdAt, on: line)
    }

    /// Loads the pages from `limit` on, up to one with a state event.
    ///
    /// - Parameter walked: the fences of the pages that were walked before on this line, so that a batch of late events
    ///   does not walk the same pages again and again.
    fileprivate func walk(
        _ line: LineIndex, from limit: EventKey, _ walked: inout ClosedRange<EventKey>?,
        _ load: (LineID, EventKey) throws -> Page?
    ) rethrows {
        if walked?.contains(limit) == true { return }
        var last = limit
        var next: EventKey? = limit
        while let key = next, key != .highest {
            if let walked, key == walked.lowerBound {
                last = walked.upperBound
                break
            }
            last = key
            // A page that is missing is an error of the fold, not of this.
            next = isAbsent(line, key) ? try load(id(of: line), key)?.limitWithoutState : limitOfResident(key, on: line)
        }
        walked = limit...last
    }
}

extension Page {
    /// Where the state of an event with `key` would go on after this page; nil when it ends inside, when the page is
    /// the last one, or when the event would lose to the one that has the key.
    func reach(of key: EventKey, createdAt: Int64) -> EventKey? {
        guard limit != .highest else { return nil }
        var index = lowerBound(key)
        if index < entries.count, entries[index].key == key {
            // Folded later, it stands later in the log, too.
            if entries[index].createdAt <= createdAt { return nil }
            index += 1
        }
        return state(from: index) == nil ? limit : nil
    }

    /// The page's end if no state event is in it.
    var limitWithoutState: EventKey? { state(from: 0) == nil ? limit : nil }
}
