internal import EventModel

/// Quarantined events: they change no time line and no figure (SPEC 2.7).
extension SiteFold {
    mutating func insertQuarantined(_ event: QuarantinedEvent, _ reader: any PageReader) throws {
        ledger.received += 1
        guard let old = try quarantinedWinner(event.key, reader) else {
            ledger.quarantined += 1
            quarantine.addWinner(event)
            return
        }
        ledger.duplicates += 1
        guard event.entry.wins(over: old) else {
            quarantine.addLoser(event)
            return
        }
        quarantine.addWinner(event)
        quarantine.displace(old)
    }

    private func quarantinedWinner(_ key: QuarantineKey, _ reader: any PageReader) throws -> QuarantinedPlace? {
        if let own = quarantine.winner(of: key) { return own }
        return quarantine.needsStore(key) ? try reader.quarantinedWinner(site: index, key) : nil
    }

    /// Calls `body` with the quarantined winners that pass the filter, newest created_at first, then by position, until
    /// it returns false.
    public func forEachQuarantined(
        _ filter: QuarantineFilter, _ reader: any QuarantineReader, _ body: (QuarantinedEvent) -> Bool
    ) throws {
        let newest = min(filter.createdTo == .max ? .max : filter.createdTo - 1, filter.after?.createdAt ?? .max)
        guard filter.createdFrom <= newest else { return }
        let displaced = quarantine.displaced
        func isListed(_ event: QuarantinedEvent) -> Bool {
            !displaced.contains(event.entry.position) && passes(event, filter)
        }
        var own = quarantine.uncommitted.filter {
            filter.createdFrom...newest ~= $0.entry.createdAt && isListed($0)
        }
        // The next one last.
        own.sort { SiteFold.precedes($1.entry, $0.entry) }
        var goesOn = true
        try reader.forEachQuarantined(site: index, createdAt: filter.createdFrom...newest) { event in
            guard isListed(event) else { return true }
            while goesOn, let next = own.last, SiteFold.precedes(next.entry, event.entry) {
                own.removeLast()
                goesOn = body(next)
            }
            if goesOn { goesOn = body(event) }
            return goesOn
        }
        while goesOn, let next = own.popLast() { goesOn = body(next) }
    }

    private static func precedes(_ left: TimelineEntry, _ right: TimelineEntry) -> Bool {
        left.createdAt != right.createdAt ? left.createdAt > right.createdAt : left.position < right.position
    }

    private func passes(_ event: QuarantinedEvent, _ filter: QuarantineFilter) -> Bool {
        let entry = event.entry
        if let after = filter.after, !after.precedes(entry) { return false }
        if let worker = filter.worker, event.worker != worker { return false }
        if let workstation = filter.workstation, event.workstation != workstation { return false }
        if let camera = filter.camera, event.camera != camera { return false }
        if let reason = filter.reason, entry.quarantineReason != reason { return false }
        return filter.from <= entry.time && entry.time < filter.to
    }

    private static let quarantinedPerRead = 500

    /// Calls `body` with all quarantined winners, by id of the worker, then by key.
    func forEachQuarantinedByWorker(
        _ reader: any QuarantineReader, _ body: (QuarantinedEvent) throws -> Void
    ) throws {
        let displaced = quarantine.displaced
        func isWinner(_ event: QuarantinedEvent) -> Bool { !displaced.contains(event.entry.position) }
        // The next one last.
        var own = quarantine.uncommitted.filter(isWinner).sorted { $1.precedes($0) }
        var after: QuarantineKey?
        var isLast = false
        while !isLast {
            // In pieces, because `body` reads the store, too.
            let stored = try reader.quarantined(site: index, after: after, limit: SiteFold.quarantinedPerRead)
            for event in stored where isWinner(event) {
                while let next = own.last, next.precedes(event) {
                    own.removeLast()
                    try body(next)
                }
                try body(event)
            }
            after = stored.last?.key
            isLast = stored.count < SiteFold.quarantinedPerRead
        }
        while let next = own.popLast() { try body(next) }
    }
}

extension TimelineEntry {
    /// Whether this event wins over the one at `other` with the same key (SPEC 2.6).
    fileprivate func wins(over other: QuarantinedPlace) -> Bool {
        createdAt != other.createdAt ? createdAt < other.createdAt : position < other.position
    }
}
