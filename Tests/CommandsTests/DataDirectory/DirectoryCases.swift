import EventModel
import Foundation
import SQLiteLog

@testable import Commands

extension DirectoryCase {
    /// All rows, in the order of the table.
    static let all = logs + writeAheadLogs + projections + registries + keys + jobs + identities

    private static let logs: [DirectoryCase] = [
        DirectoryCase(
            part: "log.sqlite", state: "damaged",
            up: "refuses: names the record", advice: "`andon log salvage`",
            make: { plant in
                try plant.change("log.sqlite", "UPDATE records SET created_at = created_at + 1 WHERE offset = 8")
                return nil
            },
            outcome: .refuses(why: "the record at offset 8 is not what was written", next: "andon log salvage"),
            doctor: ("log", "failure", "offset 8"), carryOut: salvage,
            after: .withoutNewest),
        DirectoryCase(
            part: "log.sqlite", state: "missing or empty",
            up: "refuses: says since when there was which log", advice: "put it back, or `andon renew log`",
            make: { plant in try plant.take("log.sqlite") },
            outcome: .refuses(why: "records were acknowledged", next: "put the file back"),
            doctor: ("log", "failure", "missing or empty"), carryOut: putBack),
        DirectoryCase(
            part: "log.sqlite", state: "missing, and nothing beside it but identity.json",
            up: "refuses: says since when there was which log", advice: "put it back, or `andon renew log`",
            make: { plant in
                try plant.remove("log.sqlite", "log.sqlite.end", "projections.sqlite", "registry.sqlite")
                return nil
            },
            outcome: .refuses(why: "identity.json names log", next: "andon renew log"),
            doctor: ("log", "failure", "identity.json names log"), carryOut: renew("log"), after: .empty),
        DirectoryCase(
            part: "log.sqlite", state: "older",
            up: "refuses: says how many records were acknowledged after its end",
            advice: "put the newer one back, or `andon log salvage` makes a log of its own of it",
            make: { plant in
                try plant.change("log.sqlite", "DELETE FROM records WHERE offset = 8; VACUUM")
                return nil
            },
            outcome: .refuses(why: "ends at offset 8, but 1 more were acknowledged", next: "andon log salvage"),
            doctor: ("log", "failure", "ends at offset 8"), carryOut: salvage, after: .withoutNewest),
        DirectoryCase(
            part: "log.sqlite", state: "newer than the projections", up: "folds the rest", advice: "",
            make: { plant in
                let log = try SQLiteLog.open(path: plant.directory.log)
                _ = try log.append([
                    .init(key: Array("x".utf8), createdAt: .earliest, payload: definitionRecord("x"))
                ])
                log.close()
                return nil
            },
            outcome: .starts(Found(records: 10, working: 2 * 15 * 3600)), doctor: ("log", "ok", "10 records")),
        DirectoryCase(
            part: "log.sqlite", state: "of another log",
            up: "refuses: names both logs", advice: "put the right one back, or `andon renew log`",
            make: { plant in
                let restore = try plant.take("log.sqlite")
                try plant.takeFrom(StoredPlant.another(), "log.sqlite")
                return restore
            },
            outcome: .refuses(why: "records acknowledged here are those of log", next: "andon renew log"),
            doctor: ("log", "failure", "those of log"), carryOut: renew("log"), after: .empty),
        DirectoryCase(
            part: "log.sqlite", state: "of a newer format", up: "refuses: names both formats",
            advice: "use the newer program",
            make: { plant in
                try plant.change("log.sqlite", "UPDATE log SET version = 9")
                return { try plant.change("log.sqlite", "UPDATE log SET version = 2") }
            },
            outcome: .refuses(why: "has log format 9", next: "use the newer program"),
            doctor: ("log", "failure", "format 9"), carryOut: putBack),
        DirectoryCase(
            part: "log.sqlite", state: "unreadable", up: "refuses with the kernel's reason",
            advice: "make it readable for this user",
            make: { plant in try plant.block("log.sqlite") },
            outcome: .refuses(.unavailable, why: "cannot open", next: "check the"),
            doctor: ("log", "failure", "cannot open"), carryOut: putBack),
    ]

