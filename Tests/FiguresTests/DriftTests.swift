import Foundation
import Testing
import Timeline

@testable import Figures

@Suite("Drift of confidence (SPEC 6.6)") struct DriftTests {
    /// Samples by bin.
    private func health(_ bins: [Int: Int64]) -> HealthFigures {
        var figures = HealthFigures()
        for (bin, count) in bins {
            figures.histogram[bin] = count
            figures.samples += count
            figures.confidenceSum += count * Int64(bin) * 50_000
        }
        return figures
    }

    private func drift(_ window: [Int: Int64], _ baseline: [Int: Int64]) -> DriftFigures {
        DriftFigures(window: health(window), baseline: health(baseline))
    }

    private func psi(_ drift: DriftFigures) throws -> FigureValue {
        try #require(DriftFigures.figures.first { "\($0.name)" == "psi" }).value(drift)
    }

    @Test("the same distribution has no drift, however many samples")
    func same() throws {
        let same = drift([10: 150, 19: 50], [10: 150, 19: 50])
        #expect(try psi(same) == .decimal(FixedPoint(scaled: 0, decimals: 4)) && same.verdict == .stable)
    }

    @Test("the index is that of the formula, worked out by hand")
    func formula() throws {
        // 200 samples moved from bin 19 to bin 18: p18 = 200.5 / 210, q18 = 0.5 / 210, and the other way round; the other
        // bins are alike. PSI = 2 · (200 / 210) · ln(401).
        let moved = drift([18: 200], [19: 200])
        #expect(abs(moved.stabilityIndex - 2 * (200.0 / 210) * log(401.0)) < 1e-12)
        #expect(try psi(moved) == .decimal(FixedPoint(scaled: 114_171, decimals: 4)))
        #expect(moved.verdict == .significant)
    }

    @Test("below 100 samples on either side nobody knows")
    func unknown() {
        #expect(drift([18: 99], [19: 1000]).verdict == .unknown)
        #expect(drift([18: 1000], [19: 99]).verdict == .unknown)
        #expect(drift([18: 100], [19: 100]).verdict == .significant)
    }

    @Test("the verdict changes at 0.1 and at 0.25, by the index before it is rounded")
    func verdicts() {
        var verdicts: [DriftFigures.Verdict] = []
        for moved in 0...400 as ClosedRange<Int64> {
            let drift = drift([18: 500 + moved, 19: 500 - moved], [18: 500, 19: 500])
            let index = drift.stabilityIndex
            #expect(drift.verdict == (index < 0.1 ? .stable : index < 0.25 ? .moderate : .significant))
            if verdicts.last != drift.verdict { verdicts.append(drift.verdict) }
        }
        #expect(verdicts == [.stable, .moderate, .significant])
    }
}
