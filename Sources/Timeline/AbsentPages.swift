public import EventModel

/// Pages that a record will touch and that only the store has, so that a caller can load them before it folds the
/// record.
extension PartitionFold {
    /// Whether only the store has some pages of a site; false for a site that no record named yet.
    public func lacksPages(of siteID: SiteID) -> Bool {
        number(of: siteID).map { sites[$0].timelines.lacksPages } ?? false
    }

    /// Asks `load` for every page outside of memory that folding a batch needs: the pages of its events, and those
    /// after them that a late state event holds through. Asks for a page more than once.
    ///
    /// - Parameter load: returns the page of a line that holds a key; nil when there is none.
    public func loadPages(for batch: EventBatch, _ load: (LineID, EventKey) throws -> Page?) rethrows {
        guard let site = number(of: batch.siteID), sites[site].timelines.lacksPages else { return }
        try sites[site].loadPages(for: batch, load)
    }
}

extension SiteFold {
    fileprivate func loadPages(for batch: EventBatch, _ load: (LineID, EventKey) throws -> Page?) rethrows {
        var workers = [UInt32?](repeating: nil, count: batch.ids.count)
        var walks: [LineIndex: ClosedRange<EventKey>] = [:]
        for event in 0..<batch.count {
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
