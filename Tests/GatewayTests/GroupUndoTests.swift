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

    private func work(
        _ events: [String], by snapshot: SiteSnapshot = makeSnapshot(), claim: IdempotencyClaim? = nil
    ) throws -> Work {
        let request = try parse("[\(events.joined(separator: ","))]", by: snapshot)
        return .ingest(
            IngestWork(
                request: request, isSingle: false, claim: claim, headers: [], exchange: RecordingExchange()))
    }

    private func put(_ definition: SiteDefinition) -> Work {
        .definition(
            DefinitionWork(definition: definition, sizeBytes: 1, headers: [], exchange: RecordingExchange()))
    }

    private func event(of worker: String, _ changes: [String: String?] = [:]) -> String {
        eventJSON(changes.merging(["worker_id": "\"\(worker)\""]) { $1 })
    }

    private func answers(_ actions: [SequencerAction]) -> [HTTPResponse] {
        actions.compactMap { if case .answer(_, let response) = $0 { response } else { nil } }
    }

    private func positions(_ records: [NewRecord], from first: Int64 = 0) -> [RecordPosition] {
        records.indices.map { RecordPosition(partition: PartitionIndex(0), offset: LogOffset(first + Int64($0))) }
    }

    /// Sends requests one by one and says how many events of each are new, duplicates and errors.
    private func outcomes(_ requests: [[String]], _ sequencer: inout Sequencer) throws -> [String] {
        try requests.map { events in
            let records = sequencer.prepare([try work(events)], now: start)
            let answer = try #require(answers(sequencer.appended(positions(records))).first)
            return ["success_count", "duplicate_count", "error_count"].map { answer[$0] ?? "?" }.joined(separator: " ")
        }
    }

    @Test("SPEC 2.6: keys of every request of the group leave the window, each request's own")
    func keys() throws {
        var sequencer = Sequencer(definitions: [makeSnapshot()])
        let requests = [[event(of: "w1")], [event(of: "w2")], [event(of: "w3")]]
        _ = sequencer.prepare(try requests.map { try work($0) }, now: start)
        #expect(answers(sequencer.failed("full")).map(\.status) == [503, 503, 503])
        #expect(try outcomes(requests, &sequencer) == ["1 0 0", "1 0 0", "1 0 0"])
        #expect(try outcomes(requests, &sequencer) == ["0 1 0", "0 1 0", "0 1 0"])
    }

    @Test("SPEC 2.6: a request that takes no key of its own does not hide those of the next one")
    func repeatingRequest() throws {
        var sequencer = Sequencer(definitions: [makeSnapshot()])
        let requests = [[event(of: "w1")], [event(of: "w1")], ["1"], [event(of: "w2"), event(of: "w1")]]
        _ = sequencer.prepare(try requests.map { try work($0) }, now: start)
        #expect(answers(sequencer.failed("full")).count == 4)
        #expect(try outcomes([[event(of: "w2")], [event(of: "w1")]], &sequencer) == ["1 0 0", "1 0 0"])
    }

    @Test("SPEC 2.6: keys of all three classes, types and times leave the window")
    func classes() throws {
        var sequencer = Sequencer(definitions: [makeSnapshot()])
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
        _ = sequencer.prepare(try requests.map { try work($0) }, now: start)
        _ = sequencer.failed("full")
        // Each alone, so that none repeats what another let in.
        for request in requests.reversed() {
            let records = sequencer.prepare([try work(request)], now: start)
            #expect(try kept(records) == [request.count], "\(request)")
            _ = sequencer.appended(positions(records))
        }
    }

    @Test("SPEC 2.6: keys of every site of the group leave that site's window")
    func sites() throws {
        let plants = [makeSnapshot(), makeSnapshot(makeDefinition("plant-2"))]
        var sequencer = Sequencer(definitions: plants)
        func works() throws -> [Work] { try plants.map { try work([event(of: "w1")], by: $0) } }
        _ = sequencer.prepare(try works(), now: start)
        _ = sequencer.failed("full")
        let records = sequencer.prepare(try works(), now: start)
        #expect(answers(sequencer.appended(positions(records))).map { $0["success_count"] } == ["1", "1"])
    }

    @Test("SPEC 3: of two different definitions of a site in the group neither is in force afterwards")
    func definitions() throws {
        var first = makeDefinition()
        first.workers = [.init(workerID: "w8")]
        var second = makeDefinition()
        second.workers = [.init(workerID: "w9")]
        var sequencer = Sequencer(definitions: [makeSnapshot()])
        _ = sequencer.prepare([put(first), put(second), try work([event(of: "w9")])], now: start)
        _ = sequencer.failed("full")
        let records = sequencer.prepare([try work([event(of: "w1"), event(of: "w8"), event(of: "w9")])], now: start)
        var batch = EventBatch(siteID: "none")
        _ = try RecordCodec.decode(records[0].payload, into: &batch)
        #expect(batch.definitionVersion == 1 && batch.marks == [.accepted, .unknownWorker, .unknownWorker])
    }

    @Test("SPEC 3: the definitions of every site of the group are taken back, those of new sites too")
    func definitionsOfSites() throws {
        var changed = makeDefinition()
        changed.workers = [.init(workerID: "w9")]
        var other = makeDefinition("plant-2")
        other.workers = [.init(workerID: "w9")]
        let known = [makeSnapshot(), makeSnapshot(makeDefinition("plant-2"))]
        var sequencer = Sequencer(definitions: known)
        _ = sequencer.prepare([put(changed), put(other), put(makeDefinition("new"))], now: start)
        _ = sequencer.failed("full")
        let works = try known.map { try work([event(of: "w1")], by: $0) }
        let unknown = try work([event(of: "w1")], by: makeSnapshot(makeDefinition("new")))
        let records = sequencer.prepare(works + [unknown], now: start)
        let found = answers(sequencer.appended(positions(records)))
        #expect(found.map(\.status) == [200, 200, 404])
        #expect(found.prefix(2).map { $0["success_count"] } == ["1", "1"])
    }

    @Test("SPEC 2.5: the Idempotency-Key of every request of the group is free again, and its memory given back")
    func claims() throws {
        let claims = (1...3).map { number in
            IdempotencyClaim(
                apiKeyID: [1], path: [2], key: [UInt8(number)], bodyHash: .of([UInt8(number)]))
        }
        let table = IdempotencyTable()
        var sequencer = Sequencer(definitions: [makeSnapshot()])
        for claim in claims { #expect(table.begin(claim, now: start) == .claimed) }
        let works = try zip(claims, 1...3).map { try work([event(of: "w\($1)")], claim: $0) }
        _ = sequencer.prepare(works, now: start)
        var recycled = 0
        for action in sequencer.failed("full") {
            switch action {
            case .forget(let claim): table.forget(claim)
            case .recycle: recycled += 1
            case .answer(_, let response): #expect(response.status == 503)
            case .remember, .define: Issue.record("a failed group leaves nothing")
            }
        }
        #expect(recycled == 3)
        for claim in claims { #expect(table.begin(claim, now: start) == .claimed) }
    }

    @Test("SPEC 2.5: one Idempotency-Key that is given up leaves the others in flight")
    func oneClaim() {
        let table = IdempotencyTable()
        let claims = (1...2).map { number in
            IdempotencyClaim(apiKeyID: [1], path: [2], key: [UInt8(number)], bodyHash: .of([7]))
        }
        for claim in claims { #expect(table.begin(claim, now: start) == .claimed) }
        table.forget(claims[1])
        #expect(table.begin(claims[0], now: start) == .inFlight)
        #expect(table.begin(claims[1], now: start) == .claimed)
        table.finish(claims[0], StoredAnswer(status: 200, json: [1], createdAt: start, position: nil))
        table.forget(claims[0])
        #expect(
            table.begin(claims[0], now: start)
                == .answered(StoredAnswer(status: 200, json: [1], createdAt: start, position: nil)))
    }

    @Test("SPEC 2.4: requests of one group are answered and remembered with the positions of their own records")
    func ownPositions() throws {
        let claims = (1...2).map { number in
            IdempotencyClaim(apiKeyID: [1], path: [2], key: [UInt8(number)], bodyHash: .of([UInt8(number)]))
        }
        var sequencer = Sequencer(definitions: [makeSnapshot()])
        let works = [
            try work([event(of: "w1")], claim: claims[0]), try work([event(of: "w1")]),
            try work([event(of: "w2")], claim: claims[1]),
        ]
        let records = sequencer.prepare(works, now: start)
        #expect(records.count == 2)
        let actions = sequencer.appended(positions(records, from: 40))
        #expect(answers(actions).map { $0["position"] } == ["0:40", "null", "0:41"])
        let remembered = actions.compactMap { action -> (UInt8, Int64)? in
            guard case .remember(let claim, let answer) = action, let position = answer.position else { return nil }
            return (claim.key[0], position.offset.value)
        }
        #expect(remembered.map(\.0) == [1, 2] && remembered.map(\.1) == [40, 41])
    }

    @Test("SPEC 2.5: a queue gets back the room of every request of a group")
    func room() throws {
        let queue = WorkQueue(budget: QueueBudget())
        // Twice as often as there is room for one that is never given back.
        for round in 0..<2 * QueueBudget.requestsMaximum {
            guard queue.submit(put(makeDefinition())), queue.submit(put(makeDefinition("plant-2"))) else {
                Issue.record("no room in round \(round)")
                return
            }
            #expect(queue.takeGroup()?.works.count == 2)
            queue.finishGroup()
        }
    }

    @Test("SPEC 2.6: of two requests that the log refuses together both are new when they are sent again")
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
