// Layer: differential. A generation that is built beside the live one, against a fold of the log alone.
import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import SimulationKit
import Testing
import Timeline

@testable import Projector

@Suite("A generation is built beside the live one (DESIGN 7, SPEC 7.3)", .timeLimit(.minutes(10)))
struct GenerationBuildTests {
    private static let job = GenerationRig.job

    @Test(
        "it gets everything that the log gets meanwhile, and the live one answers as ever (SPEC 7.1)", arguments: 0..<4)
    func beside(seed: UInt64) throws {
        let rig = try GenerationRig(seed: seed)
        let half = rig.scenario.records.count / 2
        try rig.append(rig.scenario.records.prefix(half))
        try rig.running { projector in
            try projector.build(job: Self.job, pace: .unlimited)
            try rig.append(rig.scenario.records.dropFirst(half))
            rig.wait(for: "generation_level")
            projector.waitForEnd()
            #expect(projector.store.path == rig.directory.path)
            try expectLedger(MemoryFold(rig.scenario.records).site?.ledger, of: projector)
            let progress = try #require(projector.progress(ofJob: Self.job))
            #expect(progress.generation == 2 && progress.state == .level && progress.failure == nil)
        }
        #expect(try rig.digest(2) == rig.digest() && rig.digest(1) == rig.digest())
        #expect(try rig.directory.list().map(\.state) == [.live, .level])
    }

    @Test("it ends with the projector, and goes on where it stood (SPEC 7.3)")
    func resumes() throws {
        let rig = try GenerationRig(seed: 5)
        let half = rig.scenario.records.count / 2
        try rig.append(rig.scenario.records.prefix(half))
        try rig.running { projector in
            try projector.buildUntilLevel(rig)
            projector.fold(of: Self.job)?.wait(untilPassed: Int64(half - 1))
        }
        #expect(try rig.position(2) == LogOffset(Int64(half)))
        try rig.append(rig.scenario.records.dropFirst(half))
        let records = Int64(rig.scenario.records.count)
        try rig.running { projector in
            projector.waitForEnd()
            let waiting = try #require(projector.progress(ofJob: Self.job))
            #expect(!waiting.isFolded && waiting.generation == 2 && waiting.state == .level && !waiting.isLevel)
            #expect(waiting.next == LogOffset(Int64(half)) && waiting.end == LogOffset(records))
            let places = projector.places
            #expect(places.map(\.generation.id) == [1, 2] && places.map(\.generation.state) == [.live, .level])
            #expect(places.map(\.next) == [LogOffset(records), LogOffset(Int64(half))])
            try projector.build(job: Self.job, pace: .paused)
            #expect(projector.places == places, "it is the same, whether it is folded or not")
            let progress = try #require(projector.progress(ofJob: Self.job))
            #expect(progress.generation == 2 && progress.next == LogOffset(Int64(half)) && progress.end > progress.next)
            projector.setPace(.unlimited, ofJob: Self.job)
            projector.fold(of: Self.job)?.wait(untilPassed: Int64(rig.scenario.records.count - 1))
        }
        #expect(try rig.digest(2) == rig.digest())
    }

    @Test("cancelled, it and its files are gone, whether or not it runs, and the live one cannot be")
    func cancel() throws {
        let rig = try GenerationRig(seed: 6, events: 60)
        try rig.append(rig.scenario.records)
        try rig.running { projector in
            try projector.build(job: Self.job, pace: .paused)
            try projector.cancel(job: Self.job)
            #expect(projector.progress(ofJob: Self.job) == nil)
            #expect(try rig.directory.list().map(\.id) == [1])
            try projector.buildUntilLevel(rig)
        }
        #expect(rig.directory.bytes(3) > 0)
        try rig.running { projector in
            try projector.cancel(job: Self.job)
            #expect(rig.directory.bytes(3) == 0)
            try projector.buildUntilLevel(rig)
            try projector.promote(job: Self.job)
            #expect(throws: ProjectorError.self) { try projector.cancel(job: Self.job) }
        }
    }

    @Test("a disk that is nearly full is left to the live fold until there is room again")
    func room() throws {
        let rig = try GenerationRig(seed: 7)
        let free = Monitor<Int64>(1 << 20)
        try rig.append(rig.scenario.records.prefix(20))
        try rig.running { configuration in
            configuration.freeBytes = { _ in free.withLock { $0 } }
        } _: { projector in
            try projector.build(job: Self.job, pace: .unlimited)
            try rig.append(rig.scenario.records.dropFirst(20))
            projector.waitForEnd()
            let progress = try #require(projector.progress(ofJob: Self.job))
            #expect(progress.next == .zero && progress.hindrance?.contains("waits for room on the disk") == true)
            free.update { $0 = 1 << 40 }
            rig.wait(for: "generation_level")
            #expect(projector.progress(ofJob: Self.job)?.hindrance == nil)
        }
        #expect(try rig.digest(2) == rig.digest())
    }

