// Layer: oracle and differential. Real factories' events: the figures of the oracle to the digit, in the order of arrival
// and in others, in several batch sizes, with commits, evictions and restarts between (SPEC 4.5, 7.1). Catches what only
// real mixtures of late, repeated and overlapping reports bring up; says nothing where the data is absent.
import Crypto
import EventModel
import Oracle
import SimulationKit
import Testing

@testable import Timeline

@Suite("The fold of real data") struct RealDataFoldTests {
    private static let names = ["machine-shop", "detections"]

    private func records(_ data: RealData, _ events: [LoggedEvent], size: Int) -> [RecordContent] {
        let createdAt = Timestamp(microseconds: data.newest)
        let definition = DefinitionRecord(definition: data.definition, createdAt: createdAt)
        return [.definition(definition)]
            + RealData.batches(events, size: size, createdAt: data.newest).map { .events($0) }
    }

    private func log(_ records: [RecordContent]) -> OracleLog {
        var log = OracleLog()
        for (offset, record) in records.enumerated() { log.append(record, offset: Int64(offset)) }
        return log
    }

    private func compare(_ harness: FoldHarness, _ log: OracleLog, _ data: RealData, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let (oldest, newest) = (data.events.map(\.time).min() ?? 0, data.newest)
        var questions = [Question(from: oldest, to: newest, knownAt: nil)]
        for _ in 0..<3 {
            let edges = [generator.pick(oldest...newest), generator.pick(oldest...newest + Microseconds.day)]
            let knownAt: Int64? = questions.count == 2 ? newest + generator.pick(0..<80) * 1000 : nil
            questions.append(Question(from: edges.min() ?? 0, to: edges.max() ?? 0, knownAt: knownAt))
        }
        for question in questions {
            guard var comparison = FoldComparison(harness, log, data.definition.siteID, question) else {
                Issue.record("no site")
                return
            }
            try comparison.compareFigures()
            try comparison.compareHealth()
            comparison.compareLedger()
            #expect(comparison.differences == [], "\(question)")
        }
    }

    @Test(
        "figures equal the oracle's in the order of arrival", .enabled(if: RealData.isAvailable("machine-shop")),
        arguments: names)
    func arrival(_ name: String) throws {
        let data = try RealData(name)
        let records = records(data, data.events, size: 100)
        try compare(try FoldHarness(records), log(records), data, seed: 1)
    }

    @Test(
        "other orders, batch sizes, restarts: the oracle's figures and equal digests",
        .enabled(if: RealData.isAvailable("machine-shop")), arguments: names)
    func others(_ name: String) throws {
        let data = try RealData(name)
        let siteID = data.definition.siteID
        let digest = SHA256Digest.of(try FoldHarness(records(data, data.events, size: 1000)).digest(siteID))
        for (seed, size) in [(1, 17), (2, 250), (3, 1000)] as [(UInt64, Int)] {
            var generator = SeededGenerator(seed: seed)
            let records = records(data, data.shuffled(using: &generator), size: size)
            var options = FoldOptions()
            options.commitEvery = 40
            options.evicts = seed == 2
            options.restartEvery = 3
            let harness = try FoldHarness(records, options)
            #expect(SHA256Digest.of(try harness.digest(siteID)) == digest, "seed \(seed), batches of \(size)")
            if seed == 2 { try compare(harness, log(records), data, seed: seed) }
        }
    }
}
