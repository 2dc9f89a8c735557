internal import EventLog
internal import Observability

/// What is wrong with a part of a data directory, in the words that `andon up` and `andon doctor` share.
struct DirectoryTrouble: Equatable {
    enum Part: String {
        case folder = "data directory"
        case identity, log, projections, registry, keys, jobs
    }

    var part: Part
    /// nil: a server starts nevertheless, and this is to be known.
    var exitCode: ExitCode?
    /// One sentence without a full stop.
    var what: String
    var why: String
    /// What to do, in commands that work.
    var next: String

    var failure: CommandFailure? {
        exitCode.map { CommandFailure($0, what, why: why, next: next) }
    }

    var finding: Finding {
        Finding(
            subject: part.rawValue, level: exitCode == nil ? .warning : .failure, text: "\(what): \(why); \(next)")
    }
}

extension DirectoryTrouble {
    // MARK: Identity and log

    static func damagedIdentity(_ directory: DataDirectory, _ reason: String) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .identity, exitCode: .failure, what: "identity.json in '\(directory.path)' cannot be read",
            why: reason,
            next: "remove it: rm \(directory.identity); the next start writes it again if log and projections belong "
                + "together")
    }

    static func log(_ directory: DataDirectory, _ error: LogError) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .log, exitCode: error.code == .corrupt ? .failure : .unavailable,
            what: "cannot use the log in '\(directory.path)'", why: error.message,
            next: error.hint ?? "andon doctor --data-dir \(directory.path)")
    }

    static func tornTransaction(_ directory: DataDirectory) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .log, what: "the newest transaction of the log in '\(directory.path)' was not written to its end",
            why: "nobody was told that it is stored, so nothing is missing",
            next: "a start keeps what there is of it in log.sqlite-wal.torn; remove that when you like")
    }

    static func missingLog(_ directory: DataDirectory, _ traces: String) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .log, exitCode: .failure, what: "the log of '\(directory.path)' is not there",
            why: "log.sqlite is missing or empty, but \(traces)",
            next: "put log.sqlite back, with log.sqlite-wal if there was one; or andon renew log --data-dir "
                + "\(directory.path) puts what is left aside, and the next start begins an empty log")
    }

    static func otherLog(
        _ directory: DataDirectory, _ found: LogEpoch, _ identity: DataDirectoryIdentity, _ named: LogEpoch
    ) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .log, exitCode: .failure, what: "another log lies in '\(directory.path)'",
            why: "log.sqlite is log \(found), but this directory is that of log \(named) since "
                + identity.since.formatted,
            next:
                "put the right log.sqlite back and move this one into a data directory of its own; or andon renew log "
                + "--data-dir \(directory.path) puts it aside, and the next start begins an empty log")
    }

    static func otherProjections(
        _ directory: DataDirectory, _ log: LogEpoch, _ folded: LogEpoch
    ) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .log, exitCode: .failure,
            what: "log and projections in '\(directory.path)' do not belong together",
            why: "log.sqlite is log \(log), but projections.sqlite was computed from log \(folded)",
            next: "put the right log.sqlite back; or, to go on with this one, move the projections away: "
                + "mv \(directory.projections)* ELSEWHERE")
    }

    static func projections(_ directory: DataDirectory, _ error: any OperatorError) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .projections, exitCode: .failure, what: "cannot use the projections in '\(directory.path)'",
            why: error.message, next: error.hint ?? "andon doctor --data-dir \(directory.path)")
    }

    // MARK: Names and keys

    static func registry(_ directory: DataDirectory, _ error: any OperatorError, isDamaged: Bool) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .registry, exitCode: .failure, what: "cannot use the definitions in '\(directory.path)'",
            why: error.message, next: isDamaged ? renewRegistry(directory) : error.hint ?? renewRegistry(directory))
    }

    static func missingRegistry(_ directory: DataDirectory, _ identity: DataDirectoryIdentity) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .registry, exitCode: .failure, what: "the definitions of '\(directory.path)' are not there",
            why: "registry.sqlite is missing, which was there since \(identity.since.formatted); only it has the names "
                + "of people",
            next: renewRegistry(directory))
    }

    static func otherRegistry(_ directory: DataDirectory, _ log: LogEpoch) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .registry, exitCode: .failure,
            what: "the definitions in '\(directory.path)' are those of another log",
            why: "registry.sqlite has none of log \(log), which lies here", next: renewRegistry(directory))
    }

    private static func renewRegistry(_ directory: DataDirectory) -> String {
        "put a copy of registry.sqlite back; or andon renew registry --data-dir \(directory.path) keeps what can be "
            + "read: the rest comes back from the log without names, until andon site apply gives them again"
    }

    static func keys(_ directory: DataDirectory, _ error: any OperatorError, isDamaged: Bool) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .keys, exitCode: .failure, what: "cannot use the API keys in '\(directory.path)'",
            why: error.message,
            next: isDamaged
                ? "put a copy of keys.sqlite back; or \(renewKeys(directory))" : error.hint ?? renewKeys(directory))
    }

    static func damagedKeys(_ directory: DataDirectory, _ ids: [String]) -> DirectoryTrouble {
        let shown = ids.prefix(5).joined(separator: ", ") + (ids.count > 5 ? ", …" : "")
        return DirectoryTrouble(
            part: .keys, what: "\(ids.count) of the API keys in '\(directory.path)' open nothing",
            why: "their rows are not what was written: \(shown)", next: renewKeys(directory))
    }

    static func missingKeys(_ directory: DataDirectory, _ identity: DataDirectoryIdentity) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .keys, what: "the API keys of '\(directory.path)' are not there",
            why: "keys.sqlite is missing, which was there since \(identity.since.formatted); no key opens anything",
            next:
                "stop the server and put a copy of keys.sqlite back; or create others with andon key create --data-dir "
                + directory.path)
    }

    private static func renewKeys(_ directory: DataDirectory) -> String {
        "andon renew keys --data-dir \(directory.path) keeps the keys that can be read; create others with andon key "
            + "create"
    }

    // MARK: The folder

    static func closedFolder(_ directory: DataDirectory, _ reason: String) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .folder, exitCode: .failure, what: "this user cannot read and write '\(directory.path)'", why: reason,
            next: "make the disk writable, change the owner of the folder, or run as that user")
    }

    static func incompleteBackup(_ directory: DataDirectory) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .folder, exitCode: .failure, what: "'\(directory.path)' is a backup that is not whole",
            why: "andon backup was broken off: \(BackupManifest.incompleteName) is there",
            next: "run the same andon backup again: it goes on; or use another backup")
    }

    static func openFolder(_ directory: DataDirectory) -> DirectoryTrouble {
        DirectoryTrouble(
            part: .folder, what: "every user of this machine can read '\(directory.path)'",
            why: "its mode lets others in", next: "chmod o-rwx \(directory.path)")
    }
}
