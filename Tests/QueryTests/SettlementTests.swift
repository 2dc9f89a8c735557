// Layer: machine and simulation. What `settled` promises (SPEC 5.8): no later append changes the answer, although the
// log's end is known only from a while ago and records carry a created_at of up to 40 s before they are appended.
import Clocks
import EventModel
import Projector
import SimulationKit
import Testing

@testable import Query

@Suite("Settled with an end that was seen a while ago") struct SettlementTests {
    private static let factory = "/api/metrics/factory"

    @Test("an append after the sight of the end changes an answer that is not called settled (SPEC 5.8)")
    func agedEnd() throws {
        let plant = try referenceDay()
        let known = plant.now - 44 * Microseconds.second
        let query = [(name: "known_at", value: text(known)), (name: "from", value: text(at(8)))]
        let wholeDay = query + [(name: "to", value: text(at(24)))]
        plant.source.setLogEnd(nil, age: 5 * Microseconds.second)
        let before = try plant.ask(Self.factory, wholeDay)
        #expect(before.meta?["settled"] == .bool(false), "44 s ago, but the end was seen 5 s ago")
        // Appended 4.9 s ago, stamped 40 s before that; the fold sees it only now.
        try plant.send(
            [event(at(17), .productCount, count: 7)], known: plant.now - 44_900_000)
        let after = try plant.ask(Self.factory, wholeDay)
        #expect(before.json["total_production_count"] != after.json["total_production_count"])
        plant.source.setLogEnd(nil, age: 3_999_999)
        #expect(try plant.ask(Self.factory, wholeDay).meta?["settled"] == .bool(true))
    }

    @Test("no answer that said settled ever changes, however old the end and late the records (SPEC 5.8)")
    func simulation() {
        var settledAnswers = 0
        for seed in UInt64(0)..<300 {
            var world = SettlementWorld(seed: seed)
            for _ in 0..<150 { world.step() }
            world.foldRest()
            for answer in world.settled {
                #expect(answer.count == world.count(knownAt: answer.known), "seed \(seed), known at \(answer.known)")
            }
            settledAnswers += world.settled.count
        }
        #expect(settledAnswers > 1000, "the simulation must get to say settled")
    }
}

/// A log, a fold that lags, ends that are seen late, and questions: all in seconds.
private struct SettlementWorld {
    private var random: SeededGenerator
    private var now: Int64 = 1_000_000_000_000
    /// created_at of each record, and when it was appended.
    private var log: [(createdAt: Int64, appendedAt: Int64)] = []
    private var folded = 0
    private let watch = SettlementWatch()
    var settled: [(known: Int64, count: Int)] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func step() {
        now += Int64.random(in: 0...4, using: &random) * Microseconds.second
        if Int.random(in: 0..<3, using: &random) == 0 {
            // A gateway that stamped it up to 30 s before, with a clock up to 10 s behind.
            log.append((now - Int64.random(in: 0...40, using: &random) * Microseconds.second, now))
        }
        if Bool.random(using: &random) { folded += Int.random(in: 0...(log.count - folded), using: &random) }
        if Bool.random(using: &random) { ask() }
    }

    /// The answer is how many records with created_at ≤ known_at are folded.
    private mutating func ask() {
        let seenAt = now - Int64.random(in: 0...20, using: &random) * Microseconds.second
        let end = log.count { $0.appendedAt <= seenAt }
        let progress = FoldProgress(
            nextOffset: LogOffset(Int64(folded)),
            logEnd: LogOffset(Int64(end)), endAgeMicroseconds: now - seenAt)
        watch.note(progress, at: CertainTime(time: Timestamp(microseconds: now)))
        let known = now - Int64.random(in: 20...70, using: &random) * Microseconds.second
        if watch.isSettled(knownAt: Timestamp(microseconds: known), progress) {
            settled.append((known, count(knownAt: known)))
        }
    }

    func count(knownAt known: Int64) -> Int { log.prefix(folded).count { $0.createdAt <= known } }

    mutating func foldRest() { folded = log.count }
}
