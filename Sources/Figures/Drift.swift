internal import Foundation
package import Timeline

/// How far the confidence of a window has moved from that of a baseline (SPEC 6.6).
package struct DriftFigures: Equatable, Sendable {
    package var window: HealthFigures
    package var baseline: HealthFigures

    package init(window: HealthFigures, baseline: HealthFigures) {
        self.window = window
        self.baseline = baseline
    }

    package static let figures: [Figure<DriftFigures>] = [
        Figure("avg_confidence", .confidence, "average confidence") { .decimal(orNone: $0.window.average) },
        Figure("samples", .count, "samples") { .integer($0.window.samples) },
        Figure("baseline_avg_confidence", .confidence, "baseline average") { .decimal(orNone: $0.baseline.average) },
        Figure("baseline_samples", .count, "baseline samples") { .integer($0.baseline.samples) },
        Figure("psi", .confidence, "PSI") { .decimal($0.roundedIndex) },
        Figure("drift", .text, "drift") { .text($0.verdict.rawValue) },
    ]

    /// What the index means.
    package enum Verdict: String, Sendable {
        case unknown, stable, moderate, significant
    }

    /// Fewer samples on either side tell nothing.
    private static let samplesMinimum = 100

    /// Judged by the index before it is rounded.
    package var verdict: Verdict {
        guard min(window.samples, baseline.samples) >= DriftFigures.samplesMinimum else { return .unknown }
        let index = stabilityIndex
        if index < 0.1 { return .stable }
        return index < 0.25 ? .moderate : .significant
    }

    /// The population stability index over the bins: Σ (p − q) ln(p / q) with p = (n + 0.5) / (N + 10), and q the same of
    /// the baseline. Half a sample is added to each of the 20 bins, so that an empty one has a logarithm.
    package var stabilityIndex: Double {
        zip(window.histogram, baseline.histogram).reduce(0) { sum, bins in
            let p = (Double(bins.0) + 0.5) / (Double(window.samples) + 10)
            let q = (Double(bins.1) + 0.5) / (Double(baseline.samples) + 10)
            return sum + (p - q) * log(p / q)
        }
    }

    /// 4 decimals.
    private var roundedIndex: FixedPoint {
        FixedPoint(scaled: Int128((stabilityIndex * 10_000).rounded(.toNearestOrAwayFromZero)), decimals: 4)
    }
}

extension SiteFold {
    /// The drift of all samples, and that of each group that has samples on either side (SPEC 6.6).
    package func drift(
        _ window: Window, from baseline: Window, by grouping: HealthGrouping?, _ view: KnowledgeView,
        _ reader: any ProjectionReader
    ) throws -> (whole: DriftFigures, groups: [HealthGroup<DriftFigures>]) {
        let sums: [[UInt32: HealthFigures]] = try health(windows: [window, baseline], view, reader)
        let whole = DriftFigures(window: total(sums[0]), baseline: total(sums[1]))
        guard let grouping else { return (whole, []) }
        let sides = sums.map { merged($0, by: grouping) }
        var groups: [HealthGroupKey: DriftFigures] = [:]
        for key in Set(sides[0].keys).union(sides[1].keys) {
            groups[key] = DriftFigures(
                window: sides[0][key] ?? HealthFigures(), baseline: sides[1][key] ?? HealthFigures())
        }
        return (whole, named(groups, by: grouping))
    }
}
