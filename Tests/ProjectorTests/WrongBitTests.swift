// Layer: differential. One wrong bit anywhere in the file of the projections, and the same questions as before. Shows that
// whatever a disk does to the file, an answer is right or there is none, and that the fold mends it by itself.
import EventModel
import Figures
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SQLite
import SimulationKit
import Testing
import Timeline

@Suite("Wrong bits in projections (DESIGN 1.5)", .timeLimit(.minutes(10)))
struct WrongBitTests {
    private static let site = RandomScenario.siteID
    private let scenario = RandomScenario(seed: 9_100, size: .init(events: 600, workers: 8, eventsPerRecord: 40))
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.append(scenario.records)
        try workplace.foldToEnd(.forgetful)
    }

    /// Everything that is asked, in the same order.
    private func ask(_ snapshot: ProjectionSnapshot) throws -> [NamedFigures] {
        let windows = [
            Window(from: 0, end: Timestamp.latest.microseconds),
            Window(from: scenario.instants.min() ?? 0, end: scenario.instants.max() ?? 0),
        ]
        let knownAts = [nil, scenario.knownAts.sorted()[scenario.knownAts.count / 2]]
        return try windows.flatMap { window in
            try knownAts.map {
                try NamedFigures(
                    snapshot.site, window, $0.map { Timestamp(microseconds: $0) }, snapshot.reader)
            }
        }
    }

    /// One life of a projector on the file as it is.
    private struct Life {
        var figures: [NamedFigures] = []
        /// Names of the recorded events.
        var events: [String] = []
    }

    private func live(_ other: Workplace? = nil) throws -> Life {
        let workplace = other ?? workplace
        let names = Monitor<[String]>([])
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.journal = Journal { event in names.update { $0.append(event.name) } }
        let projector = try Projector(
            log: workplace.log, store: try workplace.store(), configuration: configuration)
        projector.start()
        defer { projector.stop() }
        var life = Life()
        while life.figures.isEmpty {
            // A commit that the file lost is folded again.
            projector.waitForEnd()
            do {
                let snapshot = try #require(try projector.snapshot(of: Self.site))
                defer { snapshot.close() }
                life.figures = try ask(snapshot)
            } catch {
                try #require(error.forOperator.isRetriable, "\(error)")
                // Damage is mended: the next answer comes from a new store.
                names.wait { $0.contains("rebuild_begins") ? () : nil }
                projector.waitForEnd()
            }
        }
        life.events = names.withLock { $0 }
        #expect(projector.failure == nil && projector.rebuild == nil)
        return life
    }

    /// Bits of each file that are tried: in the gate a few, or as many as this says.
    private static let trials = ProcessInfo.processInfo.environment["ANDON_WRONG_BITS"].flatMap { Int($0) } ?? 32
    /// Of those, in the header, whose bytes have meanings of their own.
    private static let headerTrials = trials / 4

    /// `trials` places in a file of so many bytes, some of them spread over its header.
    private static func bits(of byteCount: Int, headerBytes: Int, seed: UInt64) -> [Int] {
        var random = SeededGenerator(seed: seed)
        return (0..<trials).map { trial in
            guard trial < headerTrials else { return random.pick(0...byteCount * 8 - 1) }
            return trial * headerBytes * 8 / headerTrials + random.pick(0...headerBytes * 8 / headerTrials - 1)
        }
    }

    /// The first damage that reading the store's file from end to end finds.
    private func scrubbed() -> (any Error)? {
        do {
            let scrub = try StoreScrub(path: workplace.storePath)
            while scrub.passes == 0 { try scrub.step(pages: 100) }
            return nil
        } catch { return error }
    }

    @Test("No wrong bit makes a figure or a digest wrong, and a pass in idle time finds every one (SPEC 7.1)")
    func flips() throws {
        let right = try live()
        #expect(right.events.isEmpty)
        let digest = try SiteDigest.compute(site: Self.site, log: workplace.log, storePath: nil)
        try workplace.checkpoint()
        #expect(scrubbed() == nil)
        let good = try Data(contentsOf: URL(fileURLWithPath: workplace.storePath))
        for bit in Self.bits(of: good.count, headerBytes: 100, seed: 171) {
            var wrong = good
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            try workplace.place(wrong)
            #expect(scrubbed()?.isStoreDamage == true, "bit \(bit)")
            do {
                let found = try SiteDigest.compute(
                    site: Self.site, log: workplace.log, storePath: workplace.storePath)
                #expect(found == digest, "bit \(bit)")
            } catch {
                #expect(error.isStoreDamage, "bit \(bit): \(error)")
            }
            let life = try live()
            #expect(life.figures == right.figures, "bit \(bit)")
            // The first page is read by everybody.
            if bit / 8 < 4096 { #expect(life.events.contains("rebuild_begins"), "bit \(bit)") }
        }
    }

    @Test("Wrong bits in the write-ahead log of a process that was killed make no figure wrong either (SPEC 7.1)")
    func killed() throws {
        let right = try live()
        // A life whose files are copied while it goes on: what is there after a kill, after a part was checkpointed.
        let killed = try Workplace()
        try killed.append(scenario.records)
        var parts: [String: Data] = [:]
        do {
            let store = try killed.store()
            var fold = try store.load()
            let pages = try store.reader()
            let pinned = try store.reader()
            for (index, record) in scenario.records.enumerated() {
                try fold.apply(record.content, offset: fold.nextOffset, pages: pages) {
                    RandomScenario.hourOffset(of: $0)
                }
                try fold.commit { try store.commit($0) }
                guard index == scenario.records.count / 2 else { continue }
                // Somebody reads, so that the log goes on after what was checkpointed.
                _ = try pinned.begin()
                try Connection(path: killed.storePath, ConnectionOptions(mode: .writer, checksPages: true))
                    .checkpoint(.passive)
            }
            pinned.end()
            for part in ["", "-wal"] {
                parts[part] = try Data(contentsOf: URL(fileURLWithPath: killed.storePath + part))
            }
        }
        let log = try #require(parts["-wal"])
        #expect(log.count > 32 + 2 * 4120, "the log must hold commits")
        for bit in Self.bits(of: log.count, headerBytes: 32, seed: 33) {
            var wrong = log
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            try killed.place(try #require(parts[""]), log: wrong)
            #expect(try live(killed).figures == right.figures, "bit \(bit)")
        }
    }

    @Test("A file that is cut short, empty, or no database at all is put aside and built again")
    func noDatabase() throws {
        let right = try live()
        try workplace.checkpoint()
        let good = try Data(contentsOf: URL(fileURLWithPath: workplace.storePath))
        for wrong in [good.prefix(good.count / 2), good.prefix(4096 + 100), good.prefix(60), Data("no database".utf8)] {
            try workplace.place(Data(wrong))
            let life = try live()
            #expect(life.figures == right.figures)
            #expect(life.events.contains("rebuild_begins"), "\(wrong.count) bytes")
            #expect(FileManager.default.fileExists(atPath: workplace.storePath + ".damaged"))
        }
    }

    @Test(
        "Damage that a pass in idle time or a new reader finds in a running store is mended", arguments: [true, false])
    func running(isInFirstPage: Bool) throws {
        let right = try live()
        try workplace.checkpoint()
        let names = Monitor<[String]>([])
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.journal = Journal { event in names.update { $0.append(event.name) } }
        let store = try workplace.store()
        let scrub = try StoreScrub(store)
        while scrub.passes < 2 { try scrub.step(pages: 3) }
        #expect(store.condition.damage == nil)
        let projector = try Projector(log: workplace.log, store: store, configuration: configuration)
        projector.start()
        projector.waitForEnd()
        // The disk changes a page behind everybody's back.
        let pages = try Data(contentsOf: URL(fileURLWithPath: workplace.storePath)).count / 4096
        try #require(pages > 2)
        let page = isInFirstPage ? 1 : pages
        try workplace.flip(byte: page * 4096 - 5)
        let found = #expect(throws: StoreError.self) {
            let found = try StoreScrub(store)
            while found.passes == 0 { try found.step(pages: 3) }
        }
        #expect(found?.code == .damaged && store.condition.damage?.message == found?.message)
        if !isInFirstPage { #expect(found?.message.contains("page \(page) ") == true) }
        names.wait { $0.contains("rebuild_begins") ? () : nil }
        projector.waitForEnd()
        projector.stop()
        #expect(names.withLock { $0 } == ["store_damaged", "rebuild_begins"])
        #expect(try live().figures == right.figures)
    }
}

extension Workplace {
    /// Moves everything that was committed into the store's file.
    fileprivate func checkpoint() throws {
        try Connection(path: storePath, ConnectionOptions(mode: .writer, checksPages: true)).checkpoint(.truncate)
    }

    /// Changes a bit of a byte of the store's file.
    fileprivate func flip(byte: Int) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: storePath))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(byte))
        let right = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(byte))
        try file.write(contentsOf: Data([right ^ 64]))
    }

    /// Puts bytes in the place of the store's file; nobody may have it open.
    fileprivate func place(_ bytes: Data, log: Data? = nil) throws {
        // Another file, so that whoever still closes the one before does nothing to this one.
        for part in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: storePath + part) }
        try bytes.write(to: URL(fileURLWithPath: storePath))
        try log?.write(to: URL(fileURLWithPath: storePath + "-wal"))
    }
}
