// Layer: oracle. Admission and the naive recomputation of it get the same requests, definitions, clock and failures, and
// must say the same, event by event. It cannot see what both take for right: that is for the tests by hand.
import EventLog
import EventModel
import Foundation
import Oracle
import Testing

@testable import Gateway
@testable import Sites

@Suite("Admission against its oracle", .timeLimit(.minutes(10)))
struct AdmissionOracleTests {
    /// `ANDON_TEST_SEED` runs one of earlier again.
    private static let seed: UInt64 =
        ProcessInfo.processInfo.environment["ANDON_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 40)

    @Test(
        "verdicts, duplicates, records and Idempotency-Keys are the oracle's, whatever comes in whatever order (SPEC 2.3)"
    )
    func machine() throws {
        print("admission oracle: ANDON_TEST_SEED=\(Self.seed)")
        let codes = Verdict.allCases.map(\.code)
        let happenings = [
            "repeats the request", "repeats the group", "repeats an earlier group", "group failed",
            "new again after a failure", "judged by a newer definition", "the clock went back", "first answer again",
            "key expired", "definition created", "definition replaced", "definition none", "keyInFlight", "keyReused",
            "malformed", "tooDeep", "noEvents", "tooManyEvents", "unknownSite",
        ]
        var missing = Set(codes + happenings)
        // At least forty plants, and as many more as it takes until everything happened at least once.
        for run in 0..<400 where run < 40 || !missing.isEmpty {
            let plant = AdmissionRun(seed: Self.seed &+ UInt64(run))
            for _ in 0..<120 { try plant.step() }
            missing.subtract(plant.seen)
        }
        #expect(missing == [], "seed \(Self.seed)")
    }

    @Test("over HTTP the answers are the oracle's too (SPEC 2.4, 2.5)")
    func overHTTP() throws {
        let plant = try HTTPRun(seed: Self.seed)
        defer { plant.stop() }
        let statuses: Set = [200, 201, 400, 404, 422, 503]
        // As many more as it takes until each status was answered.
        for step in 0..<3000 where step < 150 || !plant.statuses.isSuperset(of: statuses) { try plant.step() }
        #expect(statuses.subtracting(plant.statuses) == [], "seed \(Self.seed)")
    }
}

/// The two halves of admission and the oracle, driven by one script.
private final class AdmissionRun {
    private struct Waiting {
        var request: AdmissionRequest
        var oracle: OracleAdmission.Waiting
        /// Version of the site's definition when it was admitted.
        var version: UInt64
        var isRetry: Bool
    }

    private let seed: UInt64
    private var random: RandomIngest
    private let admission = Admission()
    private var sequencer = makeSequencer(definitions: [])
    private var oracle = OracleAdmission()
    private var waiting: [Waiting] = []
    private var failed: [OracleAdmission.Request] = []
    private var kept: [String: EventsAnswer] = [:]
    private var sent: [OracleAdmission.Request] = []
    private var now = RandomIngest.start
    private var nextOffset: Int64 = 0
    /// Put again now and then, so that nothing changes.
    private var newestPut = SiteDefinition(siteID: "plant")
    private(set) var seen: Set<String> = []

    init(seed: UInt64) {
        self.seed = seed
        random = RandomIngest(seed: seed)
        for site in RandomIngest.sites { put(random.definition(site)) }
        group(fails: false)
    }

    func step() throws {
        switch random.number(0..<12) {
        case 0: put(random.once(in: 3) ? newestPut : random.definition(random.one(of: RandomIngest.sites)))
        case 1: now += random.one(of: [-20_000_000, 1, 1_000_000, 60_000_000, 3600 * 1_000_000])
        case 2 where random.once(in: 4): now += 24 * 3600 * 1_000_000
        case 2...4: group(fails: random.once(in: 4))
        default: try send()
        }
    }

    private func put(_ definition: SiteDefinition) {
        newestPut = definition
        waiting.append(
            Waiting(
                request: .definition(definition, bodyBytes: 1), oracle: .definition(definition), version: 0,
                isRetry: false))
    }

