import EventLog
import EventModel
import Testing

@testable import Gateway
@testable import Sites

/// Definitions of one site at several places of the log.
private struct Place {
    var epoch = LogEpoch(bytes: Array(1...16))
    var site: SiteID = "plant"

    func placed(
        _ offset: Int64, version: UInt64 = 1, workers: [(String, String?)] = [("w1", "Ada")],
        former: [(WorkerID, String)] = []
    ) -> PlacedDefinition {
        var definition = SiteDefinition(siteID: site, name: "Plant", timeZone: "UTC")
        definition.workers = workers.map { .init(workerID: WorkerID($0.0), name: $0.1) }
        return PlacedDefinition(
            definition: definition, version: version, createdAt: Timestamp(microseconds: 1_768_219_200_000_000),
            position: RecordPosition(
                partition: Partitioner.partition(of: site.bytes, partitionCount: 4), offset: LogOffset(offset)),
            former: FormerNames(workers: former.map { .init(id: $0, name: $1) }))
    }

    func record(_ placed: PlacedDefinition) -> RegistryRecord {
        RegistryRecord(epoch: epoch, placed: placed)
    }

    var table: RegistryTable { RegistryTable(epoch: epoch, partitionCount: 4) }
}

@Suite("What the records of the registry topic come to")
struct RegistryTableTests {
    private let place = Place()

    @Test("the highest revision of a site holds, in whatever order the records come (DESIGN 3)")
    func highest() {
        var table = place.table
        let five = place.placed(5)
        let six = place.placed(6, version: 2, workers: [("w2", nil)], former: [("w1", "Ada")])
        #expect(table.take(place.record(five)) == .init(changed: five))
        #expect(table.take(place.record(six)) == .init(changed: six))
        // Compaction would keep the older one from now on.
        #expect(table.take(place.record(five)) == .init(displaced: six))
        #expect(table.entries["plant"] == .init(best: six, isKept: false))
        #expect(table.take(place.record(six)) == .init())
        #expect(table.entries["plant"] == .init(best: six, isKept: true))
    }

    @Test("a repaired version holds, and a repair that does not know the names cannot take them away (DESIGN 3)")
    func repaired() {
        var table = place.table
        _ = table.take(place.record(place.placed(5, workers: [("w1", "Ada"), ("w2", nil)])))
        let merged = place.placed(5, version: 2, workers: [("w1", "Ada"), ("w2", "Bo")])
        let nameless = place.placed(5, version: 2, workers: [("w1", nil), ("w2", "Bo")])
        #expect(table.take(place.record(nameless)) == .init(changed: merged, displaced: merged))
        #expect(table.entries["plant"] == .init(best: merged, isKept: false))
    }

    @Test("a definition of another log admits nobody; only its names are of use (DESIGN 1.3)")
    func otherLog() {
        var table = place.table
        var other = place
        other.epoch = LogEpoch(bytes: Array(2...17))
        #expect(table.take(other.record(other.placed(99))) == .init())
        #expect(table.entries.isEmpty)
        let known = place.placed(3, workers: [("w1", nil), ("w2", nil)])
        #expect(table.named(known).definition.workers.map(\.name) == ["Ada", nil])
        let dropping = place.placed(3, workers: [("w2", nil)])
        #expect(table.named(dropping).former.workers == [.init(id: "w1", name: "Ada")])
        // Of a log with another number of partitions the offset would mean something else.
        var wrong = place.placed(7)
        wrong.position.partition = PartitionIndex((wrong.position.partition.value + 1) % 4)
        #expect(table.take(place.record(wrong)) == .init())
        #expect(table.entries.isEmpty)
    }

    @Test("a record without a value erases the names, and older ones of the same site do not come back (SPEC 3)")
    func erased() {
        var table = place.table
        _ = table.take(place.record(place.placed(5)))
        let nameless = place.placed(5, workers: [("w1", nil)])
        #expect(table.erase("plant") == .init(changed: nameless))
        #expect(table.erase("plant") == .init() && table.erase("other") == .init())
        #expect(table.named(nameless).definition.workers.map(\.name) == [nil])
        #expect(table.entries["plant"] == .init(best: nameless, isKept: false))
    }

    @Test("a new definition replaces the one before as a whole, names of people too (SPEC 3)")
    func replaces() {
        var table = place.table
        _ = table.take(place.record(place.placed(5)))
        let next = place.placed(6, version: 2, workers: [("w1", nil)])
        #expect(table.take(place.record(next)) == .init(changed: next))
    }
}

