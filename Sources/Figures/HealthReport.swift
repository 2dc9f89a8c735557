internal import EventModel
package import Timeline

/// Samples, their average, and how many the threshold refused (SPEC 6.5).
package struct HealthCount: HealthAccumulator, Equatable {
    package var samples: Int64 = 0
    /// Parts per million.
    package var confidenceSum: Int64 = 0
    /// Samples of the low-confidence class.
    package var belowThreshold: Int64 = 0

    package init() {}

    package mutating func add(_ sums: HealthSums) {
        samples += sums.samples
        confidenceSum += sums.confidenceSum
        belowThreshold += sums.marked
    }

    package mutating func add(confidence: Int64, isBelowThreshold: Bool) {
        samples += 1
        confidenceSum += confidence
        if isBelowThreshold { belowThreshold += 1 }
    }

    package mutating func add(_ other: HealthCount) {
        samples += other.samples
        confidenceSum += other.confidenceSum
        belowThreshold += other.belowThreshold
    }

    package static let figures: [Figure<HealthCount>] = [
        Figure("samples", .count, "samples") { .integer($0.samples) },
        Figure("avg_confidence", .confidence, "average confidence") { .decimal(orNone: $0.average) },
        Figure("below_threshold_count", .count, "below threshold") { .integer($0.belowThreshold) },
    ]
}

/// One ISO week of model health beside the week before (SPEC 6.5).
package struct HealthReport: Equatable, Sendable {
    /// The same of both weeks.
    package struct Pair: Equatable, Sendable {
        package var week = HealthCount()
        package var before = HealthCount()
    }

    package struct Day: Equatable, Sendable {
        /// The site-local date, in days since 1970.
        package var day: Int64
        package var range: Range<Int64>
        /// The day of the week before with the same name beside it.
        package var counts: Pair

        /// `2026-01-12`.
        package var date: String { CivilDate(daysSince1970: Int(day)).text }
    }

    package var week: ISOWeek
    package var whole: Pair
    package var days: [Day]
    /// Those that have samples in either week.
    package var cameras: [HealthGroup<Pair>]
    package var modelVersions: [HealthGroup<Pair>]
    package var alerts: [HealthAlert]
}

extension SiteFold {
    /// - Parameter end: samples from there on do not count.
    /// - Returns: nil if there are too many alerts.
    package func healthReport(
        _ week: ISOWeek, _ zone: SiteZone, end: Int64, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> HealthReport? {
        let (days, daysBefore) = (week.days(zone), week.previous.days(zone))
        let windows = (days + daysBefore).map {
            Window(from: min($0.range.lowerBound, end), end: min($0.range.upperBound, end))
        }
        guard let first = days.first?.range.lowerBound, let last = days.last?.range.upperBound,
            let alerts = try alerts(from: first, to: last, view, reader)
        else { return nil }
        let sums: [[UInt32: HealthCount]] = try health(windows: windows, view, reader)
        let (mine, before) = (sums.prefix(days.count), sums.dropFirst(days.count))
        let listed = zip(days, mine).map { date, sums in
            let same = zip(daysBefore, before).first { $0.0.day == date.day - 7 }
            return HealthReport.Day(
                day: date.day, range: date.range,
                counts: .init(week: total(sums), before: same.map { total($0.1) } ?? HealthCount()))
        }
        let (all, allBefore) = (Self.joined(mine), Self.joined(before))
        return HealthReport(
            week: week, whole: .init(week: total(all), before: total(allBefore)), days: listed,
            cameras: pairs(all, allBefore, by: .camera), modelVersions: pairs(all, allBefore, by: .modelVersion),
            alerts: alerts)
    }

    private static func joined(_ days: ArraySlice<[UInt32: HealthCount]>) -> [UInt32: HealthCount] {
        days.reduce(into: [:]) { sum, day in
            for (origin, count) in day { sum[origin, default: HealthCount()].add(count) }
        }
    }

    private func pairs(
        _ week: [UInt32: HealthCount], _ before: [UInt32: HealthCount], by grouping: HealthGrouping
    ) -> [HealthGroup<HealthReport.Pair>] {
        let sides = (merged(week, by: grouping), merged(before, by: grouping))
        var pairs: [HealthGroupKey: HealthReport.Pair] = [:]
        for key in Set(sides.0.keys).union(sides.1.keys) {
            pairs[key] = .init(week: sides.0[key] ?? HealthCount(), before: sides.1[key] ?? HealthCount())
        }
        return named(pairs, by: grouping)
    }
}
