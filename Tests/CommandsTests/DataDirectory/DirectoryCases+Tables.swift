import Foundation
import Testing

@testable import Commands

extension DirectoryCase {
    static let registries: [DirectoryCase] = [
        DirectoryCase(
            part: "registry.sqlite", state: "a damaged row",
            up: "refuses: names the site; no name vanishes",
            advice: "put a copy back, or `andon renew registry` and `andon site apply`",
            make: { plant in
                try plant.change(
                    "registry.sqlite", "UPDATE definitions SET definition = replace(definition, 'Ada', 'Eva')")
                return nil
            },
            outcome: .refuses(
                why: "the definition of site plant is not what was written", next: "andon renew registry"),
            doctor: ("registry", "failure", "site plant"), carryOut: renew("registry"), after: .nameless),
        DirectoryCase(
            part: "registry.sqlite", state: "damaged as a whole", up: "refuses",
            advice: "put a copy back, or `andon renew registry` and `andon site apply`",
            make: { plant in
                try plant.flip("registry.sqlite", at: 3)
                return nil
            },
            outcome: .refuses(why: "registry.sqlite", next: "andon renew registry"),
            doctor: ("registry", "failure", "registry.sqlite"), carryOut: renew("registry"), after: .nameless),
        DirectoryCase(
            part: "registry.sqlite", state: "missing", up: "refuses: only it has the names",
            advice: "put it back, or `andon renew registry` and `andon site apply`",
            make: { plant in try plant.take("registry.sqlite") },
            outcome: .refuses(why: "only it has the names of people", next: "andon renew registry"),
            doctor: ("registry", "failure", "missing"), carryOut: putBack),
        DirectoryCase(
            part: "registry.sqlite", state: "never there, as beside a log that came alone",
            up: "the definitions in the log are in force, without names; says so",
            advice: "`andon site apply` gives the names",
            make: { plant in
                try plant.remove("registry.sqlite", "projections.sqlite", "identity.json")
                return nil
            },
            outcome: .starts(.nameless, warns: "defined by the log alone"), doctor: ("registry", "none", "")),
        DirectoryCase(
            part: "registry.sqlite", state: "older or newer than the log",
            up: "the log's newest definition is in force, with the names; says so", advice: "",
            make: { plant in
                // A definition that the log does not have.
                try plant.moveDefinition(to: 5)
                return nil
            },
            outcome: .starts(.whole, warns: "is not the one in the log"), doctor: ("registry", "ok", "")),
        DirectoryCase(
            part: "registry.sqlite", state: "of another log", up: "refuses: it has none of this log's definitions",
            advice: "put the right one back, or `andon renew registry` and `andon site apply`",
            make: { plant in
                let restore = try plant.take("registry.sqlite")
                try plant.takeFrom(StoredPlant.another(), "registry.sqlite")
                return restore
            },
            outcome: .refuses(why: "has none of log", next: "andon renew registry"),
            doctor: ("registry", "failure", "another log"), carryOut: putBack),
        DirectoryCase(
            part: "registry.sqlite", state: "unreadable", up: "refuses with the kernel's reason",
            advice: "make it readable for this user",
            make: { plant in try plant.block("registry.sqlite") },
            outcome: .refuses(why: "cannot be read", next: "check the"),
            doctor: ("registry", "failure", "cannot be read"), carryOut: putBack),
    ]

    static let keys: [DirectoryCase] = [
        DirectoryCase(
            part: "keys.sqlite", state: "a damaged row",
            up: "starts; that key opens nothing; says which", advice: "`andon renew keys`, `andon key create`",
            make: { plant in
                try plant.change("keys.sqlite", "UPDATE keys SET sites = '' WHERE sites = 'plant'")
                return nil
            },
            outcome: .starts(.whole, warns: "1 of the API keys"), doctor: ("keys", "warning", "open nothing"),
            carryOut: renew("keys")),
        DirectoryCase(
            part: "keys.sqlite", state: "damaged as a whole", up: "refuses",
            advice: "put a copy back, or `andon renew keys` and `andon key create`",
            make: { plant in
                try plant.flip("keys.sqlite", at: 3)
                return nil
            },
            outcome: .refuses(why: "keys.sqlite", next: "andon renew keys"),
            doctor: ("keys", "failure", "keys.sqlite"), carryOut: renew("keys")),
        DirectoryCase(
            part: "keys.sqlite", state: "missing", up: "starts; no key opens anything; says so",
            advice: "put it back, or `andon key create`",
            make: { plant in try plant.take("keys.sqlite") },
            outcome: .starts(.whole, warns: "no key opens anything"),
            doctor: ("keys", "warning", "missing"), carryOut: putBack),
        DirectoryCase(
            part: "keys.sqlite", state: "older, newer or of another directory",
            up: "starts; the keys in it are in force: a revocation that it lacks is undone",
            advice: "`andon key list` shows them, `andon key revoke` ends them",
            make: { plant in
                try plant.takeFrom(StoredPlant.another(), "keys.sqlite")
                return nil
            },
            outcome: .starts(.whole), doctor: ("keys", "ok", "")),
        DirectoryCase(
            part: "keys.sqlite", state: "unreadable", up: "refuses with the kernel's reason",
            advice: "make it readable for this user",
            make: { plant in try plant.block("keys.sqlite") },
            outcome: .refuses(why: "cannot be read", next: "check the"),
            doctor: ("keys", "failure", "cannot be read"), carryOut: putBack),
    ]

