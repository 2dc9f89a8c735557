// Layer: simulation with a real process. Kills and interrupts at places that a seed picks; the seed is printed when a
// test fails. Cannot catch what only a loss of power shows: the kernel keeps what a killed process wrote.
import EventModel
import Foundation
import JSON
import ProcessHarness
import ProjectionStore
import SimulationKit
import Testing

@testable import Commands

@Suite("A replay that is killed goes on", .timeLimit(.minutes(10)))
struct ReplayKillTests {
    /// Starts the command, and sends a signal once the store stands at an offset or after it.
    private static func broken(_ place: ReplayPlace, at offset: Int64, by signal: Int32) throws -> (Int32, String) {
        let process = try AndonProcess.make([
            "replay", "--data-dir", place.data.path, "--into", place.result, "--rate", "20",
        ])
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let store = place.result + "/projections.sqlite"
        while process.isRunning {
            if let next = StorePlace.read(path: store)?.nextOffset, next.value >= offset { break }
            sched_yield()
        }
        kill(process.processIdentifier, signal)
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test(
        "after kill -9 at any commit the same command goes on and the digest is the same (SPEC 7.1)",
        arguments: 1...2 as ClosedRange<UInt64>)
    func killed(seed: UInt64) throws {
        let place = try ReplayPlace(seed: seed, times: 20)
        var next: Int64 = 0
        for _ in 0..<2 {
            // Killed at once, with the first plan just written, or after a commit.
            _ = try Self.broken(place, at: next, by: SIGKILL)
            let stored = StorePlace.read(path: place.result + "/projections.sqlite")?.nextOffset.value ?? 0
            #expect(stored >= next)
            next = stored + 1
        }
        let end = place.replay()
        #expect(end.exit == .success, "\(end.errors)")
        let digest = ReplayPlace.run(["digest", "--data-dir", place.data.path, "--site", "plant"]).output
        #expect(end.json?["sites"]?.items.first?["digest"]?.text.map { $0 + "\n" } == digest)
    }

    @Test("Ctrl-C commits and ends with 130 and the command that goes on")
    func interrupted() throws {
        let place = try ReplayPlace(seed: 3, times: 20)
        let (exit, errors) = try Self.broken(place, at: 1, by: SIGINT)
        #expect(exit == 130 && errors.contains("the same command goes on: andon replay"), "\(errors)")
        #expect(place.replay().exit == .success)
    }
}
