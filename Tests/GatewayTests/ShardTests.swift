import EventLog
import EventModel
import HTTPServer
import Locks
import Testing

@testable import Gateway
@testable import Sites

/// A log over another one: with a deadline of its own, or parts of it that cannot be read.
final class WrappedLog: EventLog {
    let inner: InMemoryLog
    let appendTimeoutMicroseconds: Int64
    private let unreadable: PartitionIndex?
    private let readsSingly: Bool
    /// What it says of itself.
    let troubles = Guarded<[PartitionIndex: LogError]>([:])

    /// - Parameter readsSingly: whether each read gives one record.
    init(
        _ inner: InMemoryLog, appendTimeoutSeconds: Int64 = 0, unreadable: PartitionIndex? = nil,
        readsSingly: Bool = false
    ) {
        self.inner = inner
        self.readsSingly = readsSingly
        self.unreadable = unreadable
        appendTimeoutMicroseconds = appendTimeoutSeconds * Microseconds.second
    }

    func appendTroubles() -> [PartitionIndex: LogError] { troubles.withLock { $0 } }
    var epoch: LogEpoch { inner.epoch }
    var partitionCount: Int32 { inner.partitionCount }
    func append(_ records: [NewRecord]) throws(LogError) -> [RecordPosition] { try inner.append(records) }
    func read(
        _ partition: PartitionIndex, from offset: LogOffset, byteLimit: Int, _ body: (LogRecord) throws -> Void
    ) throws -> LogOffset {
        if partition == unreadable { throw LogError(.unavailable, "the leader is away") }
        return try inner.read(partition, from: offset, byteLimit: readsSingly ? 1 : byteLimit, body)
    }
    func startOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset { try inner.startOffset(partition) }
    func endOffset(_ partition: PartitionIndex) throws(LogError) -> LogOffset { try inner.endOffset(partition) }
    func offset(_ partition: PartitionIndex, at time: Timestamp) throws(LogError) -> LogOffset {
        try inner.offset(partition, at: time)
    }
    func waitForRecord(_ partition: PartitionIndex, at offset: LogOffset, timeoutMilliseconds: Int) -> Bool {
        inner.waitForRecord(partition, at: offset, timeoutMilliseconds: timeoutMilliseconds)
    }
    func wakeReaders() { inner.wakeReaders() }
}

@Suite("A gateway on a log of many partitions", .timeLimit(.minutes(10)))
struct ShardTests {
    let plant = SharedPlant()

    private func query(_ site: SiteID) -> String { "?site_id=\(site)" }

    @Test("answers, definitions and lists name the partition of the site (SPEC 8.3)")
    func positions() throws {
        let gateway = try plant.gateway()
        for (number, site) in plant.sites.enumerated() {
            let put = gateway.send(.put, "/api/sites/\(site)", body: DefinitionJSON.bytes(makeDefinition(site)))
            #expect(put.status == 201 && put["position"] == "\(number):0")
            #expect(gateway.batch([eventJSON()], query: query(site))["position"] == "\(number):1")
            #expect(gateway.send(.get, "/api/workers\(query(site))&min_position=\(number):1").status == 200)
            #expect(gateway.send(.get, "/api/workers\(query(site))&min_position=\((number + 1) % 4):1").status == 400)
            #expect(gateway.gateway.site(site)?.position == plant.position(site, 0))
        }
    }

    // site 0             log thread 0         log thread 1             site 1
    // E ───────────────▶ append (held)
    //                                         append ◀─────────────── E
    //                                         ok ─────────────────────▶ 200
    // 200 ◀───────────── released
    @Test("a stalled partition delays no other and keeps its own order (SPEC 2.5)")
    func slowPartition() throws {
        let gateway = try plant.gateway()
        let (slow, quick) = (plant.sites[0], plant.sites[1])
        for site in [slow, quick] { try gateway.define(makeDefinition(site)) }
        let isHeld = Monitor(true)
        plant.log.onAppend { moment, records in
            guard case .before = moment, records[0].key == slow.bytes else { return }
            isHeld.wait { $0 ? nil : () }
        }
        let waiting = gateway.start(
            .post, "/api/events/batch\(query(slow))", body: Array("[\(eventJSON())]".utf8))
        #expect(gateway.batch([eventJSON()], query: query(quick))["success_count"] == "1")
        var changed = makeDefinition(quick)
        changed.workers.append(.init(workerID: "w4"))
        try gateway.define(changed)
        #expect(!waiting.isAnswered)
        isHeld.update { $0 = false }
        #expect(waiting.response["success_count"] == "1")
    }

