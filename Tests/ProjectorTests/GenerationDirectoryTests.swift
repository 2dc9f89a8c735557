// Layer: machine. The stores of one partition in a folder, with an end of the process between any two steps.
import EventModel
import Foundation
import Locks
import TestKit
import Testing

@testable import ProjectionStore
@testable import Timeline

@Suite("The folder of generations (DESIGN 7)", .timeLimit(.minutes(10)))
struct GenerationDirectoryTests {
    private static let needs = StoreHead.Needs(logEpoch: Array(repeating: 5, count: 16))
    private static let now = Timestamp(microseconds: 3_600_000_000)
    private let folder: TemporaryFolder
    private var path: String { folder.file("projections.sqlite") }
    private var directory: GenerationDirectory { GenerationDirectory(path: path) }

    init() throws { folder = try TemporaryFolder() }

    private struct Killed: Error {}

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasSuffix(".lock") }.sorted()
    }

    @Test("one store alone needs no list, and its file is the one that it always was")
    func plain() throws {
        #expect(directory.livePath == path)
        do {
            let opened = try directory.open(Self.needs, at: Self.now)
            #expect(opened.generation.id == 1 && opened.generation.state == .live && !opened.isOld)
        }
        #expect(!directory.hasList && directory.livePath == path)
        #expect(try directory.list().map(\.id) == [1])
        #expect(try names().contains("projections.sqlite"))
    }

    @Test("a store of another log stays, retired, and an empty one is live")
    func otherLog() throws {
        _ = try directory.open(Self.needs, at: Self.now)
        let other = StoreHead.Needs(logEpoch: Array(repeating: 6, count: 16))
        let opened = try directory.open(other, at: Self.now)
        #expect(opened.generation.id == 2 && opened.store.replacement == .otherVersion)
        #expect(directory.livePath == folder.file("projections.g2.sqlite"))
        #expect(try directory.list().map(\.state) == [.retired, .live])
        #expect(directory.head(1)?.logEpoch == Self.needs.logEpoch && directory.head(2)?.logEpoch == other.logEpoch)
    }

    @Test("whoever folds a generation excludes others, also in the same process, until it is done")
    func rights() throws {
        var opened: OpenedGeneration? = try directory.open(Self.needs, at: Self.now)
        #expect(throws: GenerationError.inUse(1)) { try directory.open(Self.needs, at: Self.now) }
        var built: OpenedGeneration? = try directory.build("job", Self.needs, at: Self.now)
        #expect(throws: GenerationError.inUse(2)) { try directory.build("job", Self.needs, at: Self.now) }
        #expect(throws: GenerationError.inUse(2)) { try directory.remove(2, at: Self.now) }
        #expect(throws: GenerationError.isLive(1)) { try directory.remove(1, at: Self.now) }
        #expect(built?.generation.id == 2 && opened?.generation.id == 1)
        (opened, built) = (nil, nil)
        #expect(try directory.build("job", Self.needs, at: Self.now).generation.id == 2)
        try directory.remove(2, at: Self.now)
        #expect(try directory.list().map(\.id) == [1])
        #expect(try !names().contains { $0.hasPrefix("projections.g2") })
    }

    @Test("an id that was used is never used again, by however many at once")
    func concurrency() throws {
        let ids = Monitor<[Int64]>([])
        let group = DispatchGroup()
        for number in 0..<8 {
            DispatchQueue.global().async(group: group) {
                for _ in 0..<6 {
                    do {
                        let id = try GenerationDirectory(path: path).build("job-\(number)", Self.needs, at: Self.now)
                            .generation.id
                        ids.update { $0.append(id) }
                        try GenerationDirectory(path: path).remove(id, at: Self.now)
                    } catch let error as GenerationError where error.code == .tooMany || error.code == .inUse {
                    } catch { Issue.record(error) }
                }
            }
        }
        group.wait()
        let used = ids.withLock { $0 }
        #expect(used.count > 8 && Set(used).count == used.count)
        #expect(try directory.list().count(where: { $0.state == .live }) == 1)
    }

    /// The changes that a folder with a live generation 1 and a level generation 2 goes through.
    private enum Act: CaseIterable {
        case build, level, promote, remove, open

        func perform(_ directory: GenerationDirectory) throws {
            switch self {
            case .build: _ = try directory.build("another", needs, at: now)
            case .level: try directory.markLevel(2, at: now)
            case .promote: try directory.switchLive(to: 2, at: now)
            case .remove: try directory.remove(2, at: now)
            case .open:
                var newer = needs
                newer.logEpoch = [9]
                _ = try directory.open(newer, at: now)
            }
        }
    }

    @Test("after an end at any step exactly one is live, and everything can go on", arguments: Act.allCases)
    private func kills(act: Act) throws {
        var steps = 0
        var seen: Set<String> = []
        while true {
            let place = try TemporaryFolder()
            let path = place.file("projections.sqlite")
            _ = try GenerationDirectory(path: path).open(Self.needs, at: Self.now)
            _ = try GenerationDirectory(path: path).build("job", Self.needs, at: Self.now)
            let count = Monitor(0)
            let killed = GenerationDirectory(path: path) { [steps] _ in
                let isLast = count.update { count in
                    count += 1
                    return count > steps
                }
                if isLast { throw Killed() }
            }
            let isKilled: Bool
            do {
                try act.perform(killed)
                isKilled = false
            } catch is Killed { isKilled = true }
            let after = GenerationDirectory(path: path)
            let list = try after.list()
            #expect(list.count(where: { $0.state == .live }) == 1, "\(act), step \(steps)")
            seen.insert("\(list.map { "\($0.id) \($0.state)" })")
            // The next start finds a store for every entry, and goes on.
            let opened = try after.open(act == .open ? StoreHead.Needs(logEpoch: [9]) : Self.needs, at: Self.now)
            #expect(after.livePath == opened.store.path)
            for generation in try after.list() where generation.state != .building {
                #expect(FileManager.default.fileExists(atPath: after.storePath(generation.id)))
            }
            if !isKilled { break }
            steps += 1
        }
        #expect(steps >= 3, "the list alone takes three steps")
        #expect(seen.count >= 2, "an end before and one after the change must both have been tried: \(seen)")
    }

    @Test("an entry without a file is taken away, and a file without an entry is kept as retired")
    func strays() throws {
        _ = try directory.open(Self.needs, at: Self.now)
        for job in ["a", "b"] { _ = try directory.build(job, Self.needs, at: Self.now) }
        try FileManager.default.removeItem(atPath: folder.file("projections.g2.sqlite"))
        _ = try ProjectionStore.open(path: folder.file("projections.g9.sqlite"), Self.needs)
        _ = try directory.open(Self.needs, at: Self.now)
        #expect(try directory.list().map(\.id) == [1, 3, 9])
        #expect(try directory.list().last?.state == .retired)
        #expect(try directory.build("c", Self.needs, at: Self.now).generation.id == 10)
    }

    @Test("a list that is damaged is made again from the stores, the one that has folded most being live")
    func damagedList() throws {
        _ = try directory.open(Self.needs, at: Self.now)
        let built = try directory.build("job", Self.needs, at: Self.now)
        try built.store.commit(
            CommitSet(
                nextOffset: LogOffset(7), pageCount: 0, sites: [], generation: 1, fingerprint: nil, clockDisputes: nil))
        try Data("no list".utf8).write(to: URL(fileURLWithPath: directory.listPath))
        #expect(try directory.list().first { $0.state == .live }?.id == 2)
        #expect(directory.livePath == folder.file("projections.g2.sqlite"))
        try directory.markLevel(1, at: Self.now)
        #expect(try directory.list().map(\.state) == [.retired, .live])
        #expect(try names().contains("projections.generations.json.damaged"))
    }

    @Test("a list of a newer program is not touched")
    func newerList() throws {
        try Data(#"{"format":2}"#.utf8).write(to: URL(fileURLWithPath: directory.listPath))
        let error = #expect(throws: GenerationError.self) { try directory.open(Self.needs, at: Self.now) }
        #expect(error?.message.contains("newer") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.listPath)) == Data(#"{"format":2}"#.utf8))
    }
}
