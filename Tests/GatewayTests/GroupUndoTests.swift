import EventLog
import EventModel
import HTTPServer
import Locks
import Testing

@testable import Gateway

/// Whatever takes back more than one thing is tried with two that differ: a second that repeats the first takes nothing
/// of its own, and shows nothing.
@Suite("A failed group is taken back as a whole")
struct GroupUndoTests {
    private let start = Timestamp(microseconds: 1_768_219_200_000_000)

    private func event(of worker: String, _ changes: [String: String?] = [:]) -> String {
        eventJSON(changes.merging(["worker_id": "\"\(worker)\""]) { $1 })
    }

    /// How many events of each request are new, duplicates and errors; nil for what is no answer to events.
    private func counts(_ outcomes: [AdmissionOutcome]) -> [[Int]?] {
        outcomes.map { outcome in
            guard case .events(let answer) = outcome.answer else { return nil }
            return [answer.accepted, answer.duplicates, answer.rejections.count]
        }
    }

    private func isUnavailable(_ outcome: AdmissionOutcome) -> Bool {
        if case .unavailable = outcome.answer { outcome.kept == nil } else { false }
    }

    private func positions(_ records: [NewRecord], from first: Int64 = 0) -> [RecordPosition] {
        records.indices.map { RecordPosition(partition: PartitionIndex(0), offset: LogOffset(first + Int64($0))) }
    }

    /// Sends requests one by one and says how many events of each are new, duplicates and errors.
    private func outcomes(_ requests: [[String]], _ sequencer: inout Sequencer) throws -> [[Int]?] {
        try requests.flatMap { events in
            let records = sequencer.prepare([try request(events)], now: start)
            return counts(sequencer.appended(positions(records)))
        }
    }

    @Test("keys of every request of the group leave the window, each request's own (SPEC 2.6)")
    func keys() throws {
        var sequencer = makeSequencer()
        let requests = [[event(of: "w1")], [event(of: "w2")], [event(of: "w3")]]
        _ = sequencer.prepare(try requests.map { try request($0) }, now: start)
        #expect(sequencer.failed().map(isUnavailable) == [true, true, true])
        #expect(try outcomes(requests, &sequencer) == [[1, 0, 0], [1, 0, 0], [1, 0, 0]])
        #expect(try outcomes(requests, &sequencer) == [[0, 1, 0], [0, 1, 0], [0, 1, 0]])
    }

    @Test("a request that takes no key of its own does not hide those of the next one (SPEC 2.6)")
    func repeatingRequest() throws {
        var sequencer = makeSequencer()
        let requests = [[event(of: "w1")], [event(of: "w1")], ["1"], [event(of: "w2"), event(of: "w1")]]
        _ = sequencer.prepare(try requests.map { try request($0) }, now: start)
        #expect(sequencer.failed().map(isUnavailable) == [true, true, true, true])
        #expect(try outcomes([[event(of: "w2")], [event(of: "w1")]], &sequencer) == [[1, 0, 0], [1, 0, 0]])
    }

    @Test("keys of all three classes, types and times leave the window (SPEC 2.6)")
    func classes() throws {
        var sequencer = makeSequencer()
        let requests = [
            [event(of: "w1"), event(of: "w1", ["event_type": "\"idle\""])],
            [event(of: "w1", ["confidence": "0.1"]), event(of: "w2", ["confidence": "0.1"])],
            [event(of: "nobody"), event(of: "w1", ["workstation_id": "\"nowhere\""])],
            [event(of: "w1", ["timestamp": "\"2026-01-12T06:00:00.000001Z\""])],
        ]
        let kept = { (records: [NewRecord]) throws -> [Int] in
            try records.map { record in
                var batch = EventBatch(siteID: "none")
                _ = try RecordCodec.decode(record.payload, into: &batch)
                return batch.count
            }
        }
        _ = sequencer.prepare(try requests.map { try request($0) }, now: start)
        _ = sequencer.failed()
        // Each alone, so that none repeats what another let in.
        for events in requests.reversed() {
            let records = sequencer.prepare([try request(events)], now: start)
            #expect(try kept(records) == [events.count], "\(events)")
            _ = sequencer.appended(positions(records))
        }
    }

