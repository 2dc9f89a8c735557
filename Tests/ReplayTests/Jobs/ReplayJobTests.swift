// Layer: differential. A replay against a fold of just the selected records, whole and broken off anywhere. Seeds are
// arguments, so a failing one is named. What a kill leaves of files is tried with the real program in CommandsTests.
import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import ProjectionStore
import Projector
import SimulationKit
import Testing

@testable import Replay

@Suite("A replay folds just what is selected", .timeLimit(.minutes(10)))
struct ReplayJobTests {
    private static let partition = PartitionIndex(0)

    @Test(
        "from an offset up to an offset it equals a fold of the records between (SPEC 7.3)",
        arguments: 1...6 as ClosedRange<UInt64>)
    func offsets(seed: UInt64) throws {
        let scene = try ReplayScene(seed: seed)
        let count = Int(try scene.log.endOffset(Self.partition).value)
        var random = SeededGenerator(seed: seed)
        let from = Int.random(in: 0...count, using: &random)
        let until = Int.random(in: from...count, using: &random)
        let plan = try scene.plan {
            $0.start = .offset(nil, LogOffset(Int64(from)))
            $0.end = .offset(nil, LogOffset(Int64(until)))
        }
        #expect(try scene.job(plan).run { _ in })
        let result = try #require(scene.results(plan).first)
        #expect(result.nextOffset == LogOffset(Int64(until)))
        #expect(try result.bySite == scene.memory { offset, _, _ in (from..<until).contains(offset) }.sites())
    }

    @Test(
        "a time selects by created_at at both ends, wherever the record stands (SPEC 7.2, 7.3)",
        arguments: 1...6 as ClosedRange<UInt64>)
    func times(seed: UInt64) throws {
        let scene = try ReplayScene(seed: seed)
        let times = (scene.records[Self.partition] ?? []).map(\.record.createdAt).sorted()
        var random = SeededGenerator(seed: seed)
        let low = try #require(times.randomElement(using: &random))
        let high = try #require(times.filter { $0 >= low }.randomElement(using: &random))
        for (start, end) in [(nil, high), (low, nil), (low, high)] as [(Int64?, Int64?)] {
            let name = "\(start ?? 0)-\(end ?? 0)"
            let plan = try scene.plan {
                if let start { $0.start = .time(Timestamp(microseconds: start)) }
                if let end { $0.end = .time(Timestamp(microseconds: end)) }
            }
            #expect(try scene.job(plan, into: name).run { _ in })
            let expected = try scene.memory { _, _, record in
                record.createdAt >= start ?? .min && record.createdAt <= end ?? .max
            }
            #expect(try scene.results(plan, name).first?.bySite == expected.sites())
        }
    }

    @Test(
        "of several partitions, a few at a time, each has a store of its own; of other sites nothing is folded (SPEC 7.3)",
        arguments: 1...3 as ClosedRange<UInt64>)
    func partitions(seed: UInt64) throws {
        let scene = try ReplayScene(seed: seed, partitions: 6, events: 40)
        let whole = try scene.plan()
        let folding = Guarded(0)
        let job = scene.job(whole, into: "whole") { $0.partitionsAtATime = 2 }
        let isThrough = try job.run { progress in
            folding.withLock { $0 = max($0, progress.count { $0.state == .folding || $0.state == .finishing }) }
            #expect(progress.count == 6)
        }
        #expect(isThrough && folding.withLock { $0 } == 2)
        for result in try scene.results(whole, "whole") {
            #expect(try result.bySite == scene.memory(result.partition).sites())
        }
        let some = try scene.plan { $0.sites = [scene.sites[1], scene.sites[4]] }
        #expect(try scene.job(some, into: "some").run { _ in })
        #expect(try scene.results(some, "some").flatMap(\.sites).map(\.siteID) == [scene.sites[1], scene.sites[4]])
    }

    @Test(
        "stopped again and again, a job of the same plan goes on, and the digests are the same",
        arguments: 1...4 as ClosedRange<UInt64>)
    func stopped(seed: UInt64) throws {
        let scene = try ReplayScene(seed: seed, partitions: 3, events: 60)
        let plan = try scene.plan()
        var before = plan.parts.map(\.from)
        for _ in 0..<5 {
            // Too slow to come to the end.
            let job = scene.job(plan) { $0.rate = 1 }
            let isThrough = try job.run { progress in
                let next = progress.sorted { $0.partition < $1.partition }.map(\.next)
                if next != before { job.stop() }
            }
            #expect(!isThrough)
            let after = plan.parts.map { StorePlace.read(path: scene.path($0.partition))?.nextOffset ?? $0.from }
            #expect(after != before && zip(before, after).allSatisfy { $0 <= $1 })
            before = after
        }
        #expect(try scene.job(plan).run { _ in })
        for result in try scene.results(plan) {
            #expect(try result.bySite == scene.memory(result.partition).sites())
        }
    }