    private func send() throws {
        var request: OracleAdmission.Request
        let isRetry = !failed.isEmpty && random.once(in: 2)
        if isRetry {
            request = failed.removeLast()
        } else if !sent.isEmpty, random.once(in: 4) {
            request = random.one(of: sent)
        } else {
            let site = random.once(in: 30) ? RandomIngest.unknownSite : random.one(of: RandomIngest.sites)
            request = random.request(site: site, key: random.once(in: 2) ? nil : "k\(random.number(0..<12))")
        }
        sent.append(request)
        let hadAnswer = request.key.flatMap { kept[$0] }
        let expected = oracle.receive(request, now: now)
        let found = try receive(request)
        switch (found, expected) {
        case (.waits(let admitted), .waits):
            let version = admission.directory[SiteID(request.site)]?.placed.version ?? 0
            waiting.append(
                Waiting(request: admitted, oracle: .events(request), version: version, isRetry: isRetry))
            if hadAnswer != nil { seen.insert("key expired") }
            if let key = request.key { kept[key] = nil }
        case (.answered(let answer), .again(let earlier)):
            seen.insert("first answer again")
            #expect(answer == request.key.flatMap { kept[$0] }, "seed \(seed)")
            #expect(answer.createdAt.microseconds == earlier.createdAt, "seed \(seed)")
        case (.refused(let reception), let expected) where reception == expected: seen.insert("\(expected)")
        // Both are 400: a body that does not even begin as an event need not be read to its end.
        case (.refused(.noEvents), .malformed): break
        default: Issue.record("\(found) where the oracle says \(expected), seed \(seed): \(Self.text(request))")
        }
    }

    private enum Found {
        case waits(AdmissionRequest)
        case answered(EventsAnswer)
        case refused(OracleAdmission.Reception)
    }

