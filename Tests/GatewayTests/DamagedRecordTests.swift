import Clocks
import Crypto
import EventLog
import EventModel
import Foundation
import SQLite
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

/// Records of registry and keys with one wrong bit. They carry no checksum of their own, so a wrong bit may give another
/// value; it must never give the same one, nor open what was closed.
@Suite("Damaged records of registry and keys")
struct DamagedRecordTests {
    /// Each way to change one bit. The meaning may be the same where only the case of a letter changes (T and Z of a time,
    /// hexadecimal digits), and where the last zero of a fraction becomes a blank.
    private func flips(_ bytes: [UInt8]) -> [(bit: Int, bytes: [UInt8], isSpelling: Bool)] {
        (0..<bytes.count * 8).map { bit in
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            let isCase = Character(Unicode.Scalar(bytes[bit / 8])).isLetter && bit % 8 == 5
            return (bit, wrong, isCase || bytes[bit / 8] == UInt8(ascii: "0") && wrong[bit / 8] == UInt8(ascii: " "))
        }
    }

    private func key(_ sites: [SiteID], revokedAt: Timestamp?) -> APIKey {
        APIKey(
            id: "3f9a61c02b7d4e5f", name: "camera 3", role: .ingest, sites: sites, rateLimit: 7,
            createdAt: Timestamp(microseconds: 1_768_219_200_000_000), revokedAt: revokedAt, secretHash: .of([1]))
    }

    @Test("a key's record with one wrong bit is none, or another key that opens no more sites (SPEC 8.2)")
    func keys() {
        for sites in [["0"], ["plant", "plant-2"], []] as [[SiteID]] {
            let key = key(sites, revokedAt: nil)
            #expect(KeyRecord.key(KeyRecord.json(key), id: key.id) == key)
            for flip in flips(KeyRecord.json(key)) {
                guard let read = KeyRecord.key(flip.bytes, id: key.id) else { continue }
                #expect(read != key || flip.isSpelling, "bit \(flip.bit)")
                #expect(read.sites.count == sites.count && read.sites.allSatisfy(\.isValid), "bit \(flip.bit)")
                #expect(read.role == .ingest && read.id == key.id, "bit \(flip.bit)")
                // Without it the limits of every key hold, which may be higher.
                #expect(read.rateLimit != nil, "bit \(flip.bit)")
            }
        }
    }

    @Test("a revoked key's record with one wrong bit opens nothing (SPEC 8.2)")
    func revokedKeys() {
        let key = key(["plant"], revokedAt: Timestamp(microseconds: 1_768_219_300_000_000))
        for flip in flips(KeyRecord.json(key)) {
            guard let read = KeyRecord.key(flip.bytes, id: key.id) else { continue }
            #expect(read.revokedAt != nil, "bit \(flip.bit)")
        }
    }

    @Test("a stored key whose sites have one wrong bit opens nothing (SPEC 8.2)")
    func storedKeys() throws {
        let harness = try GatewayHarness()
        let path = harness.folder.file("damaged.sqlite")
        let store = try KeyStore(path: path, clock: ManualClock())
        let vandal = try Connection(path: path, .shared)
        for sites in [["0"], ["a", "b"]] as [[SiteID]] {
            let (_, key) = try store.create(role: .viewer, sites: sites, at: harness.clock.now)
            let update = try vandal.prepare("UPDATE keys SET sites = ?1 WHERE id = ?2")
            func listed(_ text: [UInt8]) throws -> APIKey? {
                try update.bind(1, String(decoding: text, as: UTF8.self))
                try update.bind(2, key.id)
                try update.run()
                return try store.list().first { $0.id == key.id }
            }
            let right = Array(sites.map(\.text).joined(separator: " ").utf8)
            for flip in flips(right) {
                #expect(try listed(flip.bytes) == nil, "bit \(flip.bit) of \(sites)")
                #expect(store.damaged == [key.id])
            }
            #expect(try listed(right) == key && store.damaged.isEmpty)
        }
    }