    private static let writeAheadLogs: [DirectoryCase] = [
        DirectoryCase(
            part: "log.sqlite-wal", state: "damaged",
            up: "refuses, before anything is copied out of it: names the frame and what stands behind it",
            advice: "`andon log salvage`", killed: true,
            make: { plant in
                try plant.flip("log.sqlite-wal", at: 32 + 8216 * 3 + 8000)
                return nil
            },
            outcome: .refuses(why: "is not what was written", next: "andon log salvage"),
            doctor: ("log", "failure", "transactions stand behind it"), carryOut: salvage),
        DirectoryCase(
            part: "log.sqlite-wal", state: "missing after a kill",
            up: "refuses: says how many records were acknowledged after the log's end",
            advice: "put it back, or `andon log salvage`", killed: true,
            make: { plant in
                try? plant.remove("log.sqlite-shm")
                return try plant.take("log.sqlite-wal")
            },
            outcome: .refuses(why: "were acknowledged", next: "write-ahead log was removed"),
            doctor: ("log", "failure", "were acknowledged"), carryOut: putBack),
        DirectoryCase(
            part: "log.sqlite-wal", state: "of another log", up: "refuses: names both logs, or the first record",
            advice: "put the right one back", killed: true,
            make: { plant in
                try? plant.remove("log.sqlite-shm")
                let restore = try plant.take("log.sqlite-wal")
                let other = try SQLiteLog.open(path: plant.folder.file("other.db"))
                _ = try other.append([.init(key: [1], createdAt: .earliest, payload: [1])])
                try FileManager.default.copyItem(
                    atPath: plant.folder.file("other.db-wal"), toPath: plant.path("log.sqlite-wal"))
                return {
                    try? plant.remove("log.sqlite-shm")
                    try restore()
                }
            },
            outcome: .refuses(why: "log.sqlite", next: "put"),
            doctor: ("log", "failure", "log.sqlite"), carryOut: putBack),
        DirectoryCase(
            part: "log.sqlite-wal", state: "unreadable", up: "refuses with the kernel's reason",
            advice: "make it readable for this user", killed: true,
            make: { plant in
                try? plant.remove("log.sqlite-shm")
                return try plant.block("log.sqlite-wal")
            },
            outcome: .refuses(.unavailable, why: "log.sqlite-wal", next: "check the owner"),
            doctor: ("log", "failure", "log.sqlite-wal"), carryOut: putBack),
    ]

    private static let projections: [DirectoryCase] = [
        DirectoryCase(
            part: "projections.sqlite", state: "damaged",
            up: "puts them aside as `.damaged`; restores the newest snapshot that fits; computes the rest from the log",
            advice: "",
            make: { plant in
                try plant.checkpointProjections()
                try plant.flip("projections.sqlite", at: 4096 * 2 + 100)
                return nil
            },
            outcome: .starts(.whole), doctor: ("projections", "warning", "andon up puts them aside")),
        DirectoryCase(
            part: "projections.sqlite", state: "missing",
            up: "restores the newest snapshot that fits; computes the rest from the log", advice: "",
            make: { plant in
                try plant.remove("projections.sqlite")
                return nil
            },
            outcome: .starts(.whole), doctor: ("projections", "ok", "andon up computes them")),
        DirectoryCase(
            part: "projections.sqlite", state: "of another log, or of another format",
            up: "keeps them for a day and computes others from the log, beside them", advice: "",
            make: { plant in
                try plant.takeFrom(StoredPlant.another(), "projections.sqlite")
                return nil
            },
            outcome: .starts(.whole), doctor: ("projections", "ok", "of another format or another log")),
        DirectoryCase(
            part: "projections.sqlite", state: "of an older version of the fold",
            up: "answers from them, and computes others from the log, beside them", advice: "",
            make: { plant in
                try plant.makeProjectionsOlder()
                return nil
            },
            outcome: .starts(.whole, warns: "an older version of Andon made generation 1"),
            doctor: ("projections", "ok", "of another version of the fold")),
        DirectoryCase(
            part: "projections.generations.json", state: "damaged",
            up: "puts it aside as `.damaged`; the projections that have folded most are live", advice: "",
            make: { plant in
                try plant.write("projections.generations.json", "no list")
                return nil
            },
            outcome: .starts(.whole), doctor: ("projections", "ok", "folded up to")),
        DirectoryCase(
            part: "projections.generations.json", state: "of a newer program", up: "refuses",
            advice: "use the newer program",
            make: { plant in
                try plant.write("projections.generations.json", #"{"format":2}"#)
                return { try plant.remove("projections.generations.json") }
            },
            outcome: .refuses(why: "newer program", next: "newer program"),
            doctor: ("projections", "failure", "newer program"), carryOut: putBack),
        DirectoryCase(
            part: "projections.g2.sqlite", state: "there, and in no list", up: "keeps them for a day", advice: "",
            make: { plant in
                try FileManager.default.copyItem(
                    atPath: plant.path("projections.sqlite"), toPath: plant.path("projections.g2.sqlite"))
                return nil
            },
            outcome: .starts(.whole), doctor: ("projections", "ok", "folded up to")),
        DirectoryCase(
            part: "projections.sqlite", state: "unreadable", up: "refuses with the kernel's reason",
            advice: "make them readable for this user",
            make: { plant in try plant.block("projections.sqlite") },
            outcome: .refuses(why: "cannot be read", next: "check the"),
            doctor: ("projections", "failure", "cannot be read"), carryOut: putBack),
    ]

    static func definitionRecord(_ site: String) -> [UInt8] {
        var bytes: [UInt8] = []
        RecordCodec.encode(
            DefinitionRecord(
                definition: SiteDefinition(siteID: SiteID(site), name: site, timeZone: "UTC"), createdAt: .earliest),
            into: &bytes)
        return bytes
    }
}