    @Test("a stalled partition takes at most half of the waiting requests and leaves room for the others (SPEC 2.5)")
    func budget() throws {
        let budget = QueueBudget()
        let queues = (0..<3).map { _ in WorkQueue(budget: budget) }
        let work = Work(request: .definition(makeDefinition(), bodyBytes: 0), exchange: RecordingExchange())
        func fill(_ queue: WorkQueue) -> Int {
            var count = 0
            while queue.submit(work) { count += 1 }
            return count
        }
        let first = fill(queues[0])
        #expect(first == QueueBudget.requestsMaximum / 2)
        let second = fill(queues[1])
        #expect(second == QueueBudget.requestsMaximum / 4)
        #expect(queues[2].submit(work))
        // What is being appended counts until it is answered.
        #expect(queues[0].takeGroup()?.works.count == WorkQueue.groupMaximum)
        #expect(!queues[0].submit(work))
        queues[0].finishGroup()
        // It still has more than is free.
        #expect(!queues[0].submit(work))
        #expect(queues[0].takeGroup() != nil)
        queues[0].finishGroup()
        #expect(queues[0].submit(work))
        for queue in queues { queue.close() }
        for queue in queues { while queue.takeGroup() != nil { queue.finishGroup() } }
        let empty = WorkQueue(budget: budget)
        #expect(fill(empty) == QueueBudget.requestsMaximum / 2)
    }

    @Test("the bytes that wait are bounded over all partitions too, but one large request fits where there is room")
    func budgetBytes() {
        let budget = QueueBudget()
        func work(_ bytes: Int) -> Work {
            Work(request: .definition(makeDefinition(), bodyBytes: bytes), exchange: RecordingExchange())
        }
        let queues = (0..<32).map { _ in WorkQueue(budget: budget) }
        var bytes = 0
        for queue in queues { while queue.submit(work(8 << 20)) { bytes += 8 << 20 } }
        #expect(bytes > QueueBudget.bytesMaximum / 2 && bytes <= QueueBudget.bytesMaximum)
    }

    @Test(
        "the memory of the duplicate windows is shared: one busy partition may use half, all together twice the whole")
    func windows() {
        let budget = WindowBudget(keysMaximum: 1000, partitionCount: 10)
        #expect(budget.limit(heldBefore: 0, held: 400) == 600)
        #expect(budget.limit(heldBefore: 400, held: 500) == 500)
        // The others still get an equal part.
        #expect(budget.limit(heldBefore: 0, held: 600) == 100)
        #expect(budget.limit(heldBefore: 500, held: 100) == 300)
        #expect(WindowBudget(keysMaximum: 1000, partitionCount: 1).limit(heldBefore: 0, held: 900) == 1000)
    }

    @Test("the log's own deadline must still fit into the 30 s of a record (SPEC 2.8)", arguments: [20, 21])
    func appendTimeout(seconds: Int64) throws {
        // The group is stamped at the first reading of the clock; it is appended `seconds` later.
        let slow = SteppingClock(plant.clock.now, wallSeconds: seconds)
        let log = WrappedLog(InMemoryLog(), appendTimeoutSeconds: 10)
        let registry = try TopicRegistry(topics: plant.inner, log: log)
        defer { registry.stop() }
        let thread = LogThread(
            .init(
                log: log, clock: WatchedClock(slow, partitionCount: log.partitionCount), admission: Admission(),
                registry: registry))
        thread.start(makeSequencer())
        let exchange = RecordingExchange()
        #expect(thread.queue.submit(Work(request: try request([eventJSON()]), exchange: exchange)))
        #expect(exchange.response.status == (seconds > 20 ? 503 : 200))
        thread.stop()
    }

    @Test("a definition of another gateway goes before everything that a group appends, and never behind a later one")
    func adoption() throws {
        func roster(_ offset: Int64, _ version: UInt64, _ workers: [String]) -> SiteRoster {
            var definition = makeDefinition()
            definition.workers = workers.map { .init(workerID: WorkerID($0)) }
            return SiteRoster(
                PlacedDefinition(
                    definition: definition, version: version, createdAt: .earliest,
                    position: RecordPosition(partition: PartitionIndex(2), offset: LogOffset(offset))))
        }
        var sequencer = makeSequencer(partition: PartitionIndex(2), definitions: [roster(5, 1, ["w1"])])
        let newer = sequencer.adopt(roster(7, 2, ["w2"]))
        let older = sequencer.adopt(roster(6, 2, ["w1"]))
        // The same place with a repaired version.
        let again = sequencer.adopt(roster(7, 3, ["w2"]))
        #expect([newer, older, again] == [true, false, true])
        let events = try request([eventJSON(), eventJSON(["worker_id": "\"w2\""])], by: roster(5, 1, ["w1"]))
        let records = sequencer.prepare([events], now: plant.clock.now)
        var batch = EventBatch(siteID: "none")
        _ = try RecordCodec.decode(records[0].payload, into: &batch)
        #expect(batch.definitionVersion == 3 && batch.marks == [.unknownWorker, .accepted])
    }

    @Test("many definitions of a site that wait to be adopted take the room of one, and the last in the log is kept")
    func adoptionsWait() {
        let queue = WorkQueue()
        func roster(_ offset: Int64) -> SiteRoster {
            SiteRoster(
                PlacedDefinition(
                    definition: makeDefinition(), version: 1, createdAt: .earliest,
                    position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(offset))))
        }
        for offset in [3, 9, 4] as [Int64] { queue.adopt(roster(offset)) }
        let group = queue.takeGroup()
        #expect(group?.works.isEmpty == true && group?.adoptions.map(\.offset.value) == [9])
        queue.close()
        #expect(queue.takeGroup() == nil)
    }
}
