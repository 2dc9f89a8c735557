internal import Access
internal import EventLog
internal import EventModel
internal import Files
internal import Foundation
internal import Observability
internal import ProjectionStore
internal import Replay
internal import SQLiteLog
internal import Sites

/// Looks at everything in a data directory before any of it is opened for writing.
///
/// `andon up` starts only if nothing here stands against it; `andon doctor` shows the same.
struct DirectoryInspection {
    let directory: DataDirectory
    /// nil in a directory of before there were identities.
    private(set) var identity: DataDirectoryIdentity?
    /// The log that is there; nil when there is none yet.
    private(set) var epoch: LogEpoch?
    private(set) var end = LogOffset.zero
    private(set) var troubles: [DirectoryTrouble] = []

    /// - Parameter isRunning: a server is writing the files now, so that the newest frames and rows may be half there.
    init(_ directory: DataDirectory, isRunning: Bool = false) {
        self.directory = directory
        inspectFolder()
        guard troubles.allSatisfy({ $0.exitCode == nil }) else { return }
        inspectIdentity()
        inspectLog(isRunning: isRunning)
        // Without a log nothing else makes sense.
        guard !troubles.contains(where: { $0.exitCode != nil }) else { return }
        inspectProjections()
        inspectRegistry()
        inspectKeys()
        inspectJobs()
    }

    /// Reports what is to be known.
    /// - Throws: ``CommandFailure`` for the first thing that keeps a server from starting.
    func check(_ journal: StructuredLog) throws(CommandFailure) {
        for trouble in troubles {
            if let failure = trouble.failure { throw failure }
            journal.write(.directoryTrouble(trouble))
        }
    }

    private mutating func inspectFolder() {
        guard access(directory.path, R_OK | W_OK | X_OK) == 0 else {
            troubles.append(.closedFolder(directory, FileFailure.last.reason))
            return
        }
        if access("\(directory.path)/\(BackupManifest.incompleteName)", F_OK) == 0 {
            troubles.append(.incompleteBackup(directory))
        }
        var status = stat()
        guard stat(directory.path, &status) == 0, status.st_mode & 0o007 != 0 else { return }
        troubles.append(.openFolder(directory))
    }

    private mutating func inspectIdentity() {
        switch DataDirectoryIdentity.read(directory.identity) {
        case .none: break
        case .identity(let found): identity = found
        case .damaged(let reason): troubles.append(.damagedIdentity(directory, reason))
        }
    }

    private mutating func inspectLog(isRunning: Bool) {
        do throws(LogError) {
            if isRunning {
                let log = try SQLiteLog.openReader(path: directory.log)
                defer { log.close() }
                (epoch, end) = (log.epoch, try log.endOffset(PartitionIndex(0)))
            } else {
                let found = try LogInspection(path: directory.log, foldedTo: directory.foldedTo)
                (epoch, end) = (found.epoch, found.end)
                if found.hasTornTransaction { troubles.append(.tornTransaction(directory)) }
            }
        } catch {
            troubles.append(.log(directory, error))
            return
        }
        let named = identity?.log
        guard let epoch else {
            if let traces = traces { troubles.append(.missingLog(directory, traces)) }
            return
        }
        if let identity, let named, named != epoch {
            troubles.append(.otherLog(directory, epoch, identity, named))
        } else if identity == nil, let store = StorePlace.read(path: directory.projections) {
            let folded = LogEpoch(bytes: store.logEpoch)
            if folded != epoch { troubles.append(.otherProjections(directory, epoch, folded)) }
        }
    }

    /// What says that there was a log.
    private var traces: String? {
        if let identity {
            return identity.log.map { "identity.json names log \($0), since \(identity.since.formatted)" }
        }
        let files = [(directory.projections, "projections.sqlite"), (directory.registry, "registry.sqlite")]
        return files.first { FileManager.default.fileExists(atPath: $0.0) }.map { "\($0.1) is there" }
    }

    /// Damage is none of it: a server computes them from the log again.
    private mutating func inspectProjections() {
        guard FileManager.default.fileExists(atPath: directory.projections) else { return }
        do {
            let scrub = try StoreScrub(path: directory.projections)
            _ = try scrub.pageCount()
        } catch {
            if !error.isStoreDamage { troubles.append(.projections(directory, error.forOperator)) }
        }
    }

    private mutating func inspectRegistry() {
        guard FileManager.default.fileExists(atPath: directory.registry) else {
            if let identity, identity.files.contains(DataDirectory.registryName) {
                troubles.append(.missingRegistry(directory, identity))
            }
            return
        }
        do throws(RegistryError) {
            let log = epoch ?? LogEpoch(bytes: [])
            if try RegistryStore.read(path: directory.registry, epoch: log).isEmpty, end > .zero,
                RegistryStore.isOfAnotherLog(path: directory.registry, epoch: log)
            {
                troubles.append(.otherRegistry(directory, log))
            }
        } catch {
            troubles.append(.registry(directory, error, isDamaged: error.code == .damaged))
        }
    }

    private mutating func inspectJobs() {
        guard FileManager.default.fileExists(atPath: directory.jobs) else { return }
        do throws(ReplayError) { try JobStore.inspect(path: directory.jobs) } catch {
            troubles.append(.jobs(directory, error))
        }
    }

    private mutating func inspectKeys() {
        guard FileManager.default.fileExists(atPath: directory.keys) else {
            if let identity, identity.files.contains(DataDirectory.keysName) {
                troubles.append(.missingKeys(directory, identity))
            }
            return
        }
        do throws(KeyError) {
            let damaged = try KeyStore.inspect(path: directory.keys)
            if !damaged.isEmpty { troubles.append(.damagedKeys(directory, damaged)) }
        } catch {
            troubles.append(.keys(directory, error, isDamaged: error.code == .damaged))
        }
    }
}

extension DataDirectory {
    /// How far the projections in this directory have folded a log.
    var foldedTo: LogInspection.FoldedTo {
        { [projections] epoch in
            StorePlace.read(path: projections).flatMap { $0.logEpoch == epoch.bytes ? $0.nextOffset : nil }
        }
    }

    /// Notes which log lies here and which files belong to it, unless that stands there already.
    func noteIdentity(_ log: LogEpoch, _ known: DataDirectoryIdentity?, at now: Timestamp) throws(CommandFailure) {
        var identity = known ?? DataDirectoryIdentity(log: log, since: now, files: [])
        if identity.log == nil { identity.since = now }
        identity.log = log
        identity.files = [Self.logName, Self.registryName, Self.keysName]
        guard identity != known else { return }
        do throws(FileFailure) { try identity.write(self.identity) } catch {
            throw CommandFailure(
                .failure, "cannot write \(self.identity)", why: error.reason,
                next: "make room on the disk, and check the owner and mode of the folder")
        }
    }

    /// Lets nobody else read what only this user's programs need.
    func closeToOthers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where name.contains(".sqlite") { chmod("\(path)/\(name)", 0o600) }
    }
}
