internal import EventModel
package import Timeline

/// One UTC hour of a health trend (SPEC 6.3).
package struct HealthTrendHour: Equatable, Sendable {
    /// In microseconds.
    package var start: Int64
    package var hour: HealthAverage
    /// All samples of the 7 days before the end of the hour, or before E where that is earlier.
    package var trailing: HealthAverage

    package static let figures: [Figure<HealthTrendHour>] = [
        Figure("start", .time, "hour") { .time($0.start) },
        Figure("samples", .count, "samples") { .integer($0.hour.samples) },
        Figure("avg_confidence", .confidence, "average confidence") { .decimal(orNone: $0.hour.average) },
        Figure("trailing_avg_confidence", .confidence, "average of 7 days") { .decimal(orNone: $0.trailing.average) },
    ]
}

/// The hours that have samples, of all of them and of each group (SPEC 6.3).
package struct HealthTrend: Equatable, Sendable {
    package var hours: [HealthTrendHour]
    package var groups: [HealthGroup<[HealthTrendHour]>]

    /// The longest trend (SPEC 6.3).
    package static let daysMaximum = 92
    /// Hours that an answer shows at most, of all groups together: 44 cameras over 92 days, or 590 over a week.
    package static let rowsMaximum = 100_000
    static let trailingHours = 7 * 24
}

extension SiteFold {
    /// The UTC hours that begin in the `days` before `end`.
    /// - Returns: nil if there are more than ``HealthTrend/rowsMaximum``.
    package func healthTrend(
        end: Int64, days: Int, by grouping: HealthGrouping?, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> HealthTrend? {
        let span = TrendSpan(end: end, days: days)
        let sums: [[UInt32: HealthAverage]] = try health(windows: span.windows, view, reader)
        let whole = span.hours(
            sums.enumerated().compactMap { $1.isEmpty ? nil : TrendSpan.Sample(window: $0, average: total($1)) })
        guard let grouping else { return HealthTrend(hours: whole, groups: []) }
        // Only hours with samples: a site may have thousands of cameras that were seen once.
        var series: [HealthGroupKey: [TrendSpan.Sample]] = [:]
        for (window, sums) in sums.enumerated() {
            for (key, average) in merged(sums, by: grouping) {
                series[key, default: []].append(TrendSpan.Sample(window: window, average: average))
            }
        }
        var groups: [HealthGroupKey: [HealthTrendHour]] = [:]
        var rows = whole.count
        for (key, samples) in series {
            let hours = span.hours(samples)
            rows += hours.count
            guard rows <= HealthTrend.rowsMaximum else { return nil }
            if !hours.isEmpty { groups[key] = hours }
        }
        return HealthTrend(hours: whole, groups: named(groups, by: grouping))
    }
}

/// The windows of a trend: every hour from 7 days before its first one up to the end, the last one up to `end`; and before
/// them what the 7 days before `end` have of the hour in which they begin.
private struct TrendSpan {
    private let end: Int64
    /// The first hour that is shown, and the first whose samples are needed, as hours since 1970.
    private let shown: Int64
    private let first: Int64
    let windows: [Window]

    init(end: Int64, days: Int) {
        self.end = end
        let day = Microseconds.day
        shown = TrendSpan.firstHour(from: end - Int64(days) * day)
        first = max(0, shown - Int64(HealthTrend.trailingHours))
        let hour = Microseconds.hour
        let week = max(0, end - 7 * day)
        let afterWeek = TrendSpan.firstHour(from: week) * hour
        var windows = [Window(from: week, end: min(afterWeek, end))]
        var start = first * hour
        while start < end {
            windows.append(Window(from: start, end: min(start + hour, end)))
            start += hour
        }
        self.windows = windows
    }

    /// The first hour that begins at or after an instant; none before 1970.
    private static func firstHour(from instant: Int64) -> Int64 {
        max(0, (max(0, instant) + Microseconds.hour - 1) / Microseconds.hour)
    }

    /// A window that has samples.
    struct Sample {
        /// Its number.
        var window: Int
        var average: HealthAverage
    }

    /// - Parameter samples: by window.
    func hours(_ samples: [Sample]) -> [HealthTrendHour] {
        var hours: [HealthTrendHour] = []
        var trailing = HealthAverage()
        // The first window is no hour.
        let part = samples.first.flatMap { $0.window == 0 ? $0.average : nil }
        let series = part == nil ? samples[...] : samples.dropFirst()
        var oldest = series.startIndex
        for sample in series {
            trailing.add(sample.average)
            while series[oldest].window <= sample.window - HealthTrend.trailingHours {
                trailing.remove(series[oldest].average)
                oldest += 1
            }
            let hour = first + Int64(sample.window) - 1
            guard hour >= shown else { continue }
            var known = trailing
            // The 7 days before an end inside an hour begin inside the hour that has just left.
            if (hour + 1) * Microseconds.hour > end, let part { known.add(part) }
            hours.append(
                HealthTrendHour(start: hour * Microseconds.hour, hour: sample.average, trailing: known))
        }
        return hours
    }
}