    @Test("at a rate it reads little at a time, so that the rate holds within a second, too")
    func rate() throws {
        let scene = try ReplayScene(seed: 11)
        let plan = try scene.plan()
        let job = scene.job(plan) {
            $0.rate = 1
            $0.limits.readBytes = 1 << 20
        }
        let isThrough = try job.run { if $0[0].done > 0 { job.stop() } }
        #expect(!isThrough)
        #expect(try scene.results(plan)[0].nextOffset < plan.parts[0].until ?? .zero)
    }

    @Test("a replay that is through needs its log no more, and does nothing")
    func through() throws {
        let scene = try ReplayScene(seed: 5)
        let plan = try scene.plan()
        #expect(try scene.job(plan).run { _ in })
        scene.log.failReads(with: LogError(.unavailable, "away"))
        var states: [ReplayProgress.State] = []
        #expect(try scene.job(plan).run { states += $0.map(\.state) })
        #expect(states == [.through])
    }

    @Test("one that follows the log folds what is added, until it is stopped (SPEC 7.3)")
    func follows() throws {
        let scene = try ReplayScene(seed: 6)
        let plan = try scene.plan { $0.follows = true }
        let end = try scene.log.endOffset(Self.partition)
        let job = scene.job(plan)
        var hasAdded = false
        let isThrough = try job.run { progress in
            guard let next = progress.first?.next, next >= end else { return }
            if !hasAdded {
                hasAdded = true
                let (site, record) = scene.records[Self.partition]![0]
                _ = try? scene.log.append([record.logRecord(of: site)])
            }
            if next > end { job.stop() }
        }
        #expect(!isThrough && hasAdded)
        #expect(try scene.results(plan).first?.nextOffset == end.next)
    }

    @Test("a record that cannot be read ends it; declared as skipped, the same plan goes on (SPEC 7.4)")
    func unreadable() throws {
        let scene = try ReplayScene(seed: 7)
        let bad = NewRecord(key: scene.sites[0].bytes, createdAt: ReplayScene.clock, payload: [1, 2, 3])
        let place = try scene.log.append([bad])[0]
        let plan = try scene.plan()
        let failure = #expect(throws: ReplayError.self) { try scene.job(plan).run { _ in } }
        #expect(failure?.code == .fold && failure?.message.contains("andon log skip \(place)") == true)
        #expect(try scene.results(plan).first?.nextOffset == place.offset)
        try scene.log.declare(
            LogSkip(first: place.offset, next: place.offset.next, reason: "r", by: "b", at: ReplayScene.clock),
            in: place.partition)
        #expect(try scene.job(plan).run { _ in })
        #expect(try scene.results(plan).first?.bySite == scene.memory().sites())
    }

    @Test("a log that is away for too long ends it, retriable; what was folded is kept")
    func away() throws {
        let scene = try ReplayScene(seed: 8)
        let plan = try scene.plan()
        let job = scene.job(plan) {
            $0.rate = 100
            $0.logPatienceMilliseconds = 1
        }
        let failure = #expect(throws: ReplayError.self) {
            try job.run { _ in scene.log.failReads(with: LogError(.unavailable, "away")) }
        }
        #expect(failure?.code == .log && failure?.isRetriable == true)
        scene.log.failReads(with: nil)
        #expect(try scene.job(plan).run { _ in })
        #expect(try scene.results(plan).first?.bySite == scene.memory().sites())
    }

    @Test("a damaged store is refused and stays where it is; removed, it is folded anew from where the plan begins")
    func damaged() throws {
        let scene = try ReplayScene(seed: 9)
        let plan = try scene.plan { $0.start = .offset(nil, LogOffset(3)) }
        #expect(try scene.job(plan).run { _ in })
        let path = scene.path(Self.partition)
        let digests = try scene.results(plan).first?.bySite
        for part in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + part) }
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[200] ^= 8
        try bytes.write(to: URL(filePath: path))
        #expect(throws: (any Error).self) { try scene.job(plan).run { _ in } }
        #expect(!FileManager.default.fileExists(atPath: path + ".damaged"))
        for part in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + part) }
        #expect(try scene.job(plan).run { _ in })
        #expect(try scene.results(plan).first?.bySite == digests)
    }

    @Test("a sample tells about how many events and bytes there are, and leaves no store behind")
    func sample() throws {
        let scene = try ReplayScene(seed: 10, partitions: 2)
        let plan = try scene.plan()
        let sample = try ReplaySample(plan, scene.log)
        #expect(sample.records > 0 && sample.payloadBytes > 0 && sample.foldedRecords > 0)
        #expect(sample.events(inRecords: sample.records) == sample.events)
        #expect(sample.bytes(inRecords: sample.records * 2) == sample.payloadBytes * 2)
        #expect(try #require(sample.seconds(ofRecords: 1_000_000, lanes: 1, rate: nil)) > 0)
        let paced = sample.seconds(ofRecords: sample.records, lanes: 1, rate: 1)
        #expect(paced == sample.events)
        let empty = ReplayScene.clock
        let nothing = try scene.plan { $0.start = .time(empty) }
        #expect(try ReplaySample(nothing, scene.log).seconds(ofRecords: 0, lanes: 1, rate: nil) == 0)
    }
}
