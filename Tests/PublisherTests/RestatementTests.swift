// Layer: machine. Hours that were final, and what changes them afterwards.
import EventLog
import EventModel
import ProjectionStore
import Testing
import Timeline

@testable import Publisher

@Suite("Restated records say why (DESIGN 3)", .timeLimit(.minutes(5)))
struct RestatementTests {
    private let stage: Stage

    init() throws {
        // So late that every hour is final.
        stage = try Stage(now: at(40))
    }

    /// Three hours of work, each closed.
    private func day(_ idle: Int64 = 30) -> [RecordContent] {
        [.definition(createdAt: at(5)) { $0.targetMicrounitsPerHour = 120_000_000 }]
            + (6..<9).map { hour in
                .events([event(at(hour), .working), event(at(hour, idle), .idle)], createdAt: at(hour, 31))
            } + [.events([event(at(9), .absent)], createdAt: at(9))]
    }

    /// Changes nothing: a fold that has it knows more of the log than one that has not.
    private let again = RecordContent.events([event(at(9), .absent)], createdAt: at(9, 1))

    private func apply(_ records: [RecordContent], to fold: StageFold) throws {
        for record in records { try fold.apply(record) }
        while fold.fold.isRederiving { try fold.rederive(pages: 100) }
        try fold.commit()
    }

    /// What a round adds to the topics.
    private func added(_ core: PublishingCore, rounds: Int = 2) -> [StageRecord] {
        let before = MetricKind.allCases.map { stage.records($0).count }
        for _ in 0..<rounds { stage.round(core) }
        return zip(MetricKind.allCases, before).flatMap { stage.records($0).dropFirst($1) }
    }

    @Test("of a final hour a late event is the cause, and records that are not restated have none")
    func lateEvent() throws {
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try apply(day(), to: fold)
        let first = added(core)
        #expect(!first.isEmpty && first.allSatisfy { $0.status == "final" && $0.cause == nil })
        try apply([.events([event(at(7, 10), .absent)], createdAt: at(40))], to: fold)
        let late = added(core)
        #expect(
            Set(late.compactMap { $0.text("worker_id") }) == ["W1"]
                && late.contains { $0.integer("target_units") != nil })
        let times = late.filter { $0.text("camera_id") == nil }
        #expect(times.allSatisfy { $0.status == "restated" && $0.causeKind == "late_event" && $0.cause?.count == 1 })
        #expect(times.allSatisfy { $0.text("hour_start")?.contains("T07:") == true })
    }

    @Test("a definition with another target is the cause for the factory's hours, also with a late event beside it")
    func definition() throws {
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try apply(day(), to: fold)
        _ = added(core)
        try apply(
            [
                .events([event(at(7, 10), .absent)], createdAt: at(40)),
                .definition(createdAt: at(40)) { $0.targetMicrounitsPerHour = 60_000_000 },
            ], to: fold)
        let changed = added(core).filter { $0.number("target_units") != nil }
        #expect(changed.count >= 3)
        #expect(changed.allSatisfy { $0.status == "restated" && $0.causeKind == "definition" })
    }

    /// Publishes from one store, then goes on with another one that says something else about every hour.
    private func switched(_ origin: ProjectionsOrigin) throws -> StageFold {
        let before = try stage.fold("a")
        try apply(day(), to: before)
        _ = added(try stage.core(before, "a"))
        let after = try stage.fold("b")
        after.origin = origin
        try apply(day(20) + [again], to: after)
        return after
    }

    @Test("other projections are the cause of what differs from those before, and of nothing that comes later")
    func projections() throws {
        let fold = try switched(.rebuild(job: "5f0c91aa", generation: 2))
        let core = try stage.core(fold, "a")
        let differing = added(core).filter { $0.text("worker_id") != nil }
        #expect(Set(differing.compactMap { $0.text("hour_start") }).count >= 3)
        for record in differing {
            #expect(record.status == "restated" && record.causeKind == "rebuild", "\(record.members)")
            #expect(record.cause?["rebuild"] as? String == "5f0c91aa" && record.cause?["generation"] as? Int == 2)
        }
        try apply([.events([event(at(7, 10), .absent)], createdAt: at(40))], to: fold)
        let late = added(core).filter { $0.text("worker_id") != nil }
        #expect(!late.isEmpty && late.allSatisfy { $0.causeKind == "late_event" })
    }

    @Test(
        "the cause outlives a process that ends before it has published, and a round that is not enough for all hours")
    func durable() throws {
        let fold = try switched(.rollback(job: "5f0c91aa", generation: 1))
        let topics = stage.topics
        topics.fail(with: LogError(.uncertain, "the test wants it"))
        let first = try stage.core(fold, "a")
        #expect(added(first, rounds: 1).isEmpty)
        topics.fail(with: nil)
        var narrow = stage.configuration
        narrow.hoursPerStepMaximum = 1
        let second = try PublishingCore(
            source: fold, topics: topics, names: stage.names, path: stage.path("a-published.sqlite"),
            configuration: narrow, clock: stage.clock.process, isStillOwner: { true })
        let differing = added(second, rounds: 8).filter { $0.text("worker_id") != nil }
        #expect(Set(differing.compactMap { $0.text("hour_start") }).count >= 3)
        #expect(differing.allSatisfy { $0.causeKind == "rollback" })
    }

    @Test("where nothing is known of what was published before, nothing is said about the cause")
    func unknown() throws {
        let before = try stage.fold("a")
        try apply(day(), to: before)
        _ = added(try stage.core(before, "a"))
        let after = try stage.fold("b")
        try apply(day(20) + [again], to: after)
        // A file of its own: another worker.
        let restated = added(try stage.core(after, "b")).filter { $0.status == "restated" }
        #expect(!restated.isEmpty && restated.allSatisfy { $0.cause == nil })
    }

    @Test("what made the projections follows from the live generation and the one that it replaced")
    func origins() {
        func generation(_ id: Int64, _ job: String?, replaces: Int64? = nil) -> Generation {
            Generation(
                id: id, state: .live, versions: .current, logEpoch: [], job: job, createdAt: .earliest,
                replaces: replaces)
        }
        let first = generation(1, nil)
        let all: [(Generation, Generation?, ProjectionsOrigin)] = [
            (first, nil, .refold(generation: 1)),
            (generation(2, "a", replaces: 1), first, .rebuild(job: "a", generation: 2)),
            (generation(1, nil, replaces: 2), generation(2, "a", replaces: 1), .rollback(job: "a", generation: 1)),
            (generation(3, "b", replaces: 2), generation(2, "a", replaces: 1), .rebuild(job: "b", generation: 3)),
            (generation(2, "a", replaces: 3), generation(3, "b", replaces: 2), .rollback(job: "b", generation: 2)),
            (generation(2, "a", replaces: 3), generation(3, "b", replaces: 1), .rebuild(job: "a", generation: 2)),
            (generation(2, Generation.upgradeJob, replaces: 1), first, .upgrade(generation: 2)),
        ]
        for (live, replaced, origin) in all {
            #expect(ProjectionsOrigin(live, replaced: replaced) == origin, "\(live.id) after \(replaced?.id ?? 0)")
        }
    }
}
