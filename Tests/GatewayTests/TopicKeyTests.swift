import EventLog
import EventModel
import Locks
import Observability
import Testing

@testable import Access
@testable import Gateway

@Suite("API keys in a topic", .timeLimit(.minutes(10)))
struct TopicKeyTests {
    private let plant = SharedPlant()

    private func store(_ topics: (any Topics)? = nil) throws -> TopicKeyStore {
        try TopicKeyStore(topics: topics ?? plant.inner)
    }

    private func record(_ key: APIKey) throws {
        try plant.send(SharedPlant.names.keys, Array(key.id.utf8), KeyRecord.json(key))
    }

    @Test("a key made at one gateway opens another, and revoked at one it is refused at all (SPEC 8.2)")
    func revoked() throws {
        let first = try plant.gateway()
        let second = try plant.gateway()
        let tool = try store()
        defer { tool.stop() }
        let (text, key) = try tool.create(
            role: .admin, sites: ["plant"], name: "line 1", rateLimit: 0, at: plant.clock.now)
        // Listing reads to the end; a gateway that nobody asks hears of it as soon as its following does.
        for gateway in [first, second] {
            #expect(try gateway.keys.list().contains(key))
            #expect(gateway.send(.get, "/api/sites/plant", key: text).status == 404)
        }
        #expect(try first.keys.revoke(id: key.id, at: plant.clock.now))
        for gateway in [first, second] {
            #expect(try gateway.keys.list().first { $0.id == key.id }?.revokedAt == plant.clock.now)
            #expect(gateway.send(.get, "/api/sites/plant", key: text).status == 401)
            #expect(try !gateway.keys.revoke(id: key.id, at: plant.clock.now))
        }
        #expect(try !tool.revoke(id: "nobody", at: plant.clock.now))
    }

    @Test("a revocation holds by following alone, without anybody asking (SPEC 8.2)")
    func followed() throws {
        let first = try store()
        defer { first.stop() }
        let second = try store()
        defer { second.stop() }
        let (text, key) = try first.create(role: .viewer, at: plant.clock.now)
        _ = second.table.keys.wait { $0[key.id] }
        #expect(second.key(text) == key)
        #expect(try first.revoke(id: key.id, at: plant.clock.now))
        #expect(first.key(text) == nil)
        _ = second.table.keys.wait { $0[key.id]?.revokedAt }
        #expect(second.key(text) == nil)
    }

    @Test("keys made or revoked elsewhere are recorded, those that were there before are not")
    func recorded() throws {
        let tool = try store()
        defer { tool.stop() }
        _ = try tool.create(role: .viewer, at: plant.clock.now)
        let events = Monitor<[JournalEvent]>([])
        let store = try TopicKeyStore(
            topics: plant.inner, journal: Journal { event in events.update { $0.append(event) } })
        defer { store.stop() }
        let (_, key) = try tool.create(role: .admin, at: plant.clock.now)
        #expect(try tool.revoke(id: key.id, at: plant.clock.now))
        let seen = events.wait { $0.count >= 2 ? $0 : nil }
        #expect(seen.map(\.name) == ["key_created", "key_revoked"])
        #expect(seen.allSatisfy { $0.fields.contains(.init("key", key.id, isInMessage: true)) })
    }

    @Test("a revocation is never undone by what is written after it; a removed key opens nothing")
    func forEver() throws {
        let store = try store()
        defer { store.stop() }
        let (text, key) = try store.create(role: .admin, at: plant.clock.now)
        #expect(try store.revoke(id: key.id, at: plant.clock.now))
        try record(key)
        #expect(try store.list().first?.revokedAt == plant.clock.now && store.key(text) == nil)
        let (other, removed) = try store.create(role: .admin, at: plant.clock.now)
        try plant.send(SharedPlant.names.keys, Array(removed.id.utf8), nil)
        #expect(try store.list().map(\.id) == [key.id] && store.key(other) == nil)
        // A store that starts later reads the same.
        let later = try self.store()
        defer { later.stop() }
        #expect(later.key(text) == nil && later.key(other) == nil)
    }

    @Test("a record that cannot be read closes its key: it may be a revocation")
    func unreadable() throws {
        let store = try store()
        defer { store.stop() }
        let (text, key) = try store.create(role: .admin, at: plant.clock.now)
        try plant.send(SharedPlant.names.keys, Array(key.id.utf8), Array("{}".utf8))
        try plant.send(SharedPlant.names.keys, [0xff], Array("{}".utf8))
        #expect(try store.list().count == 1 && store.key(text) == nil)
    }

    @Test("a key that no broker confirmed is not handed out; reading that fails is said")
    func failures() throws {
        let topics = LazyTopics(plant.inner)
        let store = try store(topics)
        defer { store.stop() }
        plant.inner.fail(with: LogError(.unavailable, "not enough replicas"))
        #expect(throws: LogError.self) { try store.create(role: .admin, at: plant.clock.now) }
        plant.inner.fail(with: nil)
        #expect(try store.list().isEmpty)
        topics.failReading(with: LogError(.unavailable, "no broker answers"))
        #expect(throws: LogError.self) { try store.list() }
        #expect(throws: LogError.self) { try store.revoke(id: "x", at: plant.clock.now) }
        #expect(store.failure?.contains("no broker answers") == true)
    }

    @Test("a record holds everything but the secret, and reads the same (DESIGN 6)")
    func format() throws {
        let (text, made) = APIKey.random(
            role: .ingest, sites: ["a", "b"], name: "line \"1\"", rateLimit: 7, at: plant.clock.now)
        var key = made
        #expect(
            String(decoding: KeyRecord.json(key), as: UTF8.self)
                == #"{"id":"\#(key.id)","name":"line \"1\"","role":"ingest","sites":["a","b"],"rate_limit":7,"#
                + #""secret_hash":"\#(key.secretHash.hex)","created_at":"2026-01-12T12:00:00.000000Z","revoked_at":null}"#
        )
        #expect(!String(decoding: KeyRecord.json(key), as: UTF8.self).contains(text.suffix(43)))
        #expect(KeyRecord.key(KeyRecord.json(key), id: key.id) == key)
        (key.revokedAt, key.rateLimit, key.sites) = (plant.clock.now, nil, [])
        #expect(KeyRecord.key(KeyRecord.json(key), id: key.id) == key)
        #expect(KeyRecord.key(KeyRecord.json(key), id: "another") == nil)
    }

    @Test("a key record with a member of another type or value opens nothing")
    func hostile() throws {
        let (_, key) = APIKey.random(role: .ingest, sites: ["a"], name: "n", rateLimit: 7, at: plant.clock.now)
        let json = String(decoding: KeyRecord.json(key), as: UTF8.self)
        let changes = [
            ("\"ingest\"", "\"root\""), ("\"a\"", "7"), ("\"a\"", "\"\""), ("[\"a\"]", "null"), ("\"sites\"", "\"x\""),
            (":7,", ":\"7\","), (":7,", ":-7,"), ("null", "0"), ("null", "\"yesterday\""),
            (key.secretHash.hex, "00"), ("\"created_at\"", "\"x\""), ("\"name\"", "\"x\""),
        ]
        for (from, to) in changes {
            #expect(json.contains(from))
            #expect(KeyRecord.key(Array(json.replacing(from, with: to).utf8), id: key.id) == nil, "\(to)")
        }
    }
}