@Suite("The records of the registry topic")
struct RegistryRecordTests {
    private let place = Place()

    @Test("a record says the definition as it is put, with version, created_at and revision")
    func text() throws {
        let record = place.record(place.placed(41, version: 3))
        let text = String(decoding: record.json, as: UTF8.self)
        let partition = record.placed.position.partition.value
        #expect(
            text.hasSuffix(
                #""workers":[{"worker_id":"w1","name":"Ada"}],"workstations":[],"version":3,"#
                    + #""created_at":"2026-01-12T12:00:00.000000Z","revision":{"#
                    + "\"epoch\":\"0102030405060708090a0b0c0d0e0f10\",\"partition\":\(partition),\"offset\":41}}"))
        #expect(RegistryRecord(record.json, site: "plant") == record)
    }

    @Test("a record of another site, without one of its members or with one of another type is none")
    func hostile() {
        let json = String(decoding: place.record(place.placed(41)).json, as: UTF8.self)
        #expect(RegistryRecord(Array(json.utf8), site: "plant") != nil)
        #expect(RegistryRecord(Array(json.utf8), site: "other") == nil)
        #expect(RegistryRecord(Array(json.utf8), site: "") == nil)
        let changes = [
            ("\"version\":1", "\"version\":0"), ("\"version\":1", "\"version\":\"1\""), ("\"version\"", "\"x\""),
            ("\"created_at\"", "\"x\""), ("\"revision\"", "\"x\""), ("\"offset\":41", "\"offset\":-1"),
            ("\"offset\":41", "\"offset\":4.1"), ("\"epoch\":\"01", "\"epoch\":\"zz"), ("\"partition\"", "\"x\""),
            ("\"worker_id\"", "\"x\""), ("{\"site\"", "[\"site\""), ("\"partition\":", "\"partition\":99999999999"),
        ]
        for (from, to) in changes {
            #expect(json.contains(from))
            #expect(RegistryRecord(Array(json.replacing(from, with: to).utf8), site: "plant") == nil, "\(to)")
        }
        for text in ["", "null", "{}", "[]", "7"] { #expect(RegistryRecord(Array(text.utf8), site: "plant") == nil) }
    }
}

@Suite("The registry topic, written, lost and repaired", .timeLimit(.minutes(10)))
struct RegistryTopicTests {
    private let plant = SharedPlant()

    /// As the fold has it.
    private func folded(_ placed: PlacedDefinition) -> PlacedDefinition {
        var folded = placed
        folded.definition = placed.definition.withoutPersonalData
        return folded
    }

    private func send(_ placed: PlacedDefinition, epoch: LogEpoch? = nil) throws {
        let record = RegistryRecord(epoch: epoch ?? plant.log.epoch, placed: placed)
        try plant.send(SharedPlant.names.registry, SiteID("plant").bytes, record.json)
    }

    @Test("what the registry lacks is written once it has been missing for the time of grace, and once only (DESIGN 3)")
    func lacking() throws {
        let registry = try TopicRegistry(topics: plant.inner, log: plant.log)
        defer { registry.stop() }
        let clock = plant.clock
        let repair = RegistryRepair(registry, clock: clock)
        let five = Place().placed(5, version: 4)
        // Another log knew who w1 is.
        try send(Place().placed(77), epoch: LogEpoch(bytes: [1]))
        #expect(try repair.repair([folded(five)]) == 0)
        clock.advance(milliseconds: 59_999)
        #expect(try repair.repair([folded(five)]) == 0)
        clock.advance(milliseconds: 1)
        #expect(try repair.repair([folded(five)]) == 1)
        #expect(plant.registered("plant").last == RegistryRecord(epoch: plant.log.epoch, placed: five))
        clock.advance(milliseconds: 100_000)
        #expect(try repair.repair([folded(five)]) == 0)
        #expect(registry.directory.site("plant") == five)
    }

    @Test("the grace period starts again for a newer definition, and what its gateway wrote meanwhile stays (DESIGN 3)")
    func grace() throws {
        let registry = try TopicRegistry(topics: plant.inner, log: plant.log)
        defer { registry.stop() }
        let clock = plant.clock
        let repair = RegistryRepair(registry, clock: clock)
        #expect(try repair.repair([folded(Place().placed(5))]) == 0)
        clock.advance(milliseconds: 60_000)
        let six = Place().placed(6, version: 2)
        #expect(try repair.repair([folded(six)]) == 0)
        try send(six)
        clock.advance(milliseconds: 60_000)
        #expect(try repair.repair([folded(six)]) == 0)
        // A fold that is behind the registry has nothing to say.
        #expect(try repair.repair([folded(Place().placed(5, version: 9))]) == 0)
        #expect(plant.registered("plant").count == 1)
    }

