// Layer: differential. What the stores in a folder answer, against a server and against known_at.
import EventModel
import Foundation
import HTTPClient
import JSON
import ProcessHarness
import SimulationKit
import TestKit
import Testing

@testable import Commands

@Suite("andon query --data-dir", .timeLimit(.minutes(10)))
struct StoredAnswersTests {
    private static let windows = ["--from=2026-01-12T00:00:00Z", "--to=2026-01-12T06:00:00Z"]

    /// Every question, with the flags that it cannot do without.
    private static func questions(_ window: [String], worker: String) -> [[String]] {
        QueryQuestion.allCases.map { question in
            let needed = question == .explain ? ["--worker=\(worker)"] : []
            let of = question == .heatmap ? ["--of=workers"] : []
            let flags = window.filter { flag in
                question.flags.contains { flag.hasPrefix("--\($0)=") }
            }
            return [question.rawValue] + needed + of + flags
        }
    }

    @Test("the folder of a stopped server answers every question as the server did, byte for byte but for meta")
    func sameAsServer() throws {
        let plant = try StoredPlant()
        let server = try AndonServer(plant.directory.path, ["--open", "--rate-limit", "0"])
        let questions = Self.questions(Self.windows, worker: "w1")
        let asked = try questions.map { try ReplayPlace.ask($0 + ["--site=plant"], plant.directory.path) }
        let beside = ReplayPlace.run(["query", "ledger", "--site=plant", "--data-dir", plant.directory.path])
        #expect(beside.errors.isEmpty, "an open server answers by itself")
        server.end(SIGTERM)
        for (question, expected) in zip(questions, asked) {
            #expect(try ReplayPlace.ask(question, plant.directory.path) == expected, "\(question)")
        }
        #expect(asked[0].contains("\"Ada\""))
        let result = plant.folder.file("result")
        let replay = ReplayPlace.run(["replay", "--data-dir", plant.directory.path, "--into", result])
        #expect(replay.exit == .success, "\(replay.errors)")
        for (question, expected) in zip(questions, asked) {
            let words = question + ["--registry", plant.directory.path]
            #expect(try ReplayPlace.ask(words, result) == expected, "\(question)")
        }
        #expect(try !ReplayPlace.ask(questions[0], result).contains("Ada"))
    }

    @Test(
        "what was known at a time is what --known-at answers, for every question (SPEC 7.2, 7.3)",
        arguments: 1...3 as ClosedRange<UInt64>)
    func untilIsKnownAt(seed: UInt64) throws {
        let place = try ReplayPlace(seed: seed)
        let whole = place.folder.file("whole")
        #expect(ReplayPlace.run(["replay", "--data-dir", place.data.path, "--into", whole]).exit == .success)
        var random = SeededGenerator(seed: seed)
        for number in 0..<3 {
            let known = try #require(place.scenario.knownAts.randomElement(using: &random))
            let time = Timestamp(microseconds: known).formatted
            let then = place.folder.file("then-\(number)")
            let replay = ReplayPlace.run([
                "replay", "--data-dir", place.data.path, "--until", time, "--into", then,
            ])
            #expect(replay.exit == .success, "\(replay.errors)")
            let from = Timestamp(microseconds: known - 8 * Microseconds.hour).formatted
            for question in Self.questions(["--from=\(from)", "--to=\(time)"], worker: "W1")
            where QueryQuestion(rawValue: question[0])?.flags.isSuperset(of: ["known-at", "to"]) == true {
                let asOf = ReplayPlace.run(
                    ["query"] + question + ["--data-dir", whole, "-o", "json", "--known-at", time])
                let now = ReplayPlace.run(["query"] + question + ["--data-dir", then, "-o", "json"])
                // Where nothing was known yet both say so.
                #expect(asOf.exit == now.exit || now.errors.contains("holds nothing"), "\(question) \(place.scenario)")
                guard now.exit == .success else { continue }
                #expect(
                    ReplayPlace.withoutMeta(asOf.output) == ReplayPlace.withoutMeta(now.output),
                    "\(question) \(time) \(place.scenario)")
            }
        }
    }

    @Test(
        "a folder without stores, without the site or with the names of another log is refused and says what is there")
    func refused() throws {
        let place = try ReplayPlace(seed: 4)
        func ask(_ words: [String], _ folder: String) -> ReplayPlace.Outcome {
            ReplayPlace.run(["query", "ledger", "--data-dir", folder] + words)
        }
        #expect(ask([], place.folder.file("none")).errors.contains("there is no folder"))
        #expect(ask([], place.data.path).errors.contains("holds no projections"))
        #expect(place.replay().exit == .success)
        #expect(ask([], place.result).exit == .success)
        let other = ask(["--site", "x"], place.result)
        #expect(other.exit == .failure && other.errors.contains("it holds plant"))
        let names = ask(["--registry", place.data.path], place.result)
        #expect(names.exit == .failure && names.errors.contains("holds no definitions of the log"))
        #expect(ask(["--min-position", "0:0"], place.result).exit == .success)
        #expect(ask(["--min-position", "0:99999"], place.result).exit == .tryAgain)
    }

    @Test("beside a running server that wants a key its stored figures are answered, and that is said")
    func running() throws {
        let plant = try PlantDirectory()
        let day = try plant.writeDay(seed: 3, workers: 2)
        let server = try plant.server()
        defer { server.end(SIGTERM) }
        #expect(try plant.run(["site", "apply", day.site]).exit == 0)
        #expect(try plant.run(["import", day.events, "--site", "demo-plant"]).exit == 0)
        // Waits until what was imported is stored.
        #expect(try AndonProcess.run(["log", "stat", "--data-dir", plant.data]).exit == 0)
        let asked = try AndonProcess.run([
            "query", "ledger", "--site", "demo-plant", "--data-dir", plant.data, "-o", "json",
        ])
        #expect(asked.exit == 0, "\(asked.errors)")
        #expect(asked.errors.contains("these are its stored figures"))
        #expect(JSONValue(asked.output.utf8)?["received"] != nil)
    }
}
