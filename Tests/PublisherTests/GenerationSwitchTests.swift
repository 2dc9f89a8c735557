// Layer: machine. A publisher over a projector whose live generation changes.
import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SQLite
import Testing

@testable import Publisher

@Suite("Publishing over a switch of generations (DESIGN 7)", .timeLimit(.minutes(10)))
struct GenerationSwitchTests {
    private static let job = "job"
    private let stage: Stage
    private let log = InMemoryLog()
    private let events = Monitor<[String]>([])
    private var directory: GenerationDirectory { GenerationDirectory(path: stage.path("real.sqlite")) }

    init() throws {
        // So late that no hour runs any more, and every one is final.
        stage = try Stage(now: at(40))
        for hour in Int64(6)..<9 {
            let events = [event(at(hour), .working), event(at(hour, 30), .idle, mark: .accepted)]
            var payload: [UInt8] = []
            guard case .events(let batch) = RecordContent.events(events, createdAt: at(hour, 31)) else { return }
            RecordCodec.encode(batch, into: &payload)
            _ = try log.append([
                NewRecord(
                    key: Stage.site.bytes, createdAt: Timestamp(microseconds: at(hour, 31)), payload: payload)
            ])
        }
    }

    private func running(_ body: (Projector) throws -> Void) throws {
        var configuration = ProjectorConfiguration()
        configuration.limits.commitMilliseconds = 0
        configuration.scrubHours = 0
        configuration.generationTickMilliseconds = 2
        configuration.journal = Journal { [events] event in events.update { $0.append(event.name) } }
        let projector = try Projector(
            log: log, generations: directory, keepsFeed: true, configuration: configuration)
        projector.start()
        defer { projector.stop() }
        try body(projector)
    }

    /// Folds everything, into both generations, and commits it.
    private func foldBoth() throws {
        try running { projector in
            try projector.build(job: Self.job, pace: .unlimited)
            let isLevel: Void? = events.wait(milliseconds: 60_000) { $0.contains("generation_level") ? () : nil }
            try #require(isLevel != nil)
            let passed = Monitor(false)
            projector.whenPassed(LogOffset(2), timeoutMilliseconds: 60_000) { isPassed in
                passed.update { $0 = isPassed }
            }
            passed.wait { $0 ? () : nil }
        }
    }

    private func core(_ projector: Projector) throws -> PublishingCore {
        try PublishingCore(
            source: try ProjectorFigures(projector, epoch: log.epoch), topics: stage.topics, names: stage.names,
            path: stage.path("real-published.sqlite"), configuration: stage.configuration, clock: stage.clock.process,
            isStillOwner: { true })
    }

    private func rounds(_ core: PublishingCore) { for _ in 0..<4 { stage.round(core) } }

    private func expectCause(_ record: StageRecord, _ kind: String, generation: Int) {
        #expect(record.causeKind == kind, "\(record.members)")
        #expect(record.cause?["rebuild"] as? String == Self.job && record.cause?["generation"] as? Int == generation)
    }

    private var all: [MetricKind: [StageRecord]] {
        Dictionary(uniqueKeysWithValues: MetricKind.allCases.map { ($0, stage.records($0)) })
    }

    @Test(
        "a generation with the same figures publishes nothing again, one with others exactly these, as restated, and why"
    )
    func switches() throws {
        try foldBoth()
        // A fold with a bug: of one hour it has a minute less of work.
        let store = try Connection(path: directory.storePath(2), ConnectionOptions(mode: .writer, checksPages: true))
        try store.execute(
            "UPDATE hour SET working = working - 60000000 WHERE working > 0 AND hour = (SELECT min(hour) FROM hour)")
        try running { projector in
            let core = try core(projector)
            rounds(core)
            let first = all
            #expect(first[.factory]?.isEmpty == false)
            try projector.build(job: "same", pace: .unlimited)
            try projector.promote(job: "same")
            rounds(core)
            try projector.rollback(job: "same")
            rounds(core)
            #expect(stage.recordCount == first.values.reduce(0) { $0 + $1.count }, "nothing differs")
            try projector.build(job: Self.job, pace: .unlimited)
            try projector.promote(job: Self.job)
            rounds(core)
            var changed = 0
            for kind in MetricKind.allCases {
                let added = stage.records(kind).dropFirst(first[kind]?.count ?? 0)
                changed += added.count
                for record in added {
                    #expect(record.status == "restated" && record.previous != nil, "\(record.members)")
                    #expect(record.text("hour_start")?.contains("T06:") == true, "\(record.members)")
                    expectCause(record, "rebuild", generation: 2)
                }
                #expect(Set(added.map(\.key)).count == added.count, "each once")
            }
            #expect(changed >= 2, "the worker's hour and the factory's at least")
            let wrong = all
            try projector.rollback(job: Self.job)
            rounds(core)
            for kind in MetricKind.allCases {
                let added = stage.records(kind).dropFirst(wrong[kind]?.count ?? 0)
                #expect(Set(added.map(\.key)) == Set((wrong[kind] ?? []).dropFirst(first[kind]?.count ?? 0).map(\.key)))
                for record in added { expectCause(record, "rollback", generation: 1) }
            }
        }
    }
}
