import EventLog
import EventModel
import Foundation
import JSON
import SimulationKit
import TestKit
import Testing

@testable import Commands

@Suite("andon log stat", .timeLimit(.minutes(10)))
struct LogStatTests {
    @Test("right after an import beside the running server nothing lags")
    func rightAfterAnImport() throws {
        let plant = try PlantDirectory()
        let day = try plant.writeDay(seed: 5, workers: 2)
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", day.site]).exit == 0)
        #expect(try plant.run(["import", day.events, "--site", "demo-plant"]).exit == 0)
        let recorder = Recorder()
        #expect(recorder.run(["log", "stat", "--data-dir", plant.data, "-o", "json"]) == .success)
        let partition = JSONValue(recorder.output.utf8)?["partitions"]?.items.first
        #expect(partition?["lag_records"] == .integer(0) && partition?["folded"] == partition?["end"])
        withExtendedLifetime(server) {}
    }

    @Test("shows where the log ends, and counts records, events and seconds that are not folded")
    func lag() throws {
        let plant = try PlantDirectory()
        let day = try plant.writeDay(seed: 5, workers: 2)
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", day.site]).exit == 0)
        #expect(try plant.run(["import", day.events, "--site", "demo-plant"]).exit == 0)
        server.end(SIGTERM)
        func stat() throws -> JSONValue {
            let recorder = Recorder()
            #expect(recorder.run(["log", "stat", "--data-dir", plant.data, "-o", "json"]) == .success)
            let answer = JSONValue(recorder.output.utf8)
            return try #require(answer)
        }
        let folded = try #require(stat()["partitions"]?.items.first)
        #expect(folded["lag_records"] == .integer(0) && folded["lag_events"] == .integer(0))
        #expect(folded["end"] == folded["folded"] && folded["newest_created_at"]?.text != nil)
        // Two records that nobody folds, the last of them ten seconds younger than the last folded one.
        let log = try LogAddress(.folder(DataDirectory(path: plant.data))).openWriter()
        let stamp = Timestamp(rfc3339: folded["newest_created_at"]?.text ?? "")
        let newest = try #require(stamp)
        for seconds in [5, 10] as [Int64] {
            let events = [LogTailTests.event(1), LogTailTests.event(2)]
            let createdAt = newest.microseconds + seconds * Microseconds.second
            _ = try log.log.append([RandomScenario.Record.events(events, createdAt: createdAt).logRecord(of: "x")])
        }
        log.close()
        let behind = try #require(stat()["partitions"]?.items.first)
        #expect(behind["lag_records"] == .integer(2) && behind["lag_events"] == .integer(4))
        #expect(behind["lag_seconds"] == .number("10.000000"))
        let table = Recorder()
        #expect(table.run(["log", "stat", "--data-dir", plant.data]) == .success)
        #expect(table.output.contains("lag seconds") && table.output.contains("10.0"))
    }

    @Test("without projections the lag is not known, and an empty log has no newest record")
    func nothingFolded() throws {
        let folder = try TemporaryFolder()
        let address = LogAddress(.folder(DataDirectory(path: folder.path)))
        try address.openWriter().close()
        let recorder = Recorder()
        #expect(recorder.run(["log", "stat", "--data-dir", folder.path, "--output=json"]) == .success)
        let partition = JSONValue(recorder.output.utf8)?["partitions"]?.items.first
        #expect(partition?["end"] == .integer(0) && partition?["lag_records"] == .null)
        #expect(partition?["newest_created_at"] == .null)
        #expect(recorder.run(["log", "stat", "--data-dir", folder.file("nowhere")]) == .failure)
    }
}
