import Access
import EventLog
import EventModel
import Foundation
import HTTPServer
import Locks
import SQLite
import Testing

@testable import Gateway
@testable import Sites

@Suite("Site definitions")
struct DefinitionTests {
    static let full = """
        {"site":{"site_id":"plant","name":"Werk","time_zone":"Asia/Kolkata","observation_ttl_seconds":0,
        "confidence_threshold":0.123456,"max_future_seconds":0,"handover_minutes":20,"target_units_per_hour":12.5,"board_names":false,
        "shifts":[{"name":"early","start":"06:00","end":"14:00","days":["mon","sun"]},
        {"name":"night","start":"22:00","end":"06:00"}]},
        "workers":[{"worker_id":"w\\u00e9","name":"Zoë","location":"Hall 1","active_since":"2020-01-01"},{"worker_id":"w1"}],
        "workstations":[{"workstation_id":"s1","name":"Press","location":"Hall 2","line":"L1","capacity":3},
        {"workstation_id":"s2"}]}
        """

    private func read(_ text: String) throws -> SiteDefinition { try DefinitionJSON.read(text.utf8, site: "plant") }

    @Test("every field of a definition is read, and written so that it reads the same (SPEC 3)")
    func roundTrip() throws {
        let definition = try read(Self.full)
        #expect(definition.name == "Werk" && definition.timeZone == "Asia/Kolkata")
        #expect(definition.observationTTLSeconds == 0 && definition.maxFutureSeconds == 0)
        #expect(definition.confidenceThreshold.partsPerMillion == 123_456)
        #expect(definition.targetMicrounitsPerHour == 12_500_000 && definition.handoverMinutes == 20)
        #expect(!definition.showsNamesOnBoards)
        #expect(
            definition.shifts == [
                .init(name: "early", startMinute: 360, endMinute: 840, days: 0b100_0001),
                .init(name: "night", startMinute: 1320, endMinute: 360),
            ])
        #expect(
            definition.workers == [
                .init(workerID: "w\u{e9}", name: "Zoë", location: "Hall 1", activeSince: "2020-01-01"),
                .init(workerID: "w1"),
            ])
        #expect(
            definition.workstations == [
                .init(workstationID: "s1", name: "Press", location: "Hall 2", line: "L1", capacity: 3),
                .init(workstationID: "s2"),
            ])
        #expect(try DefinitionJSON.read(DefinitionJSON.bytes(definition), site: "plant") == definition)
    }

    @Test("what a definition leaves out has its default (SPEC 3)")
    func defaults() throws {
        let definition = try read(#"{"site":{"name":null}}"#)
        var expected = SiteDefinition(siteID: "plant", name: "plant")
        #expect(definition == expected)
        expected.workers = [.init(workerID: "w")]
        #expect(try read(#"{"site":{},"workers":[{"worker_id":"w"}]}"#) == expected)
    }

    static let faults: [(String, String)] = [
        ("[]", ""), ("{}", "/site"), (#"{"site":[]}"#, "/site"), (#"{"site":{"site_id":"other"}}"#, "/site/site_id"),
        (#"{"site":{"name":7}}"#, "/site/name"), (#"{"site":{"time_zone":"Mars/Olympus"}}"#, "/site/time_zone"),
        (#"{"site":{"time_zone":"CEST"}}"#, "/site/time_zone"), (#"{"site":{"time_zone":"GMT+2"}}"#, "/site/time_zone"),
        (#"{"site":{"time_zone":"../etc/x"}}"#, "/site/time_zone"), (#"{"site":{"time_zone":""}}"#, "/site/time_zone"),
        (#"{"site":{"observation_ttl_seconds":-1}}"#, "/site/observation_ttl_seconds"),
        (#"{"site":{"observation_ttl_seconds":31622401}}"#, "/site/observation_ttl_seconds"),
        (#"{"site":{"observation_ttl_seconds":1.5}}"#, "/site/observation_ttl_seconds"),
        (#"{"site":{"observation_ttl_seconds":"5"}}"#, "/site/observation_ttl_seconds"),
        (#"{"site":{"confidence_threshold":1.1}}"#, "/site/confidence_threshold"),
        (#"{"site":{"confidence_threshold":true}}"#, "/site/confidence_threshold"),
        (#"{"site":{"max_future_seconds":1e3}}"#, "/site/max_future_seconds"),
        (#"{"site":{"handover_minutes":1441}}"#, "/site/handover_minutes"),
        (#"{"site":{"board_names":"no"}}"#, "/site/board_names"),
        (#"{"site":{"target_units_per_hour":-1}}"#, "/site/target_units_per_hour"),
        (#"{"site":{"target_units_per_hour":1e99}}"#, "/site/target_units_per_hour"),
        (#"{"site":{"shifts":{}}}"#, "/site/shifts"), (#"{"site":{"shifts":[1]}}"#, "/site/shifts/0"),
        (#"{"site":{"shifts":[{"start":"24:00","end":"06:00"}]}}"#, "/site/shifts/0/start"),
        (#"{"site":{"shifts":[{"start":"06:00","end":"6:00"}]}}"#, "/site/shifts/0/end"),
        (#"{"site":{"shifts":[{"start":"06:00"}]}}"#, "/site/shifts/0/end"),
        (#"{"site":{"shifts":[{"start":"06:00","end":"07:00","days":["Mon"]}]}}"#, "/site/shifts/0/days/0"),
        (#"{"site":{"shifts":[{"start":"06:00","end":"07:00","days":[]}]}}"#, "/site/shifts/0/days"),
        (#"{"site":{},"workers":{}}"#, "/workers"), (#"{"site":{},"workers":["w"]}"#, "/workers/0"),
        (#"{"site":{},"workers":[{"name":"x"}]}"#, "/workers/0/worker_id"),
        (#"{"site":{},"workers":[{"worker_id":""}]}"#, "/workers/0/worker_id"),
        (#"{"site":{},"workers":[{"worker_id":"a"},{"worker_id":"b"},{"worker_id":"a"}]}"#, "/workers/2/worker_id"),
        (
            #"{"site":{},"workstations":[{"workstation_id":"a"},{"workstation_id":"a"}]}"#,
            "/workstations/1/workstation_id"
        ),
        (#"{"site":{},"workstations":[{"workstation_id":"a","capacity":-1}]}"#, "/workstations/0/capacity"),
    ]

    private func found(in error: any Error) -> [DefinitionFault] {
        if case .invalid(let faults)? = error as? DefinitionError { faults } else { [] }
    }

    @Test("what is wrong with a definition is said with a JSON pointer (SPEC 3)", arguments: faults)
    func eachFault(text: String, pointer: String) {
        do {
            _ = try read(text)
            Issue.record("taken: \(text)")
        } catch {
            #expect(found(in: error).map(\.pointer) == [pointer])
        }
    }

    @Test("an invalid definition gets 422 with all its faults, a broken body 400; nothing is stored (SPEC 3)")
    func refused() throws {
        let harness = try GatewayHarness()
        let response = harness.send(
            .put, "/api/sites/plant",
            body: #"{"site":{"time_zone":"x","handover_minutes":-1},"workers":[{}]}"#)
        #expect(response.status == 422)
        for pointer in ["/site/time_zone", "/site/handover_minutes", "/workers/0/worker_id"] {
            #expect(response.text.contains("\"\(pointer)\""))
        }
        for broken in ["", "{", "{\"site\":{}} x", "{\"site\":{\"name\":\"\\ud800\"}}", "{\"site\":01}"] {
            #expect(harness.send(.put, "/api/sites/plant", body: broken).status == 400)
        }
        #expect(harness.send(.put, "/api/sites/a%20b", body: "{\"site\":{}}").status == 400)
        #expect(harness.send(.get, "/api/sites/plant").status == 404)
        #expect(try harness.records().isEmpty)
    }

    @Test("PUT stores a version, admits by it at once, and writes nothing when nothing changed (SPEC 3)")
    func put() throws {
        let harness = try GatewayHarness()
        let first = harness.send(.put, "/api/sites/plant", body: Self.full)
        #expect(first.status == 201 && first["version"] == "1" && first["position"] == "0:0")
        #expect(first["change"] == "created" && first["created_at"] == "2026-01-12T12:00:00.000000Z")
        let same = harness.send(.put, "/api/sites/plant", body: Self.full)
        #expect(same.status == 200 && same["change"] == "none" && same["position"] == "0:0")
        let second = harness.send(.put, "/api/sites/plant", body: #"{"site":{},"workers":[{"worker_id":"w7"}]}"#)
        #expect(second.status == 200 && second["version"] == "2" && second["position"] == "0:1")
        let records = try harness.records()
        #expect(records.count == 2)
        guard case .definition(let record) = records[0] else {
            Issue.record("no definition")
            return
        }
        // SPEC 3: names of people never reach the log.
        #expect(record.definition.workers.allSatisfy { $0.name == nil && $0.location == nil && $0.activeSince == nil })
        #expect(record.definition.workers.map(\.workerID) == ["w\u{e9}", "w1"])
    }

    @Test("the lists name everything by id bytes, with meta; min_position must be the site's (SPEC 8.5)")
    func lists() throws {
        let harness = try GatewayHarness()
        #expect(harness.send(.get, "/api/workers?site_id=plant").status == 404)
        _ = harness.send(.put, "/api/sites/plant", body: Self.full)
        let workers = harness.send(.get, "/api/workers?site_id=plant")
        #expect(
            workers.text
                == #"{"items":[{"worker_id":"w1"},{"worker_id":"wé","name":"Zoë","location":"Hall 1","#
                + #""active_since":"2020-01-01"}],"meta":{"site_id":"plant","definition":1}}"#)
        let bound = try harness.key(.viewer, sites: ["plant"])
        let stations = harness.send(.get, "/api/workstations?min_position=0:0", key: bound)
        #expect(stations.text.contains(#"{"workstation_id":"s2","capacity":1}"#))
        #expect(harness.send(.get, "/api/workers?site_id=plant&min_position=1:0").status == 400)
        #expect(harness.send(.get, "/api/workers?site_id=plant&min_position=x").status == 400)
        #expect(harness.send(.get, "/api/workers?site_id=other", key: bound).status == 403)
    }

    @Test("a restarted gateway knows definitions, versions and names again")
    func restart() throws {
        let harness = try GatewayHarness()
        _ = harness.send(.put, "/api/sites/plant", body: Self.full)
        let first = harness.send(.get, "/api/sites/plant")
        harness.gateway.stop()
        let next = try GatewayHarness(log: harness.log, clock: harness.clock, folder: harness.folder)
        #expect(next.send(.get, "/api/sites/plant").body == first.body)
        #expect(next.send(.put, "/api/sites/plant", body: #"{"site":{}}"#)["version"] == "2")
    }

    /// A gateway that died between the log and the registry: the second definition is in the log alone.
    private func crashed() throws -> (GatewayHarness, DefinitionRecord, RecordPosition) {
        let harness = try GatewayHarness()
        _ = harness.send(.put, "/api/sites/plant", body: Self.full)
        harness.gateway.stop()
        var changed = try read(Self.full)
        changed.workers.append(.init(workerID: "w9"))
        let record = DefinitionRecord(definition: changed.withoutPersonalData, createdAt: harness.clock.now + 1)
        var payload: [UInt8] = []
        RecordCodec.encode(record, into: &payload)
        let positions = try harness.log.append([
            NewRecord(key: Array("plant".utf8), createdAt: record.createdAt, payload: payload)
        ])
        return (harness, record, positions[0])
    }

    @Test("a registry that lags behind the log after a crash is repaired from the log's tail (DESIGN 3)")
    func repairFromTail() throws {
        let (harness, record, position) = try crashed()
        // The second start finds it in the registry: the tail no longer reaches so far.
        for days in [0, 2] {
            harness.clock.advance(seconds: Int64(days) * 86_400)
            let next = try GatewayHarness(log: harness.log, clock: harness.clock, folder: harness.folder)
            let site = try #require(next.gateway.site("plant"))
            #expect(site.version == 2 && site.position == position && site.createdAt == record.createdAt)
            #expect(site.definition.workers.map(\.name) == ["Zoë", nil, nil])
        }
    }

    @Test("a registry that lags behind the log for longer is repaired from what the fold knows (DESIGN 3)")
    func repairFromFold() throws {
        let (harness, record, position) = try crashed()
        harness.clock.advance(seconds: 2 * 86_400)
        let folded = PlacedDefinition(
            definition: record.definition, version: 2, createdAt: record.createdAt, position: position)
        let next = try GatewayHarness(
            log: harness.log, clock: harness.clock, folder: harness.folder, folded: [folded])
        let site = try #require(next.gateway.site("plant"))
        #expect(site.version == 2 && site.position == position && site.createdAt == record.createdAt)
        #expect(site.definition.workers.map(\.name) == ["Zoë", nil, nil])
    }

    @Test("every attempt to change a definition leaves an audit record (DESIGN 6)")
    func audit() throws {
        let records = Guarded<[AuditRecord]>([])
        let harness = try GatewayHarness(audit: { record in records.withLock { $0.append(record) } })
        let viewer = try harness.key(.viewer)
        _ = harness.send(.put, "/api/sites/plant", body: Self.full)
        _ = harness.send(.put, "/api/sites/plant", body: Self.full, key: viewer)
        _ = harness.send(.put, "/api/sites/plant", body: "{}")
        let results = records.withLock { $0.map(\.result) }
        #expect(results == ["submitted", "refused: 403", "refused: 422"])
        #expect(records.withLock { $0.allSatisfy { $0.siteID == "plant" && $0.clientAddress == "127.0.0.1" } })
    }

    @Test("/readyz and /health answer 503 with the reasons until everything is there, /livez at once")
    func health() throws {
        let missing = Guarded(["the fold is behind"])
        let harness = try GatewayHarness(notReady: { missing.withLock { $0 } })
        #expect(harness.send(.get, "/livez", key: "").status == 200)
        let waiting = harness.send(.get, "/readyz", key: "")
        #expect(waiting.status == 503 && waiting["detail"] == "not ready: the fold is behind")
        #expect(harness.send(.get, "/health", key: "").status == 503)
        missing.withLock { $0 = [] }
        #expect(harness.send(.get, "/readyz", key: "").status == 200)
    }
}
