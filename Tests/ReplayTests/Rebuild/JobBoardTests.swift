// Layer: contract. The same claims on every board.
import EventLog
import EventModel
import Locks
import TestKit
import Testing

@testable import Replay

@Suite("Boards of rebuilds", .timeLimit(.minutes(10)))
struct JobBoardTests {
    /// A place where jobs stand, and boards on it.
    struct Place: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let open: @Sendable () throws -> any JobBoard
    }

    static let names = TopicNames()
    private static let now = Timestamp(microseconds: 1_770_000_000_000_000)

    static func places(_ folder: TemporaryFolder) -> [Place] {
        let memory = InMemoryJobBoard()
        let topics = InMemoryTopics(partitionCounts: [names.jobs: 1])
        return [
            Place(testDescription: "memory") { memory },
            Place(testDescription: "file") { try JobStore(path: folder.path + "/jobs.sqlite") },
            Place(testDescription: "topic") { try TopicJobBoard(topics: topics) },
        ]
    }

    static func job(_ id: String, after newest: RebuildJob?, at second: Int64 = 0) -> RebuildJob {
        let id = JobID(id) ?? .random()
        return RebuildJob(id: id, by: "night shift", reason: "r", after: newest, at: now + second * 1_000_000)
    }

    static func changed(_ job: RebuildJob, _ act: RebuildAct, by name: String = "a") throws -> RebuildJob {
        try #require(try job.after(act, by: name, at: now + 5))
    }

    @Test("what is put is there, on every board of the place and after opening it again, newest first")
    func kept() throws {
        let folder = try TemporaryFolder()
        for place in Self.places(folder) {
            let (one, other) = (try place.open(), try place.open())
            var first = Self.job("first", after: nil)
            #expect(try one.jobs() == [] && one.put(first) == .taken && one.jobs() == [first])
            first = try Self.changed(first, .cancel)
            #expect(try other.put(first) == .taken)
            // Its clock is behind; it is newer all the same.
            let second = Self.job("second", after: first, at: -60)
            #expect(try one.put(second) == .taken)
            #expect(try place.open().jobs() == [second, first], "\(place.testDescription)")
            #expect(one.failure == nil)
        }
    }

    @Test("of two changes to one revision one is taken; the other learns what is in force, and the same again is taken")
    func compared() throws {
        let folder = try TemporaryFolder()
        for place in Self.places(folder) {
            let board = try place.open()
            let job = Self.job("one", after: nil)
            #expect(try board.put(job) == .taken && board.put(job) == .taken)
            let paused = try Self.changed(job, .pause)
            #expect(try board.put(paused) == .taken && board.put(paused) == .taken)
            #expect(try place.open().put(Self.changed(job, .cancel)) == .changed(paused))
            #expect(try board.jobs() == [paused])
        }
    }

    @Test("while one rebuild is active no other begins; the refusal names it")
    func oneAtATime() throws {
        let folder = try TemporaryFolder()
        for place in Self.places(folder) {
            let board = try place.open()
            let first = Self.job("first", after: nil)
            #expect(try board.put(first) == .taken)
            let paused = try Self.changed(first, .pause)
            #expect(try board.put(paused) == .taken)
            #expect(try place.open().put(Self.job("second", after: paused)) == .busy(paused))
            let over = try Self.changed(paused, .cancel)
            #expect(try board.put(over) == .taken)
            #expect(try place.open().put(Self.job("second", after: over)) == .taken)
            #expect(try place.open().jobs().map(\.id.text) == ["second", "first"])
        }
    }

    @Test("of many operators who start at once one wins, and all learn which")
    func startedAtOnce() throws {
        let folder = try TemporaryFolder()
        for place in Self.places(folder) {
            let boards = try (0..<4).map { _ in try place.open() }
            let verdicts = Monitor<[JobVerdict?]>([])
            for (number, board) in boards.enumerated() {
                BackgroundThread.start("start-\(number)") {
                    let verdict = try? board.put(Self.job("job-\(number)", after: nil, at: Int64(number)))
                    verdicts.update { $0.append(verdict) }
                }
            }
            let all = verdicts.wait { $0.count == boards.count ? $0 : nil }
            let winner = try #require(try place.open().jobs().first)
            #expect(try place.open().jobs() == [winner])
            #expect(all.filter { $0 == .taken }.count == 1)
            #expect(all.filter { $0 == .busy(winner) }.count == boards.count - 1, "\(place.testDescription)")
        }
    }

    @Test("no more than 100 are kept: the oldest that are over go")
    func bounded() throws {
        let folder = try TemporaryFolder()
        for place in Self.places(folder) {
            let board = try place.open()
            var newest: RebuildJob?
            for number in 0...JobTable.jobsMaximum {
                let job = Self.job("job-\(number)", after: newest)
                try #require(try board.put(job) == .taken)
                let over = try Self.changed(job, .cancel)
                try #require(try board.put(over) == .taken)
                newest = over
            }
            let ids = try place.open().jobs().map(\.id.text)
            #expect(ids.count == JobTable.jobsMaximum && ids.first == "job-100" && ids.last == "job-1")
        }
    }

    @Test("who watches hears of every change, also of one that another process made in the topic")
    func watched() throws {
        let folder = try TemporaryFolder()
        for place in Self.places(folder) {
            let (one, other) = (try place.open(), try place.open())
            let told = Monitor(0)
            one.watch { told.update { $0 += 1 } }
            let writer = place.testDescription == "file" ? one : other
            #expect(try writer.put(Self.job("one", after: nil)) == .taken)
            told.wait { $0 > 0 ? () : nil }
        }
    }
}
