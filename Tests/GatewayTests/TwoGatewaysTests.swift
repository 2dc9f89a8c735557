import EventLog
import EventModel
import Foundation
import HTTPServer
import Locks
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

@Suite("Two gateways on one log", .timeLimit(.minutes(10)))
struct TwoGatewaysTests {
    let plant = SharedPlant()

    private func definition(_ workers: String...) -> SiteDefinition {
        var definition = makeDefinition()
        definition.workers = workers.map { SiteDefinition.Worker(workerID: WorkerID($0), name: "N \($0)") }
        return definition
    }

    private func event(_ worker: String, second: Int = 0) -> String {
        eventJSON(["worker_id": "\"\(worker)\"", "timestamp": "\"2026-01-12T06:00:\(10 + second)Z\""])
    }

    @Test(
        "what a PUT at one gateway answered, the other admits at once, however late it would have heard of it (DESIGN 5)"
    )
    func admittedAtOnce() throws {
        let first = try plant.gateway()
        let (second, _) = try plant.lazyGateway()
        try first.define(definition("w1"))
        #expect(second.batch([event("w1")])["success_count"] == "1")
        #expect(second.gateway.site("plant") == first.gateway.site("plant"))
        #expect(second.send(.get, "/api/sites/plant").body == first.send(.get, "/api/sites/plant").body)
        plant.clock.advance(milliseconds: 1000)
        try first.define(definition("w1", "w4"))
        let changed = second.batch([event("w1", second: 1), event("w4", second: 1)])
        #expect(changed["success_count"] == "2")
        // What the log holds names the definition that admitted it.
        #expect(try second.batches().map(\.definitionVersion) == [1, 2])
        #expect(try second.batches().allSatisfy { $0.marks.allSatisfy { $0 == .accepted } })
    }

    @Test("a station that was just added is looked for too, and single events like batches (DESIGN 5)")
    func station() throws {
        let first = try plant.gateway()
        let (second, _) = try plant.lazyGateway()
        try first.define()
        #expect(second.send(.post, "/api/events?site_id=plant", body: event("w1")).status == 201)
        plant.clock.advance(milliseconds: 1000)
        var changed = makeDefinition()
        changed.workstations.append(.init(workstationID: "s9"))
        try first.define(changed)
        let body = eventJSON(["workstation_id": "\"s9\""])
        #expect(second.send(.post, "/api/events?site_id=plant", body: body).status == 201)
    }

    @Test("the registry is read at most once a second for a site; others do not count (DESIGN 5)")
    func onceASecond() throws {
        let first = try plant.gateway()
        let (second, topics) = try plant.lazyGateway()
        let before = topics.readCount
        #expect(second.batch([event("w1")]).status == 404)
        #expect(topics.readCount == before + 1)
        try first.define()
        // Less than a second ago it was not there.
        #expect(second.batch([event("w1")]).status == 404)
        #expect(second.batch([event("w1")], query: "?site_id=other").status == 404)
        #expect(topics.readCount == before + 2)
        plant.clock.advance(milliseconds: 1000)
        #expect(second.batch([event("w1")]).status == 200)
        #expect(second.batch([event("nobody")]).errors == ["0:unknown_worker:worker_id"])
        #expect(topics.readCount == before + 3)
        // Where everybody is known nothing is read.
        plant.clock.advance(milliseconds: 1000)
        #expect(second.batch([event("w2")])["success_count"] == "1")
        #expect(topics.readCount == before + 3)
    }

    @Test("where the registry cannot be read, what is known has to do, and nobody waits again for a second (DESIGN 5)")
    func unreadable() throws {
        let (gateway, topics) = try plant.lazyGateway()
        topics.failReading(with: LogError(.unavailable, "no broker answers"))
        let before = topics.readCount
        #expect(gateway.batch([event("w1")]).status == 404)
        #expect(gateway.batch([event("w1")], query: "?site_id=other").status == 404)
        #expect(topics.readCount == before + 1)
        let health = gateway.send(.get, "/readyz", key: "")
        #expect(health.status == 503 && health.text.contains("no broker answers"))
        topics.failReading(with: nil)
        #expect(gateway.send(.get, "/readyz", key: "").status == 200)
    }

