internal import EventLog
internal import EventModel
internal import Foundation
internal import Observability
internal import ProjectionStore
internal import SQLiteLog

/// The doctor's checks of a data directory.
struct DataDirectoryCheck {
    /// Below this the disk fills up within hours in a busy plant: 100 events a second are 100 MB a day.
    static let freeBytesWarning: UInt64 = 1 << 30
    /// Below this the next commits fail.
    static let freeBytesFailure: UInt64 = 64 << 20

    let directory: DataDirectory

    func findings() -> [Finding] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory.path, isDirectory: &isFolder) else {
            return [
                Finding(
                    subject: "data directory", level: .ok,
                    text: "'\(directory.path)' is not there yet; andon up creates it")
            ]
        }
        guard isFolder.boolValue else {
            return [Finding(subject: "data directory", level: .failure, text: "'\(directory.path)' is not a folder")]
        }
        return [folder(), disk()] + log()
    }

    private func folder() -> Finding {
        guard access(directory.path, R_OK | W_OK | X_OK) == 0 else {
            return Finding(
                subject: "data directory", level: .failure,
                text: "this user may not read and write '\(directory.path)'; change its owner or run as that user")
        }
        var status = stat()
        let others = stat(directory.path, &status) == 0 && status.st_mode & 0o007 != 0
        guard !others else {
            return Finding(
                subject: "data directory", level: .warning,
                text: "every user of this machine can read '\(directory.path)'; chmod o-rwx '\(directory.path)'")
        }
        return Finding(subject: "data directory", level: .ok, text: directory.path)
    }

    private func disk() -> Finding {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else {
            return Finding(subject: "free space", level: .warning, text: "unknown: \(FileFailure.last.reason)")
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        return Self.disk(free: free)
    }

    static func disk(free: UInt64) -> Finding {
        let text = "\(grouped(free >> 20)) MiB"
        if free < freeBytesFailure {
            return Finding(
                subject: "free space", level: .failure, text: "\(text): nothing more can be stored; make room")
        }
        if free < freeBytesWarning {
            return Finding(subject: "free space", level: .warning, text: "\(text): make room soon")
        }
        return Finding(subject: "free space", level: .ok, text: text)
    }

    private func log() -> [Finding] {
        guard FileManager.default.fileExists(atPath: directory.log) else {
            return [Finding(subject: "log", level: .ok, text: "not there yet; andon up creates it")]
        }
        do {
            let log = try SQLiteLog.openReader(path: directory.log)
            let end = try log.endOffset(PartitionIndex(0))
            return [
                Finding(subject: "log", level: .ok, text: "\(grouped(end.value)) records, epoch \(log.epoch)"),
                projections(of: log),
            ]
        } catch {
            return [Finding(subject: "log", level: .failure, text: reason(of: error))]
        }
    }

    private func projections(of log: SQLiteLog) -> Finding {
        guard FileManager.default.fileExists(atPath: directory.projections) else {
            return Finding(
                subject: "projections", level: .ok, text: "not there yet; andon up computes them from the log")
        }
        do {
            // Every page, also those that nobody needs today.
            let scrub = try StoreScrub(path: directory.projections)
            while scrub.passes == 0 { try scrub.step(pages: 4096) }
            guard ProjectionStore.isCurrent(path: directory.projections, logEpoch: log.epoch.bytes) else {
                return Finding(
                    subject: "projections", level: .ok,
                    text:
                        "of another format or another log; andon up will put them aside and make new ones from the log")
            }
            let offset = try StoreReader(path: directory.projections).load().nextOffset
            return Finding(subject: "projections", level: .ok, text: "folded up to offset \(grouped(offset.value))")
        } catch  where error.isStoreDamage {
            return Finding(
                subject: "projections", level: .warning,
                text: "\(error.forOperator.message); andon up will put them aside and make new ones from the log")
        } catch {
            return Finding(subject: "projections", level: .failure, text: reason(of: error))
        }
    }
}
