import Foundation
import Testing

@testable import Commands

/// One row of the table of what may befall a data directory: what `andon up` and `andon doctor` say, and the advice,
/// which is carried out.
struct DirectoryCase: Sendable, CustomTestStringConvertible {
    /// What `andon up` does.
    enum Up: Sendable {
        /// It starts. Warns with these words, unless they are empty.
        case starts(Found, warns: String = "")
        /// It refuses with an exit code, a reason and an advice that have these words.
        case refuses(ExitCode = .failure, why: String, next: String)
    }

    var part: String
    var state: String
    /// Cells of the table.
    var up: String
    var advice: String
    var killed = false
    /// Makes it so.
    /// - Returns: what undoes it, where the advice is to put something back.
    var make: @Sendable (StoredPlant) throws -> (() throws -> Void)?
    var outcome: Up
    /// Name of the doctor's check, its result, and words of it.
    var doctor: (check: String, level: String, words: String)
    /// What was advised; nil where there is nothing to do.
    var carryOut: (@Sendable (StoredPlant, (() throws -> Void)?) throws -> DataDirectory)?
    /// What a server finds after that.
    var after = Found.whole

    var testDescription: String { "\(part) \(state)" }

    var row: String { "| \(part) | \(state) | \(up) | \(advice) |" }

    // MARK: Advice

    static let putBack: @Sendable (StoredPlant, (() throws -> Void)?) throws -> DataDirectory = { plant, restore in
        let undo = try #require(restore)
        try undo()
        return plant.directory
    }

    static let salvage: @Sendable (StoredPlant, (() throws -> Void)?) throws -> DataDirectory = { plant, _ in
        let salvage = DirectorySalvage(
            source: plant.directory, target: plant.elsewhere, now: .init(microseconds: 1_768_219_200_000_000))
        let outcome = try salvage.run { _, _, _ in true }
        _ = try #require(outcome)
        return plant.elsewhere
    }

    static func renew(
        _ part: String
    ) -> @Sendable (StoredPlant, (() throws -> Void)?) throws -> DataDirectory {
        { plant, _ in
            let recorder = Recorder()
            let exit = recorder.run(["renew", part, "--data-dir", plant.directory.path, "--yes"])
            #expect(exit == .success, "\(recorder.errors)")
            return plant.directory
        }
    }

    static let nothing: @Sendable (StoredPlant, (() throws -> Void)?) throws -> DataDirectory = { plant, _ in
        plant.directory
    }
}

extension Found {
    /// Two workers from midnight to eight hours after their last event at seven.
    static let whole = Found(working: 2 * 15 * 3600)
    /// Without the newest batch, which was of seven.
    static let withoutNewest = Found(records: 8, working: 2 * 14 * 3600)
    static let empty = Found(records: 0, names: [])
    /// Ids in the place of names.
    static let nameless = Found(names: ["w1", "w2"], working: 2 * 15 * 3600)
}
