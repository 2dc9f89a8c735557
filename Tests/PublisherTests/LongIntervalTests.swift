// Layer: machine. Metric records of states that hold for weeks (SPEC 3). Catches hours that are not made due, or more than
// once; cannot catch wrong figures: those are compared with the oracle elsewhere.
import EventModel
import ProjectionStore
import Testing

@testable import Publisher

@Suite("Records of states that hold for weeks") struct LongIntervalTests {
    @Test("a late event restates every hour from then on, each once, by one row of the feed (SPEC 3, 4.5)")
    func late() throws {
        let stage = try Stage(now: at(40))
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try fold.apply(.definition(createdAt: at(0)) { $0.observationTTLSeconds = 0 })
        try fold.apply(.events([event(at(2), .idle)], createdAt: at(2)))
        try fold.apply(.events([event(at(38), .idle)], createdAt: at(38)))
        try fold.commit()
        let feed = try fold.changes(since: 0, of: 0)
        #expect(feed.hours.count < 10 && feed.hours.contains { $0.kind == .stay })
        stage.round(core)
        let over = stage.newest(.worker).filter { $0.key.hourStart < at(40) }
        #expect(over.keys.map(\.hourStart).sorted() == (2..<40).map { at($0) })
        #expect(over.values.allSatisfy { $0.integer("idle_us") == Microseconds.hour })

        let before = stage.records(.worker).count
        try fold.apply(.events([event(at(20), .working)], createdAt: at(40)))
        try fold.commit()
        stage.round(core)
        let restated = stage.records(.worker).dropFirst(before).filter { $0.key.hourStart < at(40) }
        #expect(restated.map(\.key.hourStart).sorted() == (20..<38).map { at($0) })
        #expect(restated.allSatisfy { $0.status == "restated" && $0.integer("working_us") == Microseconds.hour })
    }
}
