internal import EventModel

/// Reads the committed totals of hours, from the store or its in-memory twin.
public protocol HourReader: AnyObject {
    /// Calls `body` with the stored rows of one kind with an hour in `hours`.
    func forEachHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws

    /// Calls `body` with the rows of one entity in those hours in which anything happened in the factory, found one by one.
    func forEachHour(
        site: UInt32, _ kind: HourKind, of entity: UInt32, _ hours: Range<Hour>, _ body: (HourSums) -> Void) throws

    /// Calls `body` with every entity and hour whose stored row has time in a state.
    func forEachActiveHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (_ entity: UInt32, _ hour: Hour) -> Void) throws

    /// Calls `body` with the stored stays that have any of `hours`.
    func forEachStay(site: UInt32, _ hours: Range<Hour>, _ body: (Stay) -> Void) throws

    /// Calls `body` with the stored station rows before `hour`, newest hours first, until it returns false.
    func forEachStationHour(
        site: UInt32, before hour: Hour, _ body: (_ station: UInt32, _ sums: HourSums) -> Bool) throws

    /// Calls `body` with the stored rows of model health with an hour in `hours`.
    func forEachHealthHour(
        site: UInt32, _ hours: Range<Hour>, _ body: (_ origin: UInt32, _ sums: HealthSums) -> Void) throws
}

extension HourReader {
    public func forEachHour(
        site: UInt32, _ kind: HourKind, of entity: UInt32, _ hours: Range<Hour>, _ body: (HourSums) -> Void
    ) throws {
        try forEachHour(site: site, kind, hours) { if $0 == entity { body($1) } }
    }

    public func forEachActiveHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (UInt32, Hour) -> Void
    ) throws {
        try forEachHour(site: site, kind, hours) { if $1.isActive { body($0, $1.hour) } }
    }
}

/// What questions read in addition to the fold's memory, from one consistent state of the store.
public typealias ProjectionReader = PageReader & HourReader & ArrivalReader & QuarantineReader & DefinitionReader

extension SiteFold {
    /// Whether the stored hour rows are invalid because they are about to be deleted.
    var storedHoursAreVoid: Bool { hourBuckets.storedRowsAreVoid }

    /// Whether rows can serve a question: they are built, and by rules that it knows.
    package func hasHours(_ view: KnowledgeView) -> Bool { !isRederiving && view.knownAt.covers(bucketFloor) }

    /// Whole hours inside a range of event time that rows can answer; empty when there are none.
    package func wholeHours(of range: Range<Int64>, _ view: KnowledgeView) -> Range<Hour> {
        let none = Hour(0)..<Hour(0)
        guard hasHours(view), !range.isEmpty else { return none }
        let first = parameters.hour(of: range.lowerBound + Microseconds.hour - 1)
        let last = parameters.hour(of: range.upperBound)
        return first < last ? first..<last : none
    }

