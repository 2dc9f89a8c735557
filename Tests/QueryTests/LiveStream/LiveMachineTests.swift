// Layer: machine. Who is told what and when, without time, threads or answers.
import Clocks
import EventModel
import Testing

@testable import Query

@Suite("When readers of live streams are told something (SPEC 7.5)") struct LiveMachineTests {
    private typealias Action = LiveMachine.Action

    private let question = LiveQuestion(site: "plant")
    private var machine = LiveMachine()

    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(microseconds: (1_000_000 + milliseconds) * 1000)
    }

    private func standing(_ version: Int, first: Int = 1, offset: Int64 = 7) -> LiveMachine.Standing {
        LiveMachine.Standing(offset: LogOffset(offset), version: version, firstVersion: first)
    }

    private func ask(_ known: Int64?, forced: Bool = false, whole: Bool = false) -> LiveMachine.Ask {
        LiveMachine.Ask(
            topic: .factory, knownTo: known.map { LogOffset($0) }, isForced: forced, needsWhole: whole)
    }

    private mutating func join(_ id: UInt64, interval: Int = 1000, at now: Int64 = 0) {
        #expect(
            machine.step(time(now), .joined(id, question, [.factory], intervalMilliseconds: interval)).isEmpty)
    }

    private mutating func tick(_ now: Int64) -> [Action] { machine.step(time(now), .tick) }

    private mutating func answer(_ standing: LiveMachine.Standing?, at now: Int64, cost: Int64 = 0) -> [Action] {
        let standings: [LiveTopic: LiveMachine.Standing] = standing.map { [.factory: $0] } ?? [:]
        return machine.step(time(now), .answered(question, standings, microseconds: cost))
    }

    /// Readers that have the first answer.
    private mutating func begin(_ ids: [UInt64]) {
        for id in ids { join(id) }
        _ = tick(0)
        #expect(answer(standing(1), at: 0) == [.open(ids), .send(question, .factory, base: 0, ids)])
    }

    @Test("who joins is told at once, then at multiples of the interval, together with all others of that interval")
    mutating func multiples() {
        join(1, at: 300)
        #expect(tick(300) == [.ask(question, [ask(nil, forced: true, whole: true)])])
        #expect(answer(standing(1), at: 300) == [.open([1]), .send(question, .factory, base: 0, [1])])
        join(2, at: 900)
        #expect(tick(900) == [.ask(question, [ask(7, whole: true)])])
        #expect(answer(nil, at: 900) == [.open([2]), .send(question, .factory, base: 0, [2])])
        #expect(tick(999).isEmpty)
        #expect(machine.nextAt == time(1000))
        #expect(tick(1000) == [.ask(question, [ask(7)])])
        #expect(answer(standing(2), at: 1000) == [.send(question, .factory, base: 1, [1, 2])])
        #expect(machine.nextAt == time(2000))
    }

    @Test("without anything new nothing is sent; every ten seconds the answer is asked again, because time has passed")
    mutating func clock() {
        begin([1])
        for second in 1...9 as ClosedRange<Int64> {
            #expect(tick(second * 1000).filter { $0.isAsk } == [.ask(question, [ask(7)])])
            #expect(answer(nil, at: second * 1000).isEmpty)
        }
        #expect(tick(10_000).filter { $0.isAsk } == [.ask(question, [ask(7, forced: true)])])
        #expect(answer(standing(2), at: 10_000) == [.send(question, .factory, base: 1, [1])])
        #expect(tick(11_000).filter { $0.isAsk } == [.ask(question, [ask(7)])])
    }

    @Test("one that takes no frame skips the interval and is told later what it lacks since then")
    mutating func skips() {
        begin([1, 2])
        _ = tick(1000)
        #expect(answer(standing(2), at: 1000) == [.send(question, .factory, base: 1, [1, 2])])
        _ = machine.step(time(1000), .notTaken(2, .factory, base: 1))
        _ = tick(2000)
        #expect(
            answer(standing(3), at: 2000) == [
                .send(question, .factory, base: 1, [2]), .send(question, .factory, base: 2, [1]),
            ])
        _ = tick(3000)
        #expect(answer(standing(3), at: 3000).isEmpty)
    }

    @Test("one that is further behind than changes are kept needs the whole answer")
    mutating func whole() {
        begin([1])
        _ = tick(1000)
        _ = answer(standing(9, first: 5), at: 1000)
        _ = machine.step(time(1000), .notTaken(1, .factory, base: 1))
        #expect(tick(2000).filter { $0.isAsk } == [.ask(question, [ask(7, whole: true)])])
    }

    @Test("a missed interval is not made up for")
    mutating func late() {
        begin([1])
        #expect(tick(5500).filter { $0.isAsk }.count == 1)
        _ = answer(nil, at: 5500)
        #expect(tick(5600).filter { $0.isAsk }.isEmpty)
        #expect(tick(6000).filter { $0.isAsk }.count == 1)
    }

    @Test("readers of different intervals share what is known")
    mutating func intervals() {
        join(1, interval: 250)
        join(2, interval: 60_000)
        _ = tick(0)
        _ = answer(standing(1), at: 0)
        #expect(tick(250).filter { $0.isAsk }.count == 1)
        #expect(answer(standing(2), at: 250) == [.send(question, .factory, base: 1, [1])])
        // 1,000 s are no multiple of a minute; 1,020 s are.
        #expect(tick(20_000).filter { $0.isAsk }.count == 1)
        #expect(
            answer(standing(3), at: 20_000) == [
                .send(question, .factory, base: 1, [2]), .send(question, .factory, base: 2, [1]),
            ])
    }

    @Test("a question that takes long is asked less often, except for who has nothing yet")
    mutating func rests() {
        join(1, interval: 250)
        _ = tick(0)
        _ = answer(standing(1), at: 100, cost: 100_000)
        #expect(tick(250).isEmpty && tick(499).isEmpty)
        join(2, interval: 250, at: 499)
        #expect(tick(499).filter { $0.isAsk }.count == 1)
        _ = answer(nil, at: 499)
        #expect(tick(500).filter { $0.isAsk }.count == 1)
    }

    @Test("every 15 s each open stream gets a comment, every 2 s it is looked whether it may go on")
    mutating func beats() {
        begin([1, 2])
        #expect(tick(1999).filter { !$0.isAsk }.isEmpty)
        #expect(tick(2000).filter { !$0.isAsk } == [.look([1, 2])])
        #expect(tick(14_999).filter { !$0.isAsk } == [.look([1, 2])])
        #expect(tick(15_000).filter { !$0.isAsk } == [.comment([1, 2])])
        #expect(tick(29_999).filter { !$0.isAsk } == [.look([1, 2])])
        #expect(tick(30_000).filter { !$0.isAsk } == [.comment([1, 2])])
    }

    @Test("a failure that passes refuses those who have nothing yet and lets the others wait; a final one ends all")
    mutating func failures() {
        begin([1])
        join(2, at: 10)
        _ = tick(10)
        #expect(machine.step(time(10), .failed(question, isFinal: false)) == [.refuse([2])])
        #expect(machine.readerCount == 1)
        join(3, at: 20)
        _ = tick(20)
        #expect(
            machine.step(time(20), .failed(question, isFinal: true)) == [.refuse([3]), .end([1]), .forget(question)])
        #expect(machine.readerCount == 0 && machine.nextAt == time(1000))
        #expect(tick(1000).isEmpty && machine.nextAt == .distantFuture)
    }

    @Test("when the last reader of a question has left, what was known for it is forgotten")
    mutating func leaves() {
        begin([1, 2])
        #expect(machine.step(time(1), .left(1)).isEmpty)
        #expect(machine.step(time(1), .left(1)).isEmpty)
        #expect(machine.step(time(1), .left(2)) == [.forget(question)])
        join(3, at: 2)
        #expect(tick(2) == [.ask(question, [ask(nil, forced: true, whole: true)])])
    }
}

extension LiveMachine.Action {
    fileprivate var isAsk: Bool { if case .ask = self { true } else { false } }
}