    @Test("a wrong version, and an older record that compaction would keep, are repaired with the names (DESIGN 3)")
    func wrong() throws {
        let registry = try TopicRegistry(topics: plant.inner, log: plant.log)
        defer { registry.stop() }
        let repair = RegistryRepair(registry, graceMilliseconds: 0)
        let six = Place().placed(6, version: 2)
        var miscounted = six
        miscounted.version = 1
        try send(miscounted)
        #expect(try repair.repair([folded(six)]) == 1)
        #expect(plant.registered("plant").last == RegistryRecord(epoch: plant.log.epoch, placed: six))
        try send(Place().placed(5))
        #expect(try repair.repair([folded(six)]) == 1)
        #expect(plant.registered("plant").last == RegistryRecord(epoch: plant.log.epoch, placed: six))
        #expect(try repair.repair([folded(six)]) == 0)
        #expect(plant.registered("plant").count == 4)
    }

    @Test("a repair that cannot be sent, or a registry that cannot be read, is tried again by the next call")
    func failures() throws {
        let topics = LazyTopics(plant.inner)
        let registry = try TopicRegistry(topics: topics, log: plant.log)
        defer { registry.stop() }
        let repair = RegistryRepair(registry, graceMilliseconds: 0)
        let five = folded(Place().placed(5))
        topics.failReading(with: LogError(.unavailable, "no broker answers"))
        #expect(throws: LogError.self) { try repair.repair([five]) }
        topics.failReading(with: nil)
        plant.inner.fail(with: LogError(.unavailable, "not enough replicas"))
        #expect(try repair.repair([five]) == 1)
        #expect(plant.registered("plant").isEmpty)
        plant.inner.fail(with: nil)
        #expect(try repair.repair([five]) == 1)
        #expect(try repair.repair([five]) == 0)
        #expect(plant.registered("plant").count == 1)
    }

    @Test("a gateway whose record is displaced by a worse one writes it again, so that compaction keeps it (DESIGN 3)")
    func displaced() throws {
        let gateway = try plant.gateway()
        try gateway.define()
        let own = try #require(gateway.gateway.site("plant"))
        // A repair by a worker that never saw the names.
        var nameless = own
        nameless.definition = own.definition.withoutPersonalData
        nameless.version = 7
        try send(nameless)
        // Handled, and with it sent again; what was sent again is handled by the second reading.
        for _ in 0..<2 { #expect(gateway.registry.readToEnd(timeoutMilliseconds: 60_000)) }
        var expected = own
        expected.version = 7
        #expect(plant.registered("plant").last??.placed == expected)
        #expect(gateway.gateway.site("plant") == expected && plant.registered("plant").count == 3)
    }

    @Test("a record that cannot be read is reported and left out; the others hold")
    func unreadable() throws {
        try plant.send(SharedPlant.names.registry, SiteID("plant").bytes, Array("{".utf8))
        let gateway = try plant.gateway()
        gateway.events.wait { $0.contains { $0.name == "registry_record_unreadable" } ? () : nil }
        try gateway.define()
        #expect(gateway.send(.get, "/api/sites/plant").status == 200)
    }

    @Test(
        "a definition that only the log has is admitted by a starting gateway; an old one is registered (DESIGN 3)"
    )
    func tail() throws {
        for age in [Int64(30), 90] {
            let plant = SharedPlant()
            let record = DefinitionRecord(
                definition: makeDefinition().withoutPersonalData, createdAt: plant.clock.now)
            var payload: [UInt8] = []
            RecordCodec.encode(record, into: &payload)
            _ = try plant.log.append([
                NewRecord(key: SiteID("plant").bytes, createdAt: record.createdAt, payload: payload)
            ])
            plant.clock.advance(seconds: age)
            let gateway = try plant.gateway()
            #expect(gateway.batch([eventJSON()])["success_count"] == "1")
            #expect(gateway.gateway.site("plant")?.position == plant.position("plant", 0))
            // A younger one may just be on its way there, with the names.
            #expect(plant.registered("plant").count == (age > 60 ? 1 : 0))
        }
    }
}
