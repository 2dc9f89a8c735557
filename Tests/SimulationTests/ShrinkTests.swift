import SimulationKit
import Testing

@Suite("Shrinking a failing run")
struct ShrinkTests {
    @Test("only the steps that the failure needs are left, in their order")
    func few() {
        let left = shrink(Array(0..<200), trialsMaximum: 10_000) { steps in
            steps.contains(17) && steps.contains(120) && steps.contains(121)
        }
        #expect(left == [17, 120, 121])
    }

    @Test("trials are bounded, and what is left still fails")
    func bounded() {
        var trials = 0
        let left = shrink(Array(0..<200), trialsMaximum: 5) { steps in
            trials += 1
            return steps.contains(17)
        }
        #expect(trials == 5 && left.contains(17) && left.count < 200)
    }

    @Test("a failure that needs no step shrinks to none")
    func none() {
        #expect(shrink(Array(0..<50), trialsMaximum: 1000) { _ in true }.isEmpty)
    }
}
