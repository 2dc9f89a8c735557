// Layer: differential. The same records through the log, the fold's threads and the store on disk, and through a fold
// in memory, must give the same answers. Catches what the adapter to the projector gets wrong.
import Clocks
import EventLog
import EventModel
import HTTPServer
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import TestKit
import Testing

@testable import Query

@Suite("Answers from a projector") struct ProjectorAnswersTests {
    private static let questions = [
        "/api/metrics/workers", "/api/metrics/workstations", "/api/metrics/factory", "/api/metrics/model-health",
        "/api/ledger", "/api/events", "/api/quarantine", "/api/quarantine/stats",
    ]

    /// Without known_at.
    private static let unaware = ["/api/ledger", "/api/quarantine", "/api/quarantine/stats"]

    @Test("answers equal those of a fold in memory, and min_position shows what was just appended", arguments: 1...5)
    func projector(_ seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let log = try SQLiteLog.open(path: folder.file("log.sqlite"))
        defer { log.close() }
        let store = try ProjectionStore.open(
            path: folder.file("projections.sqlite"), logEpoch: log.epoch.bytes)
        let projector = try Projector(log: log, store: store)
        projector.start()
        defer { projector.stop() }

        let scenario = RandomScenario(seed: seed, size: .init(events: 80))
        let now = try #require(scenario.knownAts.last) + Microseconds.hour
        let plant = Plant(now: now)
        let service = QueryService(
            QueryService.Parts(
                projections: projector, clock: ManualClock(now: Timestamp(microseconds: now)),
                authorize: { _, _ in .granted(RandomScenario.siteID) }, registry: { _ in nil },
                rejected: { _ in Plant.rejected }))
        defer { service.stop() }
        for record in scenario.records {
            try plant.source.fold(record.content)
            let position = try append(record, to: log)
            let expected = try plant.ask("/api/ledger").json
            let answer = try ask(service, "/api/ledger", [("min_position", position.description)])
            // Only one of the two may still be deriving hours again.
            for key in expected.keys where key != "meta" { #expect(answer[key] == expected[key], "\(scenario)") }
            #expect(answer["meta"]?["positions"] == expected["meta"]?["positions"], "\(scenario)")
        }
        for path in Self.questions {
            for known in [nil, scenario.knownAts.first, scenario.knownAts[scenario.knownAts.count / 2]] {
                let query = known.map { [(name: "known_at", value: text($0))] } ?? []
                guard known == nil || !Self.unaware.contains(path) else { continue }
                let expected = try plant.ask(path, query).json
                let answer = try ask(service, path, query)
                for key in expected.keys.union(answer.keys) where key != "meta" {
                    #expect(answer[key] == expected[key], "\(path) known \(known ?? -1)\n\(scenario)")
                }
                for key in [
                    "positions", "newest_event_time", "newest_created_at", "freshness_seconds", "settled", "from", "to",
                    "definition",
                ] {
                    #expect(answer["meta"]?[key] == expected["meta"]?[key], "\(path)")
                }
            }
        }
    }

    private func append(_ record: RandomScenario.Record, to log: SQLiteLog) throws -> RecordPosition {
        var payload: [UInt8] = []
        switch record.content {
        case .events(let batch): RecordCodec.encode(batch, into: &payload)
        case .definition(let definition): RecordCodec.encode(definition, into: &payload)
        case .clockSetBack(let record): RecordCodec.encode(record, into: &payload)
        }
        let new = NewRecord(
            key: RandomScenario.siteID.bytes, createdAt: Timestamp(microseconds: record.createdAt), payload: payload)
        return try #require(try log.append([new]).first)
    }

    private func ask(
        _ service: QueryService, _ path: String, _ query: [(name: String, value: String)]
    ) throws -> JSONText {
        let route = try #require(service.routes.first { $0.pattern == path })
        let recorder = Recorder()
        let request = HTTPRequest(method: .get, path: path, query: query)
        if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
        let response = try recorder.wait()
        #expect(response.status == 200)
        return try JSONText(response.body)
    }
}
