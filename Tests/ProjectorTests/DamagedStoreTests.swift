// Layer: machine. Rows of a projection store with one wrong bit: what has a checksum is an error, and never a figure.
import EventModel
import Figures
import Foundation
import ProjectionStore
import Projector
import SQLite
import SimulationKit
import Testing
import Timeline

@Suite("Damaged projections (DESIGN 1.6)", .timeLimit(.minutes(10)))
struct DamagedStoreTests {
    private static let site = RandomScenario.siteID
    private let workplace: Workplace
    /// Writes where no program of Andon does.
    private let vandal: Connection

    init() throws {
        workplace = try Workplace()
        var definition = SiteDefinition(siteID: Self.site)
        definition.workers = [.init(workerID: "W1")]
        definition.workstations = [.init(workstationID: "S1")]
        let base = 20_465 * Microseconds.day
        let events = [EventType.working, .productCount, .idle].enumerated().map { index, type in
            SimulatedEvent(
                time: base + Int64(index) * 20 * Microseconds.minute, worker: "W1", workstation: "S1", type: type,
                count: type == .productCount ? 5 : 0, camera: "C1")
        }
        try workplace.append([.definition(definition, createdAt: base), .events(events, createdAt: base + 1)])
        try workplace.foldToEnd(.forgetful)
        // With the right checksums of pages, so that what is tested here is what lies behind them.
        vandal = try Connection(path: workplace.storePath, ConnectionOptions(mode: .writer, checksPages: true))
        try vandal.execute("PRAGMA synchronous = OFF")
    }

    private func blob(_ sql: String) throws -> [UInt8] {
        let row = try vandal.prepare(sql)
        try #require(try row.step())
        return row.blob(0)
    }

    /// All figures, read from the file alone.
    private func figures() throws -> NamedFigures {
        let reader = try StoreReader(path: workplace.storePath)
        let fold = try reader.load()
        let site = try #require(fold.site(Self.site))
        return try NamedFigures(site, Window(from: 0, end: Timestamp.latest.microseconds), nil, reader)
    }

    /// Tries `check` on each of the blob's bits, and puts the right ones back.
    private func flipEachBit(of table: String, _ column: String, _ check: (Int) -> Void) throws {
        let right = try blob("SELECT \(column) FROM \(table) LIMIT 1")
        let update = try vandal.prepare("UPDATE \(table) SET \(column) = ?1")
        for bit in 0..<right.count * 8 {
            var wrong = right
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            try update.bind(1, wrong)
            try update.run()
            check(bit)
        }
        try update.bind(1, right)
        try update.run()
    }

    @Test("every single wrong bit of a stored page is an error of the question")
    func pages() throws {
        #expect(try blob("SELECT count(*) FROM page").first == UInt8(ascii: "1"))
        let right = try figures()
        #expect(right.workers["W1"]?.units == 5)
        try flipEachBit(of: "page", "blob") { bit in
            let error = #expect(throws: StoreError.self, "bit \(bit)") { try figures() }
            #expect(error?.code == .damaged)
        }
        #expect(try figures() == right)
    }

    @Test("every single wrong bit of a stored definition keeps the store from being opened")
    func definitions() throws {
        try flipEachBit(of: "definition", "record") { bit in
            #expect(throws: StoreError.self, "bit \(bit)") { try StoreReader(path: workplace.storePath).load() }
        }
        #expect(try StoreReader(path: workplace.storePath).load().nextOffset == LogOffset(2))
    }

    @Test("a histogram that is cut short or has a byte more is an error")
    func histograms() throws {
        let right = try blob("SELECT bins FROM health LIMIT 1")
        let update = try vandal.prepare("UPDATE health SET bins = ?1")
        for wrong in [[], Array(right.dropLast()), right + [0], Array(right.dropLast(8))] {
            try update.bind(1, wrong)
            try update.run()
            #expect(throws: (any Error).self) { try figures() }
        }
        try update.bind(1, right)
        try update.run()
        #expect(try figures().samples == 3)
    }

    @Test("a page that is gone is an error, and no time without events")
    func missingPage() throws {
        let right = try figures()
        try vandal.execute("UPDATE page SET line = line + 1")
        let found = try? figures()
        #expect(found != right)
        try vandal.execute("UPDATE page SET line = line - 1")
        #expect(try figures() == right)
    }

    @Test("Rows whose numbers name nothing are an error, and trap nobody")
    func foreignNumbers() throws {
        let right = try figures()
        for (wrong, back) in [
            ("UPDATE source SET station = station + 7", "UPDATE source SET station = station - 7"),
            ("UPDATE source SET station = -1", "UPDATE source SET station = 0"),
            ("UPDATE source SET number = number + 1", "UPDATE source SET number = number - 1"),
            ("UPDATE id SET number = number + 9 WHERE kind = 0", "UPDATE id SET number = number - 9 WHERE kind = 0"),
            ("UPDATE hour SET entity = 4000000000", "UPDATE hour SET entity = 0"),
            ("UPDATE hour SET entity = -1", "UPDATE hour SET entity = 0"),
            ("UPDATE health SET source = source + 5", "UPDATE health SET source = source - 5"),
        ] {
            try vandal.execute(wrong)
            #expect(throws: (any Error).self, "\(wrong)") { try figures() }
            try vandal.execute(back)
            #expect(try figures() == right, "\(back)")
        }
    }
}