    @Test("keys of every site of the group leave that site's window (SPEC 2.6)")
    func sites() throws {
        let plants = [makeRoster(), makeRoster(makeDefinition("plant-2"))]
        var sequencer = makeSequencer(definitions: plants)
        func works() throws -> [AdmissionRequest] { try plants.map { try request([event(of: "w1")], by: $0) } }
        _ = sequencer.prepare(try works(), now: start)
        _ = sequencer.failed()
        let records = sequencer.prepare(try works(), now: start)
        #expect(counts(sequencer.appended(positions(records))) == [[1, 0, 0], [1, 0, 0]])
    }

    @Test("of two different definitions of a site in the group neither is in force afterwards (SPEC 3)")
    func definitions() throws {
        var first = makeDefinition()
        first.workers = [.init(workerID: "w8")]
        var second = makeDefinition()
        second.workers = [.init(workerID: "w9")]
        var sequencer = makeSequencer()
        _ = sequencer.prepare(
            [.definition(first, bodyBytes: 1), .definition(second, bodyBytes: 1), try request([event(of: "w9")])],
            now: start)
        _ = sequencer.failed()
        let records = sequencer.prepare([try request([event(of: "w1"), event(of: "w8"), event(of: "w9")])], now: start)
        var batch = EventBatch(siteID: "none")
        _ = try RecordCodec.decode(records[0].payload, into: &batch)
        #expect(batch.definitionVersion == 1 && batch.marks == [.accepted, .unknownWorker, .unknownWorker])
    }

    @Test("the definitions of every site of the group are taken back, those of new sites too (SPEC 3)")
    func definitionsOfSites() throws {
        var changed = makeDefinition()
        changed.workers = [.init(workerID: "w9")]
        var other = makeDefinition("plant-2")
        other.workers = [.init(workerID: "w9")]
        let known = [makeRoster(), makeRoster(makeDefinition("plant-2"))]
        var sequencer = makeSequencer(definitions: known)
        _ = sequencer.prepare(
            [changed, other, makeDefinition("new")].map { .definition($0, bodyBytes: 1) }, now: start)
        _ = sequencer.failed()
        let works = try known.map { try request([event(of: "w1")], by: $0) }
        let unknown = try request([event(of: "w1")], by: makeRoster(makeDefinition("new")))
        let records = sequencer.prepare(works + [unknown], now: start)
        let found = sequencer.appended(positions(records))
        #expect(counts(found) == [[1, 0, 0], [1, 0, 0], nil])
        #expect(found.map { if case .unknownSite = $0.answer { true } else { false } } == [false, false, true])
    }

