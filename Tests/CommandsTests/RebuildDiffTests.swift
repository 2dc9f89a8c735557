import Foundation
import JSON
import SQLite
import Testing

@testable import Commands

@Suite("andon rebuild diff", .timeLimit(.minutes(10)))
struct RebuildDiffTests {
    /// A data directory that a server has left, and a copy of its figures.
    private static func plant() throws -> (plant: PlantDirectory, copy: String) {
        let plant = try PlantDirectory()
        let day = try plant.writeDay(seed: 12, workers: 3)
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", day.site]).exit == 0)
        #expect(try plant.run(["import", day.events, "--site", "demo-plant"]).exit == 0)
        server.end(SIGTERM)
        let copy = plant.folder.file("copy")
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["projections.sqlite", "projections.sqlite-wal"]
        where FileManager.default.fileExists(atPath: plant.data + "/" + name) {
            try FileManager.default.copyItem(atPath: plant.data + "/" + name, toPath: copy + "/" + name)
        }
        return (plant, copy)
    }

    private static func change(_ folder: String, _ statement: String) throws {
        let options = ConnectionOptions(mode: .writer, checksPages: true)
        try Connection(path: folder + "/projections.sqlite", options).execute(statement)
    }

    @Test("says that nothing differs, then what does, largest first, with the worker's hour behind it")
    func differs() throws {
        let (plant, copy) = try Self.plant()
        let words = ["rebuild", "diff", "--live", plant.data, "--new", copy]
        let equal = Recorder()
        #expect(equal.run(words) == .success, "\(equal.errors)")
        #expect(equal.errors == "nothing differs\n" && equal.output.contains("worker hour"))
        #expect(!equal.output.contains("why it differs"))
        try Self.change(
            copy,
            "UPDATE hour SET working = working + 61000000 WHERE kind = 0 AND (hour, entity) IN "
                + "(SELECT hour, entity FROM hour WHERE kind = 0 AND working > 0 LIMIT 1)")
        let table = Recorder()
        #expect(table.run(words) == .failure)
        #expect(table.errors == "the figures differ\n")
        #expect(table.output.contains("the sums of the new generation do not follow from its events"))
        #expect(table.output.contains("known since") && table.output.contains("differs"))
        let json = Recorder()
        #expect(json.run(words + ["-o", "json"]) == .failure)
        let answer = try #require(JSONValue(json.output.utf8))
        #expect(answer["is_equal"] == .bool(false) && answer["different"] == .integer(1))
        let difference = answer["partitions"]?.items.first?["differences"]?.items.first
        #expect(difference?["kind"] == .string("worker_hour") && difference?["size"] == .integer(61_000_000))
        let files = [plant.data, copy].map { $0 + "/projections.sqlite" }
        let limited = Recorder()
        #expect(
            limited.run(["rebuild", "diff", "--live", files[0], "--new", files[1], "--limit", "0", "-o", "json"])
                == .failure)
        #expect(JSONValue(limited.output.utf8)?["partitions"]?.items.first?["differences"]?.items.isEmpty == true)
    }

    @Test("what cannot be compared is no difference: 75 for other positions, 65 for files that are none")
    func cannotCompare() throws {
        let (plant, copy) = try Self.plant()
        let words = ["rebuild", "diff", "--live", plant.data, "--new", copy]
        try Self.change(copy, "UPDATE meta SET value = value - 1 WHERE name = 'next_offset'")
        let behind = Recorder()
        #expect(behind.run(words) == .tryAgain && behind.output.isEmpty)
        #expect(behind.errors.contains("stands at offset") && behind.errors.contains("next:"))
        let missing = Recorder()
        #expect(missing.run(["rebuild", "diff", "--live", plant.data, "--new", copy + "-none"]) == .badData)
        let empty = plant.folder.file("empty")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        let none = Recorder()
        #expect(none.run(["rebuild", "diff", "--live", plant.data, "--new", empty]) == .badData)
        #expect(none.errors.contains("there are no figures"))
        let usage = Recorder()
        #expect(usage.run(["rebuild", "diff", "--live", plant.data]) == .usage)
        #expect(usage.errors.contains("--new is missing"))
    }
}

@Suite("Tables of differences")
struct DifferenceTablesTests {
    @Test("show times of hours as hours, minutes and seconds, with what is left of a second")
    func durations() {
        #expect(DifferenceTables.duration(3_661_000_000) == "1:01:01")
        #expect(DifferenceTables.duration(-1_000_001) == "-0:00:01.000001")
        #expect(DifferenceTables.duration(0) == "0:00:00")
    }
}
