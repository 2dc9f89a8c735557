import EventModel
import Foundation
import JSON
import ProcessHarness
import SimulationKit
import TestKit

@testable import Commands

/// A data directory with a key, and what a user would do with it through the real `andon`.
final class PlantDirectory {
    let folder: TemporaryFolder
    var data: String { folder.file("data") }
    var keyFile: String { folder.file("admin.key") }

    init() throws {
        folder = try TemporaryFolder()
        // What the first start of a server does: keys belong into a directory with a log.
        try LogAddress(.folder(DataDirectory(path: folder.file("data")))).openWriter().close()
        let made = try AndonProcess.run([
            "key", "create", "--data-dir", data, "--role", "admin", "--rate-limit", "0",
        ])
        guard made.exit == 0 else { throw CommandFailure(.failure, made.errors) }
        try folder.write("admin.key", made.output)
    }

    func server() throws -> AndonServer { try AndonServer(data) }

    /// Runs a command that asks the server of this directory.
    func run(_ arguments: [String]) throws -> AndonProcess.Result { try AndonProcess.run(command(arguments)) }

    /// The words of that command.
    func command(_ arguments: [String]) -> [String] { arguments + ["--data-dir", data, "--key-file", keyFile] }

    /// The admin's key.
    func key() throws -> String {
        try String(contentsOfFile: keyFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The answer to `andon query … -o json`.
    func ask(_ words: [String]) throws -> JSONValue {
        let result = try run(["query"] + words + ["-o", "json"])
        guard result.exit == 0, let answer = JSONValue(result.output.utf8) else {
            throw CommandFailure(.failure, result.errors)
        }
        return answer
    }

    func digest(_ site: String) throws -> String {
        try AndonProcess.run(["digest", "--data-dir", data, "--site", site]).output
    }

    /// Imports a file of events, one batch after the other, against whichever server `client` reaches.
    func runImport(_ file: String, site: String, batch: Int, _ client: APIClient) throws -> Importer.Outcome {
        let environment = Importer.Environment(
            client: client, isStopping: { false }, pause: { _ in }, milliseconds: { 0 }, note: { _ in },
            progress: { _ in }, errorIsTerminal: false)
        let input = try ImportInput(path: file, format: .ndjson, mappings: [])
        let target = ImportTarget(url: client.access.url, site: site)
        let importer = Importer(
            input: input, batchEvents: batch,
            server: PatientServer(environment, patienceMilliseconds: Int(Int32.max)),
            stateFile: ImportStateFile(input: file, target: target, environment: [:]), rejects: nil,
            environment: environment)
        return try importer.run(from: ImportState(file: input.file, target: target))
    }

    /// A small made-up day, as files.
    func writeDay(seed: UInt64, workers: Int) throws -> (site: String, events: String, lines: [[UInt8]]) {
        let end = Timestamp(microseconds: 20_465 * Microseconds.day)
        let day = FactoryDay(
            FactoryDay.Plan(seed: seed, timeZone: "UTC", localMidnight: end, end: end, workers: workers))
        let site = try folder.write("site.json", String(decoding: day.definition.putBody, as: UTF8.self))
        let events = try folder.write("events.ndjson", String(decoding: day.ndjson, as: UTF8.self))
        return (site, events, day.lines)
    }
}
