import Figures
import JSON
import Testing
import Timeline

@Suite("Figures as values") struct FigureTests {
    private func json<Values>(_ figures: [Figure<Values>], _ values: Values) -> String {
        var writer = JSONWriter()
        writer.object { $0.figures(figures, of: values) }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("a ratio with denominator 0 is null, and its sums are still there (SPEC 5.1)")
    func empty() {
        let worker = json(WorkerFigures.figures, WorkerFigures(StateSums(), elapsed: 0))
        #expect(worker.contains(#""utilization_percentage":null"#) && worker.contains(#""working_us":0"#))
        let factory = json(FactoryFigures.figures, FactoryFigures(FactoryTotals(), elapsed: 0, target: nil))
        #expect(factory.contains(#""target_units":null"#) && factory.contains(#""average_production_rate":null"#))
    }

    @Test("a sum that 64 bits do not hold is written digit by digit (SPEC 5.4)")
    func large() {
        var totals = FactoryTotals()
        totals.working = Int128(Int64.max) * 4
        let text = json(FactoryFigures.figures, FactoryFigures(totals, elapsed: 1, target: nil))
        #expect(text.contains(#""working_us":36893488147419103228"#))
    }

    @Test("no list names a figure twice, and tables show a column for each that has a title")
    func names() {
        func check<Values>(_ figures: [Figure<Values>]) {
            let names = figures.map { "\($0.name)" }
            #expect(Set(names).count == names.count)
            #expect(figures.compactMap(\.column).map(\.title) == figures.compactMap(\.title))
        }
        check(WorkerFigures.figures)
        check(WorkstationFigures.figures)
        check(FactoryFigures.figures)
        check(HealthFigures.figures)
        check(Ledger.figures)
    }
}