    private func receive(_ request: OracleAdmission.Request) throws -> Found {
        let layout: BodyLayout =
            switch request.layout {
            case .single: .single
            case .batch: .batch
            case .lines: .lines
            }
        let key = request.key.map { SentKey($0, apiKeyID: "key", path: "/") }
        return try request.body.withUnsafeBytes { body -> Found in
            do throws(IngestRefusal) {
                let reading = try admission.read(body, layout)
                let admitted = try admission.admit(
                    reading, site: SiteID(request.site), key: key, now: Timestamp(microseconds: now), refresh: { _ in })
                return switch admitted {
                case .waits(let waiting): .waits(waiting)
                case .answered(let answer): .answered(answer)
                }
            } catch {
                return .refused(try #require(Self.reception(error)))
            }
        }
    }

    private static func reception(_ refusal: IngestRefusal) -> OracleAdmission.Reception? {
        switch refusal {
        case .body(.malformed), .body(.utf16): .malformed
        case .body(.tooDeep): .tooDeep
        case .body(.noEvents), .body(.notOneEvent), .body(.noList): .noEvents
        case .body(.tooManyEvents): .tooManyEvents
        case .unknownSite: .unknownSite
        case .keyInFlight: .keyInFlight
        case .keyReused: .keyReused
        case .body(.noMemory), .keyLength: nil
        }
    }

    private func group(fails: Bool) {
        guard !waiting.isEmpty else { return }
        let count = random.number(1..<waiting.count + 1)
        let taken = Array(waiting.prefix(count))
        waiting.removeFirst(count)
        let records = sequencer.prepare(taken.map(\.request), now: Timestamp(microseconds: now))
        if sequencer.stamp.microseconds > now { seen.insert("the clock went back") }
        let outcomes: [AdmissionOutcome]
        if fails {
            oracle.fail(taken.map(\.oracle), now: now)
            outcomes = sequencer.failed()
            seen.insert("group failed")
            for waiting in taken { if case .events(let request) = waiting.oracle { failed.append(request) } }
        } else {
            let expected = oracle.store(taken.map(\.oracle), now: now)
            let positions = records.indices.map {
                RecordPosition(partition: PartitionIndex(0), offset: LogOffset(nextOffset + Int64($0)))
            }
            outcomes = sequencer.appended(positions)
            for (index, waiting) in taken.enumerated() { compare(outcomes[index], expected[index], waiting, records) }
            nextOffset += Int64(records.count)
        }
        #expect(outcomes.count == taken.count, "seed \(seed)")
        for (waiting, outcome) in zip(taken, outcomes) {
            if fails, case .unavailable = outcome.answer {} else if fails { Issue.record("answered, seed \(seed)") }
            if case .events(let request) = waiting.oracle, let key = request.key,
                case .events(let answer) = outcome.answer
            {
                kept[key] = answer
            }
            admission.settle(waiting.request, outcome)
        }
    }

    // MARK: Comparing

    private func compare(
        _ outcome: AdmissionOutcome, _ expected: OracleAdmission.Outcome, _ waiting: Waiting, _ records: [NewRecord]
    ) {
        switch (outcome.answer, expected) {
        case (.definition(let roster, let change), .definition(let version, let isNew, let isWritten)):
            seen.insert("definition \(change.name)")
            #expect(roster.placed.version == UInt64(version), "seed \(seed)")
            #expect((change == .created) == isNew && (change != .none) == isWritten, "seed \(seed)")
        case (.events(let found), .events(let expected)):
            let errors = found.rejections.map { rejection in
                "\(rejection.index) \(rejection.verdict.code) \(rejection.field.map { "\($0.name)" } ?? "-")"
            }
            #expect(errors == expected.errors, "seed \(seed): \(Self.text(waiting.oracle))")
            #expect(found.accepted == expected.accepted, "seed \(seed)")
            #expect(found.duplicates == expected.duplicates, "seed \(seed)")
            #expect(found.createdAt.microseconds == expected.createdAt, "seed \(seed)")
            let stored = found.position.map { content(records[Int($0.offset.value - nextOffset)]) }
            #expect(stored?.events ?? [] == expected.stored, "seed \(seed): \(Self.text(waiting.oracle))")
            if let stored { #expect(stored.version == UInt64(expected.version), "seed \(seed)") }
            note(expected, waiting)
        default: Issue.record("\(outcome) where the oracle says \(expected), seed \(seed)")
        }
    }

    private func note(_ answer: OracleAdmission.Answer, _ waiting: Waiting) {
        seen.formUnion(answer.verdicts.map(\.code))
        seen.formUnion(answer.repeats.map { "repeats \($0)" })
        if waiting.version != UInt64(answer.version) { seen.insert("judged by a newer definition") }
        if waiting.isRetry, answer.accepted > 0 { seen.insert("new again after a failure") }
    }

    /// The events of a record as the oracle writes them, and the definition that judged them.
    private func content(_ record: NewRecord) -> (events: [String], version: UInt64) {
        var batch = EventBatch(siteID: "none")
        guard (try? RecordCodec.decode(record.payload, into: &batch)) == .events else { return (["unreadable"], 0) }
        func id(_ number: UInt32) -> String { String(decoding: batch.ids[Int(number)], as: UTF8.self) }
        let events = (0..<batch.count).map { event in
            "\(batch.marks[event].verdict.code) \(batch.times[event]) \(id(batch.workers[event])) "
                + "\(id(batch.workstations[event])) \(batch.types[event].name) \(batch.confidences[event]) "
                + "\(batch.counts[event])"
        }
        return (events, batch.definitionVersion)
    }

    private static func text(_ waiting: OracleAdmission.Waiting) -> String {
        if case .events(let request) = waiting { text(request) } else { "a definition" }
    }

    private static func text(_ request: OracleAdmission.Request) -> String {
        "\(request.layout) \(String(decoding: request.body, as: UTF8.self).prefix(2000))"
    }
}