    @Test(
        "a key opens nothing when its row is not what was written, whatever was changed (SPEC 8.2)",
        arguments: [
            "sites = ''", "role = 'admin'", "rate_limit = 0", "revoked_at = NULL", "secret_hash = zeroblob(32)",
            "created_at = 1", "name = 'other'", "row_check = NULL", "id = '0123456789abcdef'",
        ])
    func changedRows(_ change: String) throws {
        let harness = try GatewayHarness()
        let path = harness.folder.file("damaged.sqlite")
        let store = try KeyStore(path: path, clock: ManualClock())
        let (text, key) = try store.create(role: .viewer, sites: ["a"], name: "x", rateLimit: 7, at: harness.clock.now)
        if change.hasPrefix("revoked_at") { #expect(try store.revoke(id: key.id, at: harness.clock.now)) }
        try Connection(path: path, .shared).execute("UPDATE keys SET \(change)")
        let opened = try KeyStore(path: path, clock: ManualClock())
        #expect(opened.key(text) == nil && opened.damaged.count == 1)
        #expect(try opened.list().isEmpty)
        #expect(KeyStore.salvage(path: path).damage.count == 1)
    }

    @Test("keys of a file without checks are taken over once; what granted nothing does not get a check (SPEC 8.2)")
    func oldKeys() throws {
        let harness = try GatewayHarness()
        let path = harness.folder.file("old.sqlite")
        var texts: [String] = []
        do {
            let store = try KeyStore(path: path, clock: ManualClock())
            for sites in [["a"], ["b"]] as [[SiteID]] {
                texts.append(try store.create(role: .viewer, sites: sites, at: harness.clock.now).text)
            }
        }
        try Connection(path: path, .shared).execute(
            "ALTER TABLE keys DROP COLUMN row_check; UPDATE keys SET sites = '/' WHERE sites = 'b'")
        for _ in 0..<2 {
            let store = try KeyStore(path: path, clock: ManualClock())
            #expect(store.key(texts[0])?.sites == ["a"])
            #expect(store.key(texts[1]) == nil && store.damaged.count == 1)
        }
        try Connection(path: path, .shared).execute("UPDATE keys SET sites = 'b' WHERE sites = '/'")
        #expect(try KeyStore(path: path, clock: ManualClock()).key(texts[1]) == nil)
    }

    @Test("a definition's record with one wrong bit is none, or another definition (DESIGN 3)")
    func registry() throws {
        var definition = makeDefinition()
        // No defaults: what is left out must show.
        definition.observationTTLSeconds = 600
        definition.maxFutureSeconds = 301
        definition.handoverMinutes = 20
        definition.confidenceThreshold = Confidence(partsPerMillion: 600_000)
        definition.targetMicrounitsPerHour = 12_500_000
        definition.shifts = [.init(name: "early", startMinute: 360, endMinute: 840, days: 0x1f)]
        definition.workers = [
            .init(workerID: "w1", name: "Ada \"Å\"", location: "Hall 1", activeSince: "2020-01-01")
        ]
        definition.workstations = [
            .init(workstationID: "s1", name: "Press", location: "Hall 1", line: "A", capacity: 2)
        ]
        let record = RegistryRecord(
            epoch: LogEpoch(bytes: Array(1...16)),
            placed: PlacedDefinition(
                definition: definition, version: 3, createdAt: Timestamp(microseconds: 1_768_219_200_000_000),
                position: RecordPosition(partition: PartitionIndex(7), offset: LogOffset(41))))
        #expect(RegistryRecord(record.json, site: "plant") == record)
        // The record's key names the site, so that nobody needs the member that does.
        let text = String(decoding: record.json, as: UTF8.self)
        let site = text.firstRange(of: "\"site_id\"").map {
            text.utf8.distance(from: text.startIndex, to: $0.lowerBound)
        }
        let member = try #require(site)..<(try #require(site)) + 9
        for flip in flips(record.json) where !member.contains(flip.bit / 8) {
            guard let read = RegistryRecord(flip.bytes, site: "plant") else { continue }
            #expect(read != record || flip.isSpelling, "bit \(flip.bit)")
            #expect(read.placed.definition.siteID == "plant" && read.placed.version > 0)
        }
    }
}
