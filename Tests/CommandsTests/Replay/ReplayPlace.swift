import EventLog
import EventModel
import Foundation
import JSON
import SQLiteLog
import SimulationKit
import TestKit
import Testing

@testable import Commands

/// A data directory with the log of a random plant, which no server writes, and a place for what is folded of it.
final class ReplayPlace {
    let folder: TemporaryFolder
    let scenario: RandomScenario
    var data: DataDirectory { DataDirectory(path: folder.file("data")) }
    var result: String { folder.file("result") }

    /// - Parameter times: how often the scenario is appended, one second later each time.
    init(seed: UInt64, events: Int = 80, times: Int = 1) throws {
        folder = try TemporaryFolder()
        scenario = RandomScenario(seed: seed, size: .init(events: events))
        try data.create()
        let log = try SQLiteLog.open(path: data.log)
        defer { log.close() }
        for _ in 0..<times { _ = try log.append(scenario.records.map { $0.logRecord() }) }
    }

    struct Outcome {
        var exit: ExitCode
        var output: String
        var errors: String
        var json: JSONValue? { JSONValue(output.utf8) }
    }

    static func run(_ words: [String]) -> Outcome {
        let recorder = Recorder()
        let exit = recorder.run(words)
        return Outcome(exit: exit, output: recorder.output, errors: recorder.errors)
    }

    func replay(_ words: [String] = []) -> Outcome {
        Self.run(["replay", "--data-dir", data.path, "--into", result, "-o", "json"] + words)
    }

    /// The answer to a question without its `meta`, as it was written.
    static func ask(_ words: [String], _ folder: String) throws -> String {
        let asked = run(["query"] + words + ["--data-dir", folder, "-o", "json"])
        guard asked.exit == .success else { throw CommandFailure(asked.exit, asked.errors) }
        return withoutMeta(asked.output)
    }

    /// Cuts the object out: its braces are balanced, and no string in it has one. Ages of sites grow with the clock, too.
    static func withoutMeta(_ answer: String) -> String {
        let answer = answer.replacing(/"freshness_seconds":[0-9.]+/, with: "\"freshness_seconds\":…")
        guard let start = answer.range(of: "\"meta\":{") else { return answer }
        var depth = 1
        var end = start.upperBound
        while depth > 0, end < answer.endIndex {
            if answer[end] == "{" { depth += 1 } else if answer[end] == "}" { depth -= 1 }
            end = answer.index(after: end)
        }
        return String(answer[..<start.lowerBound]) + "…" + String(answer[end...])
    }
}
