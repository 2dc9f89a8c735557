internal import EventModel

/// How long the buckets of a trend or a heat map are (SPEC 5.7).
package enum BucketLength: String, CaseIterable, Sendable {
    case hour, day, week, month

    /// Cuts a range into buckets: one begins whenever the local clock shows a full hour, a new date, a Monday or the first
    /// of a month. The first and the last are clipped to the range.
    /// - Returns: ascending, each begins where the one before ends; nil if there are more than `maximum`.
    package func buckets(of range: Range<Int64>, _ zone: SiteZone, maximum: Int) -> [Range<Int64>]? {
        guard !range.isEmpty else { return [] }
        let later = range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound)
        guard let starts = starts(in: later, zone, maximum: maximum - 1) else { return nil }
        let edges = [range.lowerBound] + starts + [range.upperBound]
        return zip(edges, edges.dropFirst()).map { $0..<$1 }
    }

    private func starts(in range: Range<Int64>, _ zone: SiteZone, maximum: Int) -> [Int64]? {
        guard self != .hour else { return zone.fullHours(in: range, maximum: maximum) }
        var starts: [Int64] = []
        var day = firstDay(from: zone.localDay(of: Timestamp(microseconds: range.lowerBound)))
        while true {
            let start = zone.instant(day: day).microseconds
            guard start < range.upperBound else { return starts }
            // A date that the zone skipped begins where the next one does.
            if start >= range.lowerBound, starts.last.map({ $0 < start }) ?? true {
                guard starts.count < maximum else { return nil }
                starts.append(start)
            }
            day = next(after: day)
        }
    }

    /// The first date at or after `day` that begins a bucket.
    private func firstDay(from day: Int64) -> Int64 {
        switch self {
        case .hour, .day: return day
        case .week: return day + (7 - ShiftCalendar.weekday(day)) % 7
        case .month:
            let date = CivilDate(daysSince1970: Int(day))
            return date.day == 1 ? day : Period.first(of: date, 1)
        }
    }

    private func next(after day: Int64) -> Int64 {
        switch self {
        case .hour, .day: day + 1
        case .week: day + 7
        case .month: Period.first(of: CivilDate(daysSince1970: Int(day)), 1)
        }
    }
}

/// The figures of one bucket.
package struct Bucketed<Values: Equatable & Sendable>: Equatable, Sendable {
    /// In microseconds.
    package var range: Range<Int64>
    package var values: Values

    package init(range: Range<Int64>, values: Values) {
        self.range = range
        self.values = values
    }
}
