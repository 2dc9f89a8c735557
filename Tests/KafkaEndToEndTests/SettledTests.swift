// Layer: end to end with a real broker and a real worker; the gateways are their logs alone, because their clocks are
// the test's. It takes the time that SPEC 5.8 names, beside the other tests.
import EventLog
import EventModel
import Foundation
import HTTPClient
import KafkaHarness
import KafkaLog
import SimulationKit
import Testing

@Suite("Settled answers on Kafka", .needsKafka)
struct SettledTests {
    private struct Answer {
        var target: String
        var figures: String
        var isSettled: Bool
    }

    /// Stamps by a clock that is off, and appends every fifth record ten seconds late.
    private final class Gateway {
        private let log: KafkaLog
        private let secondsOff: Int64
        private var requests: LoadBatches
        private var batch: EventBatch
        private var number: Int
        private var late: [(due: ContinuousClock.Instant, record: NewRecord)] = []
        private(set) var appendedLate = 0
        private(set) var newest: RecordPosition?

        init(_ settings: KafkaSettings, secondsOff: Int64, _ shape: LoadShape, first: Int) throws {
            log = try KafkaLog.open(settings)
            self.secondsOff = secondsOff
            requests = LoadBatches(shape)
            batch = EventBatch(siteID: shape.siteID)
            number = first
        }

        private var clock: Timestamp {
            Timestamp(microseconds: SettledTests.now + secondsOff * Microseconds.second)
        }

        func declare(_ definition: SiteDefinition) throws {
            var payload: [UInt8] = []
            let createdAt = clock
            RecordCodec.encode(DefinitionRecord(definition: definition, createdAt: createdAt), into: &payload)
            _ = try log.append([
                NewRecord(key: definition.siteID.bytes, createdAt: createdAt, payload: payload)
            ])
        }

        /// One request, and what is due.
        func admit() throws {
            requests.fill(&batch, request: number)
            batch.createdAt = clock
            var payload: [UInt8] = []
            RecordCodec.encode(batch, into: &payload)
            let record = NewRecord(key: batch.siteID.bytes, createdAt: batch.createdAt, payload: payload)
            number += 2
            if number / 2 % 5 == 0 {
                late.append((.now + .seconds(10), record))
            } else {
                newest = try log.append([record]).last
            }
            try appendLate { $0 <= .now }
        }

        func appendLate(where isDue: (ContinuousClock.Instant) -> Bool) throws {
            while let first = late.first, isDue(first.due) {
                newest = try log.append([late.removeFirst().record]).last
                appendedLate += 1
            }
        }

        func close() { log.close() }
    }

    private static func ask(_ client: HTTPClient, _ target: String) throws -> Answer {
        struct Whole: Decodable {
            struct Meta: Decodable { var settled: Bool }
            var meta: Meta
        }
        let body = try #require(Figures.answer(client, target))
        let isSettled = try JSONDecoder().decode(Whole.self, from: Data(body)).meta.settled
        return Answer(target: target, figures: Figures.withoutMeta(body), isSettled: isSettled)
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    @Test(
        "gateways two seconds apart and appends ten seconds late: no settled answer changes (SPEC 5.8)",
        .timeLimit(.minutes(10)))
    func settled() throws {
        let plant = try Plant(KafkaCluster.shared())
        let settings = try KafkaSettings(brokers: plant.cluster.brokers, names: TopicNames(prefix: plant.prefix))
        let shape = LoadShape(
            workers: 6, workstations: 2, eventsPerRequest: 3, grouping: .byRequest(workers: 1),
            start: Timestamp(microseconds: 20_465 * Microseconds.day), siteID: "plant-1")
        let gateways = try [-1, 1].enumerated().map { place, seconds in
            try Gateway(settings, secondsOff: Int64(seconds), shape, first: place)
        }
        defer { for gateway in gateways { gateway.close() } }
        try gateways[0].declare(shape.definition)
        let worker = try plant.worker("worker-1")
        let client = HTTPClient()
        let window = "from=2026-01-10T00:00:00Z&to=2026-01-17T00:00:00Z"
        let question = "\(worker.url)/api/metrics/workers?site_id=\(shape.siteID)&\(window)&known_at="
        var answers: [Answer] = []
        let began = ContinuousClock.now
        let pace = Patience(seconds: 53)
        var nextQuestion = began
        repeat {
            for gateway in gateways { try gateway.admit() }
            guard .now >= nextQuestion else { continue }
            nextQuestion = .now + .milliseconds(500)
            for seconds in [4, 39, 41, 43, 46] where ContinuousClock.now - began > .seconds(seconds) {
                let known = Timestamp(microseconds: Self.now - Int64(seconds) * Microseconds.second)
                answers.append(try Self.ask(client, question + "\(known)"))
            }
            // On a busy machine longer, until there is enough to judge by.
        } while pace.waitALittle() || gateways.contains { $0.appendedLate <= 20 }
            || answers.count { $0.isSettled } <= 10
        for gateway in gateways { try gateway.appendLate { _ in true } }
        for gateway in gateways {
            let position = try #require(gateway.newest)
            let place = "\(position.partition.value):\(position.offset.value)"
            let target = "\(worker.url)/api/ledger?site_id=\(shape.siteID)&min_position=\(place)"
            _ = try #require(Figures.answer(client, target))
        }
        #expect(gateways.allSatisfy { $0.appendedLate > 20 })
        var changed = 0
        for answer in answers {
            let again = try Self.ask(client, answer.target)
            if again.figures != answer.figures { changed += 1 }
            #expect(again.figures == answer.figures || !answer.isSettled, "\(answer.target)")
        }
        #expect(changed > 10, "the late appends did change answers that were not settled")
        #expect(answers.count { $0.isSettled } > 10, "the worker got to say settled")
    }
}
