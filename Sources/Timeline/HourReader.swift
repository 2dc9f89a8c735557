internal import EventModel

/// Where the totals of hours come from that were committed: the store, or its in-memory twin.
public protocol HourReader: AnyObject {
    /// Hands on the stored rows of one kind with an hour in `hours`.
    func forEachHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws

    /// Hands on the stored station rows before `hour`, the newest hours first, until `body` returns false.
    func forEachStationHour(
        site: UInt32, before hour: Hour, _ body: (_ station: UInt32, _ sums: HourSums) -> Bool) throws

    /// Hands on the stored rows of model health with an hour in `hours`.
    func forEachHealthHour(
        site: UInt32, _ hours: Range<Hour>, _ body: (_ origin: UInt32, _ sums: HealthSums) -> Void) throws
}

/// What questions read beside the fold's memory: pages and hours of one consistent state of the store.
public typealias ProjectionReader = PageReader & HourReader

extension SiteFold {
    /// Whether the stored hour rows hold nothing valid, because they are to be deleted.
    var storedHoursAreVoid: Bool { hourBuckets.storedRowsAreVoid }

    /// Whole hours inside a range of event time whose rows may answer a question; empty where none may.
    package func wholeHours(of range: Range<Int64>, _ view: KnowledgeView) -> Range<Hour> {
        let none = Hour(0)..<Hour(0)
        guard !isRederiving, view.knownAt.covers(bucketFloor), !range.isEmpty else { return none }
        let first = parameters.hour(of: range.lowerBound + Microseconds.hour - 1)
        let last = parameters.hour(of: range.upperBound)
        return first < last ? first..<last : none
    }

    /// Hands on the totals of every hour in `hours`, committed or not, each entity and hour once.
    package func forEachHourTotal(
        _ kind: HourKind, _ hours: Range<Hour>, _ reader: any HourReader,
        _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws {
        var differences: [Hour: [UInt32: HourSums]] = [:]
        for row in uncommittedHours(kind) where hours.contains(row.sums.hour) {
            differences[row.sums.hour, default: [:]][row.entity, default: HourSums(hour: row.sums.hour)].add(row.sums)
        }
        if !storedHoursAreVoid {
            try reader.forEachHour(site: index, kind, hours) { entity, sums in
                // Most hours lie back and have no differences.
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

    /// Hands on the sums of every hour in `hours`, committed or not; an entity's hour can come more than once, and a
    /// difference that is not committed may be negative.
    package func forEachHour(
        _ kind: HourKind, _ hours: Range<Hour>, _ reader: any HourReader,
        _ body: (_ entity: UInt32, _ sums: HourSums) -> Void
    ) throws {
        if !storedHoursAreVoid { try reader.forEachHour(site: index, kind, hours, body) }
        for row in uncommittedHours(kind) where hours.contains(row.sums.hour) { body(row.entity, row.sums) }
    }

    /// Differences that the store does not have yet.
    func uncommittedHours(_ kind: HourKind) -> [HourRow] { hourBuckets.uncommitted(kind) }

    package func forEachHealthHour(
        _ hours: Range<Hour>, _ reader: any HourReader, _ body: (_ origin: UInt32, _ sums: HealthSums) -> Void
    ) throws {
        try reader.forEachHealthHour(site: index, hours, body)
        for row in healthBuckets.uncommitted where hours.contains(row.sums.hour) { body(row.origin, row.sums) }
    }
}
