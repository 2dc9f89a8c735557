import Testing

@testable import HTTPServer

@Suite("Budgets")
struct BudgetTests {
    @Test("what is taken beyond the budget is refused and not counted")
    func budget() {
        let budget = Budget(maximum: 100)
        #expect(budget.take(60))
        #expect(!budget.take(41))
        #expect(budget.take(40))
        #expect(!budget.take(1))
        #expect(!budget.hasRoom(for: 1))
        budget.release(60)
        #expect(budget.hasRoom(for: 60))
        #expect(budget.take(60))
    }
}
