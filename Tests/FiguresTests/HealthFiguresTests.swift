import Figures
import Testing

@Suite("Model health (SPEC 6.2)") struct HealthFiguresTests {
    @Test(
        "critical is below 0.75, Warning up to 0.85, by the exact average",
        arguments: [
            (749_999, 750_000, "Critical"), (750_000, 750_000, "Warning"), (850_000, 850_000, "Warning"),
            (850_000, 850_001, "Healthy"), (1_000_000, 1_000_000, "Healthy"), (0, 0, "Critical"),
        ] as [(Int64, Int64, String)])
    func status(_ first: Int64, _ second: Int64, _ status: String) {
        var figures = HealthFigures()
        figures.samples = 2
        figures.confidenceSum = first + second
        #expect(figures.status.rawValue == status)
    }

    @Test("without samples nothing is known, and there is no average (SPEC 5.1)")
    func none() {
        #expect(HealthFigures().status == .unknown)
        #expect(HealthFigures().average == nil)
    }
}
