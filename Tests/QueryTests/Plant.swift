import Clocks
import Dispatch
import EventModel
import Foundation
import HTTPServer
internal import Locks
import Observability
import Oracle
import Projector
import Testing
import Timeline

@testable import Query

/// 2026-01-12T00:00:00Z, a Monday.
let monday: Int64 = 20_465 * Microseconds.day

/// `hours` after ``monday``, in microseconds.
func at(_ hours: Double) -> Int64 { monday + Int64((hours * 3600).rounded()) * Microseconds.second }

func text(_ microseconds: Int64) -> String { Timestamp(microseconds: microseconds).formatted }

/// A fold in memory that answers questions: the records of one partition, put in by the test.
final class MemoryPlant: Projections {
    private struct State {
        var fold = PartitionFold()
        var zones = ZoneHourOffsets()
        var logEnd: LogOffset?
        var endAge: Int64 = 0
        var waiters: [(LogOffset, @Sendable (Bool) -> Void)] = []
        var isBroken = false
    }

    private let state = Guarded(State())
    private let arrivals = DispatchSemaphore(value: 0)
    // Tests ask one question after the other and commit between them, so one thread at a time uses it.
    nonisolated(unsafe) private let projections = MemoryProjections()
    let partition = PartitionIndex(0)

    func fold(_ record: RecordContent, commits: Bool = false) throws {
        let ready = try state.withLock { state in
            try state.fold.apply(record, offset: state.fold.nextOffset, pages: projections) {
                state.zones.hourOffset(of: $0)
            }
            if commits { state.fold.commit { projections.apply($0) } }
            let next = state.fold.nextOffset
            let ready = state.waiters.filter { $0.0 < next }
            state.waiters.removeAll { $0.0 < next }
            return ready
        }
        for (_, body) in ready { body(true) }
    }

    /// Derives all hours that a definition asked to derive again.
    func rederive() throws {
        try state.withLock { state in
            while state.fold.isRederiving { try state.fold.rederive(pageLimit: 1, pages: projections) }
        }
    }

    /// Where the log is said to end; nil: just where the fold is. `age` is that of the sight, in microseconds.
    func setLogEnd(_ end: Int64?, age: Int64 = 0) {
        state.withLock { state in
            state.logEnd = end.map { LogOffset($0) }
            state.endAge = age
        }
    }

    func breakDown() { state.withLock { $0.isBroken = true } }

    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Lets the time of all who wait run out.
    func timeOut() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for (_, body) in waiters { body(false) }
    }

    var progress: FoldProgress { state.withLock { MemoryPlant.progress($0) } }

    private static func progress(_ state: State) -> FoldProgress {
        FoldProgress(
            nextOffset: state.fold.nextOffset,
            logEnd: state.logEnd ?? state.fold.nextOffset, endAgeMicroseconds: state.endAge)
    }

    struct Broken: Error {}

    func snapshot(of site: SiteID) throws -> ProjectionSnapshot? {
        try state.withLock { state in
            if state.isBroken { throw Broken() }
            return state.fold.site(site).map {
                ProjectionSnapshot(
                    site: $0, reader: projections, progress: MemoryPlant.progress(state),
                    clockDisputes: state.fold.clockDisputes, fold: self)
            }
        }
    }

    func whenPassed(_ offset: LogOffset, timeoutMilliseconds: Int, _ body: @escaping @Sendable (Bool) -> Void) {
        let isPassed = state.withLock { state in
            if state.fold.nextOffset > offset { return true }
            state.waiters.append((offset, body))
            return false
        }
        if isPassed { body(true) } else { arrivals.signal() }
    }

    /// Blocks until one more question waits for the fold.
    func awaitWaiter() { arrivals.wait() }
}

/// An answer, with its body read.
struct Answer {
    let response: HTTPResponse
    let json: JSONText

    var status: Int { response.status }
    var meta: JSONText? { json["meta"] }
    var items: [JSONText] { json["items"]?.elements ?? [] }
    func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
}

/// Keeps the one answer that it gets.
final class Recorder: HTTPExchange {
    private let response = Guarded<HTTPResponse?>(nil)
    private let done = DispatchSemaphore(value: 0)

    func complete(_ response: HTTPResponse) {
        self.response.withLock { kept in
            precondition(kept == nil, "an exchange is answered once")
            kept = response
        }
        done.signal()
    }

    func wait() throws -> HTTPResponse {
        done.wait()
        return try #require(response.withLock { $0 })
    }

    var isAnswered: Bool { response.withLock { $0 != nil } }
}

/// A factory whose log the test writes and whose questions it asks, without a network.
final class Plant: Sendable {
    static let site: SiteID = "plant"
    /// What the process refused.
    static let rejected = [("unknown_worker", 2), ("invalid_type", 1)]
    let source = MemoryPlant()
    let service: QueryService
    private let clock: ManualClock
    /// What the service recorded in its journal.
    let events: EventList
    private let registry = Registry()
    private let answerClock = Monitor<AnswerClock?>(nil)