    /// Calls `body` with the total of every hour in `hours`, committed or not; each entity and hour once.
    package func forEachHourTotal(
        _ kind: HourKind, _ hours: Range<Hour>, _ reader: any HourReader,
        _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws {
        var differences: [Hour: [UInt32: HourSums]] = [:]
        for row in uncommittedHours(kind) where hours.contains(row.sums.hour) {
            differences[row.sums.hour, default: [:]][row.entity, default: HourSums(hour: row.sums.hour)].add(row.sums)
        }
        if !storedHoursAreVoid {
            try forEachStoredHour(kind, hours, reader) { entity, sums in
                // Most hours are in the past and have no differences.
                guard !differences.isEmpty, let difference = differences[sums.hour]?.removeValue(forKey: entity) else {
                    return body(entity, sums)
                }
                var total = sums
                total.add(difference)
                body(entity, total)
            }
        }
        for hour in differences.values { for (entity, sums) in hour { body(entity, sums) } }
    }

    /// Calls `body` with the sums of every hour in `hours`, committed or not. An entity's hour may occur more than
    /// once, and uncommitted differences may be negative.
    /// - Parameter some: whose hours are needed, each once; `body` may get those of others, too. nil: all.
    package func forEachHour(
        _ kind: HourKind, of some: [UInt32]? = nil, _ hours: Range<Hour>, _ reader: any HourReader,
        _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws {
        if !storedHoursAreVoid {
            if let some, some.count * Self.rowsOfLookup < hourEntities(kind) {
                for entity in some {
                    try reader.forEachHour(site: index, kind, of: entity, hours) { body(entity, $0) }
                }
            } else {
                try forEachStoredHour(kind, hours, reader, body)
            }
        }
        for row in uncommittedHours(kind) where hours.contains(row.sums.hour) { body(row.entity, row.sums) }
    }

    /// Calls `body` with every entity and hour in `hours` that has time in a state, committed or not; each once.
    package func forEachActiveHour(
        _ kind: HourKind, _ hours: Range<Hour>, _ reader: any HourReader,
        _ body: (_ entity: UInt32, _ hour: Hour) -> Void
    ) throws {
        let differing = uncommittedHours(kind).map(\.sums.hour).filter { hours.contains($0) }
        // Where there are differences, only the totals tell.
        let totals =
            storedHoursAreVoid
            ? hours : (differing.min() ?? hours.lowerBound)..<(differing.max()?.next ?? hours.lowerBound)
        let count = hourEntities(kind)
        var isForeign = false
        for stored in [hours.lowerBound..<totals.lowerBound, totals.upperBound..<hours.upperBound] where !stored.isEmpty
        {
            try reader.forEachActiveHour(site: index, kind, stored) { entity, hour in
                if entity < count { body(entity, hour) } else { isForeign = true }
            }
        }
        if isForeign { throw TimelineError.foreignRow(siteID) }
        guard !totals.isEmpty else { return }
        try forEachHourTotal(kind, totals, reader) { if $1.isActive { body($0, $1.hour) } }
    }

    /// To find one row takes as long as to read so many in their order.
    private static var rowsOfLookup: Int { 10 }

    private func hourEntities(_ kind: HourKind) -> Int {
        switch kind {
        case .worker: workers.count
        case .workstation: stations.count
        case .factory: 1
        }
    }

    /// Calls `body` with the stored rows; each is one of the site's.
    private func forEachStoredHour(
        _ kind: HourKind, _ hours: Range<Hour>, _ reader: any HourReader,
        _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws {
        let count = hourEntities(kind)
        var isForeign = false
        try reader.forEachHour(site: index, kind, hours) { entity, sums in
            if entity < count { body(entity, sums) } else { isForeign = true }
        }
        if isForeign { throw TimelineError.foreignRow(siteID) }
    }

    /// Whether the store has the rows of all hours that are known at that time: no difference in memory belongs to one.
    package func storeHasHours(knownAt: KnowledgeLimit) -> Bool {
        let kinds: [HourKind] = [.worker, .workstation, .factory]
        return !storedHoursAreVoid
            && kinds.allSatisfy { kind in
                uncommittedHours(kind).allSatisfy { !knownAt.covers($0.sums.changedAt) }
            }
    }

    /// Differences that the store does not have yet.
    func uncommittedHours(_ kind: HourKind) -> [HourRow] { hourBuckets.uncommitted(kind) }

    package func forEachHealthHour(
        _ hours: Range<Hour>, _ reader: any HourReader, _ body: (_ origin: UInt32, _ sums: HealthSums) -> Void
    ) throws {
        var isForeign = false
        try reader.forEachHealthHour(site: index, hours) { origin, sums in
            if origin < origins.count { body(origin, sums) } else { isForeign = true }
        }
        if isForeign { throw TimelineError.foreignRow(siteID) }
        for row in healthBuckets.uncommitted where hours.contains(row.sums.hour) { body(row.origin, row.sums) }
    }
}