    @Test("more folds than there is room for are refused")
    func limit() throws {
        let rig = try GenerationRig(seed: 8, events: 60)
        try rig.append(rig.scenario.records)
        try rig.running { projector in
            for number in 0..<ProjectorConfiguration.foldsBesideMaximum {
                try projector.build(job: "job-\(number)", pace: .paused)
            }
            let error = #expect(throws: ProjectorError.self) { try projector.build(job: "more", pace: .paused) }
            #expect(error?.code == .generationsTooMany)
        }
    }

    @Test("a store that turns out to be damaged while it is built begins again, and the live one goes on")
    func damage() throws {
        let rig = try GenerationRig(seed: 9)
        let restored = Monitor(0)
        try rig.append(rig.scenario.records)
        try rig.running { configuration in
            configuration.restore = { _, _ in
                restored.update { $0 += 1 }
                return false
            }
        } _: { projector in
            try projector.buildUntilLevel(rig)
            let built = try #require(projector.fold(of: Self.job))
            built.run.store.condition.note(StoreError(.damaged, "for a test", isRetriable: true))
            rig.wait(for: "rebuild_begins")
            built.wait(untilPassed: Int64(rig.scenario.records.count - 1))
            #expect(projector.failure == nil && projector.rebuild == nil)
            try expectLedger(MemoryFold(rig.scenario.records).site?.ledger, of: projector)
        }
        #expect(try rig.digest(2) == rig.digest())
        #expect(FileManager.default.fileExists(atPath: rig.directory.storePath(2) + ".damaged"))
        #expect(restored.withLock { $0 } == 1, "for the live one, which was not there; a build begins anew")
    }

    @Test(
        "both are compared at one and the same position, however the log grows meanwhile (DESIGN 7)", arguments: 0..<3)
    func meeting(seed: UInt64) throws {
        let rig = try GenerationRig(seed: 20 + seed, events: 600)
        var rest = rig.scenario.records[...]
        try rig.append(rest.prefix(20))
        rest = rest.dropFirst(20)
        try rig.running { projector in
            try projector.build(job: Self.job, pace: seed == 1 ? .paused : .unlimited)
            var positions: [LogOffset] = []
            while !rest.isEmpty {
                try rig.append(rest.prefix(10))
                rest = rest.dropFirst(10)
                let (live, new, position) = try projector.withBoth(job: Self.job) { live, new, position in
                    #expect(live.fold.nextOffset == position && new.fold.nextOffset == position)
                    return (try digest(live), try digest(new), position)
                }
                #expect(live == new, "at \(position)")
                positions.append(position)
            }
            #expect(positions == positions.sorted() && Set(positions).count > 3)
            #expect(projector.fold(of: Self.job)?.orders?.end == nil, "it goes on after that")
        }
    }

    private func digest(_ committed: CommittedGeneration) throws -> [UInt8] {
        var bytes: [UInt8] = []
        if let site = committed.fold.site(RandomScenario.siteID) {
            try site.digest(committed.reader) { bytes += $0 }
        }
        return bytes
    }

    @Test("a comparison that the live writer cuts short begins again, and gives up after a while")
    func cut() throws {
        let rig = try GenerationRig(seed: 23, events: 60)
        try rig.append(rig.scenario.records)
        try rig.running { projector in
            try projector.buildUntilLevel(rig)
            var calls = 0
            let result = try projector.withBoth(job: Self.job) { _, _, position in
                calls += 1
                if calls == 1 { throw TimelineError.tooLong }
                return position
            }
            #expect(calls == 2 && result == LogOffset(Int64(rig.scenario.records.count)))
            let error = #expect(throws: ProjectorError.self) {
                try projector.withBoth(job: Self.job) { _, _, _ in throw TimelineError.tooLong }
            }
            #expect(error?.code == .busy && error?.isRetriable == true)
            #expect(throws: ProjectorError.self) { try projector.withBoth(job: "none") { _, _, _ in } }
        }
    }
}

extension GenerationFold {
    /// Blocks until the record at `offset` is folded.
    func wait(untilPassed offset: Int64) {
        let passed = DispatchSemaphore(value: 0)
        let deadline = SystemClock().uptime.advanced(milliseconds: 60_000)
        run.shared.wait(
            FoldWaiter(offset: LogOffset(offset), deadline: deadline) { _ in
                passed.signal()
            })
        passed.wait()
    }
}
