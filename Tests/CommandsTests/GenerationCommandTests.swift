// Layer: commands. Generations of a data directory, and an upgrade that is prepared beside a server.
import EventModel
import Foundation
import JSON
import ProjectionStore
import Testing

@testable import Commands
@testable import Projector

@Suite("andon generation, andon rebuild prepare", .timeLimit(.minutes(10)))
struct GenerationCommandTests {
    private static let newer = StoreVersions(
        format: StoreVersions.current.format, fold: StoreVersions.current.fold + 1, spec: StoreVersions.current.spec)
    private let plant: StoredPlant

    init() throws { plant = try StoredPlant() }

    private func run(_ words: [String], answer: String? = nil) -> (exit: ExitCode, output: String, errors: String) {
        let recorder = Recorder()
        var console = recorder.console()
        if let answer { console.readAnswer = { answer } }
        let tool = CommandLineTool(
            commands: [GenerationListCommand.command, GenerationRemoveCommand.command], console: console,
            environment: [:])
        let exit = tool.run(words + ["--data-dir", plant.directory.path])
        return (exit, recorder.output, recorder.errors)
    }

    private func prepare(_ stopsAfter: Int = .max) -> (exit: ExitCode, errors: String) {
        let recorder = Recorder()
        var command = RebuildPrepareCommand.command
        command.run = { invocation in
            var looks = 0
            return try RebuildPrepareCommand.run(invocation, versions: Self.newer) { _ in
                looks += 1
                return looks > stopsAfter
            }
        }
        let tool = CommandLineTool(commands: [command], console: recorder.console(), environment: [:])
        let exit = tool.run(["rebuild", "prepare", "--data-dir", plant.directory.path])
        return (exit, recorder.errors)
    }

    private func listed() throws -> [JSONValue] {
        let found = run(["generation", "list", "-o", "json"])
        #expect(found.exit == .success, "\(found.errors)")
        return try #require(JSONValue(Array(found.output.utf8)))["items"]?.items ?? []
    }

    @Test("one store is one live generation, with its versions, position and size (DESIGN 7)")
    func one() throws {
        let only = try #require(try listed().first)
        #expect(only["id"] == .integer(1) && only["state"] == .string("live") && only["is_current"] == .bool(true))
        #expect(only["position"] == .integer(StoredPlant.records) && only["job"] == .null)
        let table = run(["generation", "list"]).output
        #expect(table.contains("live") && table.contains("4.1.2"))
        let refused = run(["generation", "remove", "1", "--yes"])
        #expect(refused.exit == .failure && refused.errors.contains("generation 1 is live"))
    }

    @Test("a newer version is prepared to the end of the log, beside the one that answers; again is nothing to do")
    func prepared() throws {
        let done = prepare()
        #expect(done.exit == .success, "\(done.errors)")
        #expect(done.errors.contains("generation 2 has the log up to offset \(StoredPlant.records)"))
        let rows = try listed()
        #expect(rows.map { $0["state"] } == [.string("live"), .string("level")])
        #expect(rows.last?["job"] == .string("upgrade") && rows.last?["is_current"] == .bool(false))
        #expect(rows.last?["position"] == .integer(StoredPlant.records))
        #expect(prepare().exit == .success)
        #expect(try listed().count == 2)
        // The newer program takes it.
        let opened = try plant.directory.generations.open(
            StoreHead.Needs(versions: Self.newer, logEpoch: try #require(rows.last?["log"]?.text.map(Self.bytes))),
            at: Timestamp(microseconds: 1))
        #expect(opened.generation.id == 2)
    }

    @Test("what holds a preparation up is told once, and again when it comes back")
    func heldUp() throws {
        let recorder = Recorder()
        var hindrances = [nil, "the disk is full", "the disk is full", nil, "the disk is full"][...]
        func look() -> GenerationProgress {
            let isLevel = hindrances.isEmpty
            return GenerationProgress(
                generation: 2, state: isLevel ? .level : .building, next: LogOffset(isLevel ? 9 : 4), end: LogOffset(9),
                events: 0, startedAt: Timestamp(microseconds: 1), eventsPerSecond: 0, isLevel: isLevel,
                hindrance: hindrances.popFirst() ?? nil)
        }
        let exit = try RebuildPrepareCommand.follow(look, PartitionIndex(3), recorder.console()) { _ in false }
        #expect(exit == .success)
        #expect(recorder.errors.components(separatedBy: "partition 3: the disk is full").count - 1 == 2)
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test("what is of this version needs no preparing; without projections there is nothing to prepare for")
    func nothing() throws {
        let recorder = Recorder()
        #expect(recorder.run(["rebuild", "prepare", "--data-dir", plant.directory.path]) == .success)
        #expect(recorder.errors.contains("nothing is to be prepared"))
        try plant.remove("projections.sqlite")
        let refused = prepare()
        #expect(refused.exit == .failure && refused.errors.contains("there are no projections"))
    }

    @Test("removing asks, and takes the file too")
    func removal() throws {
        #expect(prepare().exit == .success)
        let asked = run(["generation", "remove", "2"], answer: "no")
        #expect(asked.exit == .failure && asked.errors.contains("remove generation 2 of partition 0 (level,"))
        #expect(run(["generation", "remove", "2"]).exit == .usage)
        #expect(try listed().count == 2)
        #expect(run(["generation", "remove", "2"], answer: "y").exit == .success)
        #expect(try listed().count == 1)
        #expect(!FileManager.default.fileExists(atPath: plant.path("projections.g2.sqlite")))
        let unknown = run(["generation", "remove", "2", "--yes"])
        #expect(unknown.exit == .failure && unknown.errors.contains("there is no generation 2"))
        #expect(run(["generation", "remove", "two", "--yes"]).exit == .usage)
    }

    @Test("of a retired one that a server keeps up to date the server is told; any other that is folded is refused")
    func inUse() throws {
        let generations = plant.directory.generations
        let epoch = try #require(generations.head(1)?.logEpoch)
        let needs = StoreHead.Needs(logEpoch: epoch)
        let built = try generations.build("job", needs, at: Timestamp(microseconds: 1))
        defer { withExtendedLifetime(built) {} }
        let refused = run(["generation", "remove", "2", "--yes"])
        #expect(refused.exit == .unavailable && refused.errors.contains("is being folded"), "\(refused.errors)")
        try generations.switchLive(to: 2, at: Timestamp(microseconds: 1))
        try generations.switchLive(to: 1, at: Timestamp(microseconds: 1_768_219_200_000_000))
        #expect(try generations.expired(keepHours: 24, at: Timestamp(microseconds: 1_768_219_200_000_001)).isEmpty)
        let told = run(["generation", "remove", "2", "--yes"])
        #expect(told.exit == .success && told.errors.contains("removes it in a moment"))
        #expect(try generations.expired(keepHours: 24, at: Timestamp(microseconds: 1_768_219_200_000_001)) == [2])
    }
}
