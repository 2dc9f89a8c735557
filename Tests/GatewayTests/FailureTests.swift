import EventLog
import EventModel
import HTTPServer
import Locks
import Testing

@testable import Gateway
@testable import Sites

@Suite("A log that fails")
struct FailureTests {
    let harness: GatewayHarness

    init() throws {
        harness = try GatewayHarness()
        try harness.define()
    }

    private func post(_ events: String..., headers: [String: String] = [:]) -> RecordingExchange {
        harness.start(
            .post, "/api/events/batch?site_id=plant", body: Array("[\(events.joined(separator: ","))]".utf8),
            headers: headers)
    }

    @Test("a failed append is answered with 503 and Retry-After, and sending again stores the events (SPEC 2.5)")
    func retry() throws {
        harness.log.failNextAppends(1)
        let failed = post(eventJSON()).response
        #expect(failed.status == 503 && failed.header("Retry-After") == "1")
        #expect(failed["success_count"] == nil)
        #expect(try harness.batches().isEmpty)
        let again = post(eventJSON()).response
        #expect(again.status == 200 && again["success_count"] == "1" && again["duplicate_count"] == "0")
        #expect(post(eventJSON()).response["duplicate_count"] == "1")
    }

    @Test("where it is not known whether the append was stored, no key stays in the window either (SPEC 2.6)")
    func uncertain() throws {
        harness.log.failNextAppends(1, with: LogError(.uncertain, "the acknowledgement was lost"))
        #expect(post(eventJSON()).response.status == 503)
        #expect(post(eventJSON()).response["success_count"] == "1")
    }

    // client A           log thread           client B
    // E ───────────────▶ append A (held)
    //                    sync fails      ◀─── E again, waits
    // 503 ◀───────────── takes keys back
    //                    append B ─────────▶ 200, E is new
    @Test("a duplicate sent while its original waits for a sync that fails is not called a duplicate (SPEC 2.6)")
    func duplicateOfAFailingOriginal() throws {
        harness.log.holdAppends()
        harness.log.failNextAppends(1)
        let first = post(eventJSON())
        harness.log.waitForHeldAppends(1)
        let second = post(eventJSON())
        #expect(!first.isAnswered && !second.isAnswered)
        harness.log.releaseAppends()
        #expect(first.response.status == 503)
        #expect(second.response.status == 200 && second.response["success_count"] == "1")
        #expect(try harness.batches().count == 1)
    }

    @Test("a duplicate in the group of its original shares its fate (SPEC 2.6)", arguments: [false, true])
    func duplicateInAGroup(fails: Bool) throws {
        harness.log.holdAppends()
        let appends = Guarded(0)
        harness.log.onAppend { (moment, _) throws(LogError) in
            guard case .before = moment else { return }
            let isSecond = appends.withLock { count in
                count += 1
                return count == 2
            }
            if isSecond, fails { throw LogError(.unavailable, "disk full") }
        }
        let blocker = post(eventJSON(["worker_id": "\"w3\""]))
        harness.log.waitForHeldAppends(1)
        // These two wait together, so they make one group.
        let original = post(eventJSON())
        let duplicate = post(eventJSON())
        harness.log.releaseAppends()
        #expect(blocker.response.status == 200)
        if fails {
            #expect(original.response.status == 503 && duplicate.response.status == 503)
            #expect(post(eventJSON()).response["success_count"] == "1")
        } else {
            #expect(original.response["success_count"] == "1")
            #expect(duplicate.response["duplicate_count"] == "1" && duplicate.response["position"] == "null")
        }
        #expect(try harness.batches().count == 2)
    }

    @Test("a record that has become older than 30 s is not appended (SPEC 2.8)", arguments: [30, 31])
    func lateAppend(seconds: Int64) throws {
        // A request that was judged long before the append: the clock moves on while the group is prepared.
        let slow = SteppingClock(harness.clock.now, wallSeconds: seconds)
        let log = InMemoryLog()
        let thread = LogThread(
            .init(
                log: log, clock: WatchedClock(slow, partitionCount: 1), admission: Admission(),
                registry: try RegistryStore(
                    path: harness.folder.file("late.sqlite"), epoch: log.epoch)))
        thread.start(makeSequencer())
        let exchange = RecordingExchange()
        #expect(thread.queue.submit(Work(request: try request([eventJSON()]), exchange: exchange)))
        #expect(exchange.response.status == (seconds > 30 ? 503 : 200))
        thread.stop()
        #expect(try log.endOffset(PartitionIndex(0)).value == (seconds > 30 ? 0 : 1))
    }

    @Test("an Idempotency-Key in flight gets 409, and is free again after a failure (SPEC 2.5)")
    func idempotencyInFlight() throws {
        harness.log.holdAppends()
        harness.log.failNextAppends(1)
        let first = post(eventJSON(), headers: ["Idempotency-Key": "k"])
        harness.log.waitForHeldAppends(1)
        let second = post(eventJSON(), headers: ["Idempotency-Key": "k"]).response
        #expect(second.status == 409)
        #expect(post("1", headers: ["Idempotency-Key": "k"]).response.status == 422)
        harness.log.releaseAppends()
        #expect(first.response.status == 503)
        #expect(post(eventJSON(), headers: ["Idempotency-Key": "k"]).response["success_count"] == "1")
    }

    @Test("a definition whose append fails is not in force, and can be put again (SPEC 3)")
    func definition() throws {
        var changed = makeDefinition()
        changed.workers.append(.init(workerID: "w4"))
        harness.log.failNextAppends(1)
        let body = DefinitionJSON.bytes(changed)
        #expect(harness.send(.put, "/api/sites/plant", body: body).status == 503)
        #expect(harness.gateway.site("plant")?.version == 1)
        #expect(harness.batch([eventJSON(["worker_id": "\"w4\""])]).errors == ["0:unknown_worker:worker_id"])
        #expect(harness.send(.put, "/api/sites/plant", body: body)["version"] == "2")
    }

    @Test("requests beyond the queue's limit get 503, and a stopped gateway takes none (SPEC 2.5)")
    func queueLimit() throws {
        let queue = WorkQueue()
        let work = Work(request: .definition(makeDefinition(), bodyBytes: 0), exchange: RecordingExchange())
        for _ in 0..<WorkQueue.requestsMaximum { #expect(queue.submit(work)) }
        #expect(!queue.submit(work))
        #expect(queue.takeGroup()?.works.count == WorkQueue.groupMaximum)
        #expect(queue.submit(work))
        queue.close()
        #expect(!queue.submit(work))
        harness.gateway.stop()
        #expect(post(eventJSON()).response.status == 503)
    }

    @Test("the queue is bounded in bytes, but one large request always fits")
    func queueBytes() {
        let queue = WorkQueue()
        let large = Work(
            request: .definition(makeDefinition(), bodyBytes: WorkQueue.bytesMaximum * 2),
            exchange: RecordingExchange())
        #expect(queue.submit(large))
        #expect(!queue.submit(large))
        #expect(queue.takeGroup()?.works.count == 1)
        #expect(queue.submit(large))
    }
}
