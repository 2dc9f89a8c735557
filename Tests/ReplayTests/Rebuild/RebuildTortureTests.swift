// Layer: simulation with a real process, which kills itself between two steps of a rebuild. Cannot catch what only a loss
// of power shows: the kernel keeps what a killed process wrote.
import Clocks
import Crypto
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import Projector
import SQLiteLog
import SimulationKit
import TestKit
import Testing
import Timeline

@testable import Replay

@Suite("kill -9 between any two steps of a rebuild or a snapshot", .timeLimit(.minutes(10)))
struct RebuildTortureTests {
    /// The phases of `rebuild-torture`, and how many steps each has at least: a change of the list of generations alone
    /// has three, a change of the job two.
    private static let phases = [
        ("snapshot", 4), ("start", 6), ("pause", 3), ("resume", 3), ("promote", 6), ("rollback", 6), ("cancel", 6),
    ]

    @Test(
        "exactly one generation is live and its digest is right; what was wanted is brought about (SPEC 7.1, 7.3, 8.10)",
        arguments: phases)
    func killed(phase: String, stepsMinimum: Int) throws {
        var step = 0
        var live: Set<Int64> = []
        while true {
            let place = try TorturedPlace()
            let isKilled = try place.torture(phase, step: step + 1)
            let left = try place.generations()
            let found = left.filter { $0.state == .live }
            try #require(found.count == 1, "\(phase), step \(step + 1): \(left)")
            live.insert(found[0].id)
            try place.expectRight("\(phase), step \(step + 1)")
            try place.goOn()
            try place.expectRight("\(phase), step \(step + 1), after it went on")
            guard isKilled else { break }
            step += 1
        }
        #expect(step >= stepsMinimum, "so many kills were survived")
        if ["promote", "rollback"].contains(phase) { #expect(live == [1, 2], "before and after the switch") }
    }
}

/// A log, and what a killed process left beside it.
private final class TorturedPlace {
    private static let scenario = RandomScenario(seed: 41, size: .init(events: 60, eventsPerRecord: 5))
    private let folder: TemporaryFolder
    private let directory: GenerationDirectory
    private let snapshots: SnapshotDirectory

    init() throws {
        folder = try TemporaryFolder()
        directory = GenerationDirectory(path: folder.file("projections.sqlite"))
        snapshots = SnapshotDirectory(path: folder.file("snapshots"))
        try withLog { log in
            _ = try log.append(Self.scenario.records.map { $0.logRecord() })
        }
    }

    private func withLog<Result>(_ body: (SQLiteLog) throws -> Result) throws -> Result {
        let log = try SQLiteLog.open(path: folder.file("log.sqlite"))
        defer { log.close() }
        return try body(log)
    }

    /// Lives through a rebuild in another process.
    /// - Returns: whether it was killed; otherwise the phase has fewer steps.
    func torture(_ phase: String, step: Int) throws -> Bool {
        let process = Process()
        // It is built beside the test's own executable.
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "rebuild-torture")
        process.arguments = [folder.path, phase, "\(step)"]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let isKilled = process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
        try #require(isKilled || process.terminationStatus == 0, "\(phase), step \(step)")
        return isKilled
    }

    func generations() throws -> [Generation] { try directory.list() }

    /// The live generation says what the log says, and every snapshot that is listed is what it says that it is.
    func expectRight(_ when: String) throws {
        try withLog { log in
            let site = RandomScenario.siteID
            let right = try SiteDigest.compute(site: site, log: log, storePath: nil)
            #expect(try SiteDigest.compute(site: site, log: log, storePath: directory.livePath) == right, "\(when)")
            let listing = try snapshots.list()
            #expect(listing.unreadable == [], "\(when)")
            for manifest in listing.manifests {
                let digests = try snapshots.withFile(of: manifest.id) { try SnapshotMaker.digests(of: $0) }
                #expect(digests == manifest.digests, "\(when)")
                #expect(try digests.map(\.digest) == self.digests(ofFirst: Int(manifest.nextOffset.value)), "\(when)")
            }
        }
    }

    /// Of a fold of the first records, from zero and in memory; none without records.
    private func digests(ofFirst count: Int) throws -> [String] {
        let pages = MemoryProjections()
        var fold = PartitionFold()
        for record in Self.scenario.records.prefix(count) {
            try fold.apply(record.content, offset: fold.nextOffset, pages: pages) { RandomScenario.hourOffset(of: $0) }
        }
        return try fold.sites.map { site in
            var hasher = SHA256Hasher()
            try site.digest(pages) { hasher.update($0) }
            return hasher.finish().hex
        }
    }

    /// The next process carries out what the job says, and takes a snapshot.
    func goOn() throws {
        try withLog { log in
            var configuration = ProjectorConfiguration()
            configuration.scrubHours = 0
            configuration.generationTickMilliseconds = 2
            configuration.freeBytes = { _ in nil }
            let projector = try Projector(log: log, generations: directory, configuration: configuration)
            projector.start()
            defer { projector.stop() }
            projector.waitForEnd()
            _ = try SnapshotMaker(snapshots, program: "test").take(.init(projector.store, PartitionIndex(0)))
            try carryOut(projector)
        }
    }

    /// Steps until what is wanted is so, a minute at most.
    private func carryOut(_ projector: Projector) throws {
        let board = try JobStore(path: folder.file("jobs.sqlite"))
        let keeper = RebuildKeeper(board: board) { [PartitionIndex(0): projector] }
        guard let job = try board.jobs().first else { return }
        let clock = SystemClock()
        let deadline = clock.uptime.advanced(milliseconds: 60_000)
        while clock.uptime < deadline {
            keeper.step()
            let isActing = job.wanted != .cancelled
            guard let report = keeper.report(job, isActing: isActing, of: PartitionIndex(0)), report.hasActed else {
                sched_yield()
                continue
            }
            let isLive = try directory.list().contains { $0.state == .live && $0.job == job.id.text }
            #expect(isLive == (job.wanted == .promoted), "\(job.wanted)")
            return
        }
        Issue.record("it is not \(job.wanted) after a minute")
    }
}