    static let jobs: [DirectoryCase] = [
        DirectoryCase(
            part: "jobs.sqlite", state: "damaged",
            up: "puts it aside as `.damaged`; no rebuild is known any more", advice: "`andon rebuild start`",
            make: { plant in
                try plant.flip("jobs.sqlite", at: 3)
                return nil
            },
            outcome: .starts(.whole, warns: "jobs.sqlite"), doctor: ("jobs", "warning", "andon rebuild start"),
            carryOut: nothing),
        DirectoryCase(
            part: "jobs.sqlite", state: "missing", up: "starts; no rebuild is known any more", advice: "",
            make: { plant in
                try plant.remove("jobs.sqlite")
                return nil
            },
            outcome: .starts(.whole), doctor: ("log", "ok", "")),
        DirectoryCase(
            part: "jobs.sqlite", state: "unreadable", up: "refuses with the kernel's reason",
            advice: "make it readable for this user",
            make: { plant in try plant.block("jobs.sqlite") },
            outcome: .refuses(why: "cannot be read", next: "check the"),
            doctor: ("jobs", "failure", "cannot be read"), carryOut: putBack),
    ]

    static let identities: [DirectoryCase] = [
        DirectoryCase(
            part: "identity.json", state: "damaged", up: "refuses",
            advice: "remove it: the next start writes it again if log and projections belong together",
            make: { plant in
                try plant.flip("identity.json", at: 20)
                return { try plant.remove("identity.json") }
            },
            outcome: .refuses(why: "it is not what was written", next: "rm "),
            doctor: ("identity", "failure", "identity.json"), carryOut: putBack),
        DirectoryCase(
            part: "identity.json", state: "missing, as in a directory of an earlier version",
            up: "writes it, if log and projections belong together", advice: "",
            make: { plant in
                try plant.remove("identity.json")
                return nil
            },
            outcome: .starts(.whole), doctor: ("log", "ok", "")),
        DirectoryCase(
            part: "identity.json", state: "missing, beside log and projections of two logs",
            up: "refuses: names both logs; the projections stay",
            advice: "put the right log back, or move the projections away",
            make: { plant in
                try plant.remove("identity.json")
                try plant.takeFrom(StoredPlant.another(), "projections.sqlite")
                return {
                    for part in ["", "-wal", "-shm"] { try? plant.remove("projections.sqlite\(part)") }
                }
            },
            outcome: .refuses(why: "was computed from log", next: "mv "),
            doctor: ("log", "failure", "do not belong together"), carryOut: putBack),
        DirectoryCase(
            part: "backup.incomplete", state: "there", up: "refuses: the copy is not whole",
            advice: "`andon backup` again, into it",
            make: { plant in
                try Data("0011\n".utf8).write(to: URL(filePath: plant.path("backup.incomplete")))
                return nil
            },
            outcome: .refuses(why: "andon backup was broken off", next: "run the same andon backup again"),
            doctor: ("data directory", "failure", "is a backup that is not whole"),
            carryOut: { plant, _ in
                let recorder = Recorder()
                let words = ["backup", plant.directory.path, "--data-dir", try StoredPlant.another().path]
                #expect(recorder.run(words) == .success, "\(recorder.errors)")
                return plant.directory
            }),
        DirectoryCase(
            part: "directory", state: "open to every user of the machine", up: "starts; says so",
            advice: "`chmod o-rwx`",
            make: { plant in
                chmod(plant.directory.path, 0o755)
                return { chmod(plant.directory.path, 0o750) }
            },
            outcome: .starts(.whole, warns: "every user of this machine can read"),
            doctor: ("data directory", "warning", "chmod o-rwx"), carryOut: putBack),
    ]
}