    @Test("the Idempotency-Key of every request of the group is free again (SPEC 2.5)")
    func claims() throws {
        let admission = Admission()
        _ = admission.adopt(makeRoster().placed)
        var sequencer = makeSequencer(definitions: [try #require(admission.directory["plant"])])
        func admit() throws -> [AdmissionRequest] {
            try (1...3).map { number in
                let body = Array("[\(event(of: "w\(number)"))]".utf8)
                return try body.withUnsafeBytes { body in
                    let admitted = try admission.admit(
                        try admission.read(body, .batch), site: "plant",
                        key: SentKey("k\(number)", apiKeyID: "a", path: "/"), now: start, refresh: { _ in })
                    guard case .waits(let request) = admitted else { throw IngestRefusal.keyInFlight }
                    return request
                }
            }
        }
        let requests = try admit()
        #expect(throws: IngestRefusal.keyInFlight) { try admit() }
        _ = sequencer.prepare(requests, now: start)
        let failed = sequencer.failed()
        #expect(failed.map(isUnavailable) == [true, true, true])
        for (request, outcome) in zip(requests, failed) { admission.settle(request, outcome) }
        #expect(try admit().count == 3)
    }

    @Test("one Idempotency-Key that is given up leaves the others in flight (SPEC 2.5)")
    func oneClaim() {
        var table = IdempotencyTable()
        let claims = (1...2).map { number in
            IdempotencyClaim(apiKeyID: [1], path: [2], key: [UInt8(number)], bodyHash: .of([7]))
        }
        let begun = claims.map { table.begin($0, now: start) }
        table.forget(claims[1])
        let again = claims.map { table.begin($0, now: start) }
        #expect(begun == [.claimed, .claimed] && again == [.inFlight, .claimed])
        let answer = KeptAnswer(claims[0], VerdictRuns([.accepted]), createdAt: start)
        table.finish(claims[0], answer)
        table.forget(claims[0])
        let answered = table.begin(claims[0], now: start)
        #expect(answered == .answered(answer))
    }

    @Test("requests of one group are answered and remembered with the positions of their own records (SPEC 2.4)")
    func ownPositions() throws {
        let claims = (1...2).map { number in
            IdempotencyClaim(apiKeyID: [1], path: [2], key: [UInt8(number)], bodyHash: .of([UInt8(number)]))
        }
        var sequencer = makeSequencer()
        let works = [
            try request([event(of: "w1")], claim: claims[0]), try request([event(of: "w1")]),
            try request([event(of: "w2")], claim: claims[1]),
        ]
        let records = sequencer.prepare(works, now: start)
        #expect(records.count == 2)
        let outcomes = sequencer.appended(positions(records, from: 40))
        let answered = outcomes.map { outcome -> Int64? in
            if case .events(let answer) = outcome.answer { answer.position?.offset.value } else { nil }
        }
        #expect(answered == [40, nil, 41])
        #expect(outcomes.map { $0.kept?.position?.offset.value } == [40, nil, 41])
        let kept = try records.map { record in
            var batch = EventBatch(siteID: "none")
            _ = try RecordCodec.decode(record.payload, into: &batch)
            return batch.idempotency?.key
        }
        #expect(kept == claims.map(\.key))
    }

    @Test("a queue gets back the room of every request of a group (SPEC 2.5)")
    func room() throws {
        let queue = WorkQueue(budget: QueueBudget())
        func put(_ site: SiteID) -> Work {
            Work(request: .definition(makeDefinition(site), bodyBytes: 1), exchange: RecordingExchange())
        }
        // Twice as often as there is room for one that is never given back.
        for round in 0..<2 * QueueBudget.requestsMaximum {
            guard queue.submit(put("plant")), queue.submit(put("plant-2")) else {
                Issue.record("no room in round \(round)")
                return
            }
            #expect(queue.takeGroup()?.works.count == 2)
            queue.finishGroup()
        }
    }

    @Test("of two requests that the log refuses together both are new when they are sent again (SPEC 2.6)")
    func throughTheGateway() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let appends = Guarded(0)
        harness.log.holdAppends()
        harness.log.onAppend { (moment, _) throws(LogError) in
            guard case .before = moment else { return }
            let isSecond = appends.withLock { count in
                count += 1
                return count == 2
            }
            if isSecond { throw LogError(.unavailable, "disk full") }
        }
        func post(_ worker: String) -> RecordingExchange {
            harness.start(
                .post, "/api/events/batch?site_id=plant", body: Array("[\(event(of: worker))]".utf8),
                headers: ["Idempotency-Key": "key of \(worker)"])
        }
        let blocker = post("w3")
        harness.log.waitForHeldAppends(1)
        // These two wait together, so they make one group.
        let refused = [post("w1"), post("w2")]
        harness.log.releaseAppends()
        #expect(blocker.response.status == 200)
        #expect(refused.map(\.response.status) == [503, 503])
        let again = [post("w1"), post("w2")].map(\.response)
        #expect(again.map { $0["success_count"] } == ["1", "1"])
        #expect(try harness.batches().count == 3)
    }
}