    /// - Parameter now: the server's clock, in microseconds.
    init(now: Int64 = at(1000)) {
        let clock = ManualClock(now: Timestamp(microseconds: now))
        self.clock = clock
        let events = EventList()
        self.events = events
        let registry = registry
        let answerClock = answerClock
        var parts =
            QueryService.Parts(
                projections: source, clock: clock,
                authorize: { request, role in
                    let key = request.header("X-API-Key")
                    if key == "none" { return .refused(.problem(401, "no key")) }
                    if key == "viewer", role != .viewer { return .refused(.problem(403, "not for viewers")) }
                    return .granted(SiteID(request.queryValue("site_id") ?? "plant"))
                },
                registry: { registry.definition($0) }, rejected: { _ in Plant.rejected },
                journal: Journal { events.add($0) })
        parts.answerClock = {
            answerClock.withLock { $0 } ?? AnswerClock(CertainTime(time: clock.now))
        }
        service = QueryService(parts)
    }

    /// From now on this is certain about the time; without it, the clock is.
    func answers(by clock: AnswerClock) { answerClock.withLock { $0 = clock } }

    deinit { service.stop() }

    var now: Int64 {
        get { clock.now.microseconds }
        set { clock.set(Timestamp(microseconds: newValue)) }
    }

    func register(_ definition: SiteDefinition, former: FormerNames = FormerNames()) {
        registry.setFormer(former)
        registry.set(definition)
    }

    func define(_ definition: SiteDefinition, known: Int64 = at(0)) throws {
        try source.fold(
            .definition(
                DefinitionRecord(
                    definition: definition.withoutPersonalData, createdAt: Timestamp(microseconds: known))))
    }

    func send(_ events: [LoggedEvent], known: Int64 = at(24), commits: Bool = false) throws {
        try source.fold(.events(EventBatch(events, createdAt: known)), commits: commits)
    }

    /// Starts a question; whoever wants the answer waits for it.
    func start(
        _ path: String, _ query: [(name: String, value: String)] = [], headers: [String: String] = [:]
    ) throws -> Recorder {
        let route = try #require(service.routes.first { $0.pattern == path })
        let recorder = Recorder()
        let request = HTTPRequest(method: .get, path: path, query: query, headerLookup: { headers[$0] })
        if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
        return recorder
    }

    func ask(
        _ path: String, _ query: [(name: String, value: String)] = [], headers: [String: String] = [:]
    ) throws -> Answer {
        let response = try start(path, query, headers: headers).wait()
        return Answer(response: response, json: response.body.isEmpty ? .null : try JSONText(response.body))
    }

    func ask(
        _ path: String, _ from: Int64, _ to: Int64, known: Int64? = nil, _ more: [(name: String, value: String)] = []
    ) throws -> Answer {
        let knownAt = known.map { [(name: "known_at", value: text($0))] } ?? []
        return try ask(path, [("from", text(from)), ("to", text(to))] + knownAt + more)
    }
}

/// What a service recorded.
final class EventList: Sendable {
    private let list = Guarded<[JournalEvent]>([])
    var all: [JournalEvent] { list.withLock { $0 } }
    func add(_ event: JournalEvent) { list.withLock { $0.append(event) } }
}

/// The registry of a ``Plant``: one definition.
private final class Registry: Sendable {
    private let kept = Guarded<SiteDefinition?>(nil)
    private let former = Guarded(FormerNames())
    func setFormer(_ names: FormerNames) { former.withLock { $0 = names } }
    func definition(_ site: SiteID) -> PlacedDefinition? {
        guard let definition = kept.withLock({ $0?.siteID == site ? $0 : nil }) else { return nil }
        return PlacedDefinition(
            definition: definition, version: 1, createdAt: .earliest,
            position: RecordPosition(partition: PartitionIndex(0), offset: .zero), former: former.withLock { $0 })
    }
    func set(_ definition: SiteDefinition) { kept.withLock { $0 = definition } }
}

/// One event of the plant, in the order in which tests think of it.
func event(
    _ time: Int64, _ type: EventType, _ worker: WorkerID = "W1", at station: WorkstationID = "S1", count: UInt32 = 0,
    confidence: UInt32 = 950_000, camera: CameraID? = nil, model: ModelVersion? = nil, mark: Mark = .accepted
) -> LoggedEvent {
    LoggedEvent(
        site: Plant.site, time: time, worker: worker, workstation: station, type: type, confidence: confidence,
        count: count, camera: camera, modelVersion: model, mark: mark, createdAt: 0, offset: 0)
}

extension SiteDefinition {
    /// The site of most tests.
    static func plant(
        ttl: Int64 = 0, zone: String = "UTC", workers: [String] = ["W1"], stations: [String] = ["S1"],
        then change: (inout SiteDefinition) -> Void = { _ in }
    ) -> SiteDefinition {
        var definition = SiteDefinition(siteID: Plant.site, name: "Plant", timeZone: zone)
        definition.observationTTLSeconds = ttl
        definition.workers = workers.map { .init(workerID: WorkerID($0)) }
        definition.workstations = stations.map { .init(workstationID: WorkstationID($0)) }
        change(&definition)
        return definition
    }
}

/// The reference day of SPEC 5.
func referenceDay(now: Int64 = at(1000)) throws -> Plant {
    let plant = Plant(now: now)
    let definition = SiteDefinition.plant {
        $0.workers[0].name = "Ana"
        $0.workstations[0].name = "Press"
        $0.workstations[0].capacity = 2
    }
    plant.register(definition)
    try plant.define(definition)
    try plant.send([
        event(at(8), .working), event(at(10), .productCount, count: 5),
        event(at(10.25), .idle), event(at(10.5), .working), event(at(12), .absent),
        event(at(13), .working), event(at(15.5), .idle),
    ])
    return plant
}