    @Test("definitions put at both: the last in the log holds at both, and the versions that both counted are repaired")
    func putAtBoth() throws {
        let first = try plant.gateway()
        let (second, _) = try plant.lazyGateway()
        // So that the second has just looked and does not look again.
        #expect(second.send(.get, "/api/sites/plant").status == 404)
        let one = first.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(definition("a")))
        let two = second.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(definition("b")))
        #expect(one["version"] == "1" && two["version"] == "1")
        #expect(first.registry.readToEnd(timeoutMilliseconds: 60_000))
        #expect(first.batch([event("a"), event("b")]).errors == ["0:unknown_worker:worker_id"])
        #expect(second.batch([event("a", second: 1), event("b", second: 1)]).errors == ["0:unknown_worker:worker_id"])
        // The fold counts right.
        let position = plant.position("plant", 1)
        let folded = PlacedDefinition(
            definition: definition("b").withoutPersonalData, version: 2, createdAt: plant.clock.now, position: position)
        let registry = try TopicRegistry(topics: plant.inner, log: plant.log)
        defer { registry.stop() }
        #expect(try RegistryRepair(registry, graceMilliseconds: 0).repair([folded]) == 1)
        for gateway in [first, second] {
            #expect(gateway.registry.readToEnd(timeoutMilliseconds: 60_000))
            let site = try #require(gateway.gateway.site("plant"))
            #expect(site.version == 2 && site.position == position && site.definition.workers.map(\.name) == ["N b"])
        }
        // The sequencers too: an event is admitted by version 2, the next definition is version 3.
        #expect(first.batch([event("b", second: 2)])["success_count"] == "1")
        #expect(try first.batches().last?.definitionVersion == 2)
        let three = first.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(definition("c")))
        #expect(three["version"] == "3")
    }

    @Test(
        "where the registry topic fails, a PUT gets 503 though its definition holds; sent again, it is written (SPEC 3)"
    )
    func registryFails() throws {
        let gateway = try plant.gateway()
        plant.inner.fail(with: LogError(.unavailable, "not enough replicas"))
        let body = DefinitionJSON.bytes(makeDefinition())
        let failed = gateway.send(.put, "/api/sites/plant", body: body)
        #expect(failed.status == 503 && failed.header("Retry-After") == "1")
        #expect(
            gateway.events.wait { $0.first { $0.name == "registry_not_written" } }.message
                .contains("not enough replicas"))
        #expect(gateway.batch([event("w1")])["success_count"] == "1")
        #expect(plant.registered("plant").isEmpty)
        plant.inner.fail(with: nil)
        let again = gateway.send(.put, "/api/sites/plant", body: body)
        #expect(again.status == 200 && again["version"] == "1")
        #expect(try gateway.records().count == 2)
        #expect(plant.registered("plant").map { $0?.placed } == [gateway.gateway.site("plant")])
        // Now that it is there, nothing more is written.
        #expect(gateway.registry.readToEnd(timeoutMilliseconds: 60_000))
        #expect(gateway.send(.put, "/api/sites/plant", body: body).status == 200)
        #expect(plant.registered("plant").count == 1)
    }

    @Test("the answer to a PUT waits for the registry; events of the site do not")
    func registryIsSlow() throws {
        let gateway = try plant.gateway()
        try gateway.define(definition("w1"))
        plant.inner.hold()
        let put = gateway.start(.put, "/api/sites/plant", body: DefinitionJSON.bytes(definition("w1", "w4")))
        // Behind the definition in the queue, and judged by it.
        #expect(gateway.batch([event("w4")])["success_count"] == "1")
        #expect(!put.isAnswered)
        plant.inner.release()
        #expect(put.response.status == 200)
    }

    @Test("a restarted gateway has definitions with names, duplicates and Idempotency-Keys of every partition again")
    func restart() throws {
        let sites = plant.sites
        var answers: [SiteID: HTTPResponse] = [:]
        func post(_ gateway: GatewayHarness, _ site: SiteID, _ key: String) -> HTTPResponse {
            gateway.send(
                .post, "/api/events/batch?site_id=\(site)", body: "[\(event("w1"))]", key: key,
                headers: ["Idempotency-Key": "k \(site)"])
        }
        let first = try plant.gateway()
        for site in sites {
            try first.define(makeDefinition(site))
            answers[site] = post(first, site, first.adminKey)
        }
        first.gateway.stop()
        let next = try plant.gateway()
        for (number, site) in sites.enumerated() {
            #expect(next.gateway.site(site) == first.gateway.site(site))
            #expect(next.gateway.site(site)?.position == plant.position(site, 0))
            #expect(next.gateway.site(site)?.position.partition.value == Int32(number))
            #expect(post(next, site, first.adminKey).body == answers[site]?.body)
            #expect(next.batch([event("w1")], query: "?site_id=\(site)")["duplicate_count"] == "1")
        }
    }

    @Test("a gateway does not start before it has read registry and keys to their ends")
    func startsRead() throws {
        let first = try plant.gateway()
        try first.define()
        let topics = LazyTopics(plant.inner)
        let keys = try TopicKeyStore(topics: topics)
        defer { keys.stop() }
        #expect(keys.key(first.adminKey) != nil)
        let registry = try TopicRegistry(topics: topics, log: plant.log)
        defer { registry.stop() }
        topics.failReading(with: LogError(.unavailable, "no broker answers"))
        let parts = Gateway.Parts(log: plant.log, registry: registry, access: AccessControl(keys: keys))
        #expect(throws: LogError.self) { try Gateway(parts) }
        topics.failReading(with: nil)
        #expect(try Gateway(parts).site("plant") == first.gateway.site("plant"))
    }

    @Test("an erased registry record takes the names with it, everywhere; who is admitted stays")
    func erased() throws {
        let gateways = [try plant.gateway(), try plant.gateway()]
        try gateways[0].define()
        try plant.send(SharedPlant.names.registry, SiteID("plant").bytes, nil)
        for (number, gateway) in gateways.enumerated() {
            #expect(gateway.registry.readToEnd(timeoutMilliseconds: 60_000))
            let site = try #require(gateway.gateway.site("plant"))
            #expect(site.definition.workers.allSatisfy { $0.name == nil } && site.version == 1)
            #expect(gateway.batch([event("w\(number + 1)")])["success_count"] == "1")
            #expect(!gateway.send(.get, "/api/sites/plant").text.contains("N w1"))
        }
        // The same definition, sent again, gives the names back.
        #expect(
            gateways[1].send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(makeDefinition()))["version"] == "2")
        #expect(gateways[0].registry.readToEnd(timeoutMilliseconds: 60_000))
        #expect(gateways[0].gateway.site("plant")?.definition.workers.map(\.name) == ["N w1", "N w2", "N w3"])
    }

    @Test("definitions that two gateways put at once end up the same at both, and as the log has them (SPEC 3)")
    func concurrent() throws {
        let gateways = [try plant.gateway(), try plant.gateway()]
        let sites: [SiteID] = Array(plant.sites.prefix(2))
        for site in sites { try gateways[0].define(makeDefinition(site)) }
        let running = Monitor(4)
        for thread in 0..<4 {
            let gateway = gateways[thread % 2]
            Thread {
                for round in 0..<20 {
                    let site = sites[round % 2]
                    if round % 3 == thread % 3 {
                        var changed = makeDefinition(site)
                        changed.workers.append(.init(workerID: WorkerID("w \(thread) \(round)"), name: "N"))
                        _ = gateway.send(.put, "/api/sites/\(site)", body: DefinitionJSON.bytes(changed))
                    }
                    _ = gateway.batch([event("w\(thread)", second: round)], query: "?site_id=\(site)")
                }
                running.update { $0 -= 1 }
            }.start()
        }
        running.wait { $0 == 0 ? () : nil }
        for gateway in gateways { #expect(gateway.registry.readToEnd(timeoutMilliseconds: 60_000)) }
        for site in sites {
            let last = try gateways[0].records().compactMap { record -> SiteDefinition? in
                if case .definition(let record) = record, record.definition.siteID == site { return record.definition }
                return nil
            }.last
            let held = gateways.map { $0.gateway.site(site) }
            #expect(held[0] == held[1] && held[0]?.definition.withoutPersonalData == last)
            #expect(held[0]?.definition.workers.allSatisfy { $0.name != nil } == true)
            // The sequencers too: what is put is the same already, so nothing is written.
            let body = DefinitionJSON.bytes(try #require(held[0]).definition)
            let count = try gateways[0].records().count
            for gateway in gateways { #expect(gateway.send(.put, "/api/sites/\(site)", body: body).status == 200) }
            #expect(try gateways[0].records().count == count)
        }
    }
}
