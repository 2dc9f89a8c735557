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

    /// The samples of one day, camera and model version; nil for samples that name none.
    package struct Row: Equatable, Sendable {
        package var day: Int64
        package var camera: ArraySlice<UInt8>?
        package var modelVersion: ArraySlice<UInt8>?
        package var counts: Pair

        package var date: String { CivilDate(daysSince1970: Int(day)).text }
    }

    /// Most rows of an answer.
    package static let rowsMaximum = 100_000

    package var week: ISOWeek
    package var whole: Pair
    package var days: [Day]
    /// Those that have samples in either week.
    package var cameras: [HealthGroup<Pair>]
    package var modelVersions: [HealthGroup<Pair>]
    /// What each camera sent on each day with each model version; by day, then by camera and version.
    package var rows: [Row]
    package var alerts: [HealthAlert]
}

extension SiteFold {
    /// - Parameter end: samples from there on do not count.
    /// - Returns: nil if there are too many alerts, or rows.
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
        var listed: [HealthReport.Day] = []
        var rows: [HealthReport.Row] = []
        for (date, sums) in zip(days, mine) {
            let same = zip(daysBefore, before).first { $0.0.day == date.day - 7 }?.1 ?? [:]
            listed.append(
                HealthReport.Day(
                    day: date.day, range: date.range, counts: .init(week: total(sums), before: total(same))))
            rows += reportRows(date.day, sums, same)
            guard rows.count <= HealthReport.rowsMaximum else { return nil }
        }
        let (all, allBefore) = (Self.joined(mine), Self.joined(before))
        return HealthReport(
            week: week, whole: .init(week: total(all), before: total(allBefore)), days: listed,
            cameras: pairs(all, allBefore, by: .camera), modelVersions: pairs(all, allBefore, by: .modelVersion),
            rows: rows, alerts: alerts)
    }

    private func reportRows(
        _ day: Int64, _ week: [UInt32: HealthCount], _ before: [UInt32: HealthCount]
    ) -> [HealthReport.Row] {
        /// Numbers of camera and model version; 0 for none.
        struct Key: Hashable {
            var camera: UInt32
            var modelVersion: UInt32
        }
        var pairs: [Key: HealthReport.Pair] = [:]
        func key(_ number: UInt32) -> Key {
            let origin = origin(number)
            return Key(camera: origin.camera, modelVersion: origin.modelVersion)
        }
        for (number, count) in week { pairs[key(number), default: .init()].week.add(count) }
        for (number, count) in before { pairs[key(number), default: .init()].before.add(count) }
        func name(_ number: UInt32) -> ArraySlice<UInt8>? { number == 0 ? nil : names[number - 1] }
        func id(_ name: ArraySlice<UInt8>?) -> ArraySlice<UInt8> { name ?? [] }
        return pairs.map { key, pair in
            HealthReport.Row(
                day: day, camera: name(key.camera), modelVersion: name(key.modelVersion), counts: pair)
        }.sorted { left, right in
            id(left.camera) != id(right.camera)
                ? id(left.camera).lexicographicallyPrecedes(id(right.camera))
                : id(left.modelVersion).lexicographicallyPrecedes(id(right.modelVersion))
        }
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
