internal import EventLog
internal import EventModel
internal import Files
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
        return contents()
    }

    private func contents() -> [Finding] {
        let found = DirectoryInspection(directory, isRunning: RunningMark.isTaken(directory))
        let troubles = found.troubles.map(\.finding)
        func findings(_ part: DirectoryTrouble.Part, orElse whole: @autoclosure () -> [Finding]) -> [Finding] {
            let wrong = troubles.filter { $0.subject == part.rawValue }
            return wrong.isEmpty ? whole() : wrong
        }
        guard !found.troubles.contains(where: { $0.part == .folder && $0.exitCode != nil }) else { return troubles }
        let folder = Finding(subject: "data directory", level: .ok, text: directory.path)
        let log = findings(.log, orElse: log(found))
        let isUsable = !log.contains { $0.level == .failure }
        return findings(.folder, orElse: [folder]) + [disk()] + findings(.identity, orElse: []) + log
            + (isUsable && found.epoch != nil
                ? findings(.projections, orElse: projections(of: found.epoch)) : []) + partitionStores()
            + findings(.registry, orElse: present(directory.registry, "registry", "every definition is as written"))
            + findings(.keys, orElse: present(directory.keys, "keys", "every key is as written"))
            + findings(.jobs, orElse: present(directory.jobs, "jobs", "what is wanted of rebuilds is as written"))
    }

    private func present(_ path: String, _ subject: String, _ text: String) -> [Finding] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return [Finding(subject: subject, level: .ok, text: text)]
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

    // MARK: Log

    private func log(_ found: DirectoryInspection) -> [Finding] {
        guard let epoch = found.epoch else {
            return [Finding(subject: "log", level: .ok, text: "not there yet; andon up creates it")]
        }
        do {
            let log = try SQLiteLog.openReader(path: directory.log)
            defer { log.close() }
            try LogReading.checkAll(log)
            let skips = try log.skips(PartitionIndex(0))
            let skipped = skips.reduce(0) { $0 + $1.next.value - $1.first.value }
            let lost = skipped == 0 ? "" : ", \(grouped(skipped)) of them skipped"
            return [
                Finding(subject: "log", level: .ok, text: "\(grouped(found.end.value)) records\(lost), epoch \(epoch)")
            ]
        } catch {
            let error = error as? LogError ?? LogError(.unavailable, reason(of: error))
            return [DirectoryTrouble.log(directory, error).finding]
        }
    }

    // MARK: Projections

    private func projections(of log: LogEpoch?) -> [Finding] {
        do { _ = try directory.generations.list() } catch {
            return [
                Finding(
                    subject: "projections", level: .failure,
                    text: reason(of: error) + (error.forOperator.hint.map { "; \($0)" } ?? ""))
            ]
        }
        guard FileManager.default.fileExists(atPath: directory.projections) else {
            return [
                Finding(
                    subject: "projections", level: .ok, text: "not there yet; andon up computes them from the log")
            ]
        }
        return [store(directory.projections, "projections", by: "andon up", log)]
    }

    /// Those of a worker; the log that they are of lies on Kafka.
    private func partitionStores() -> [Finding] {
        directory.partitions.map { partition in
            let path = directory.generations(of: partition).livePath
            return store(path, "partition-\(partition.value)", by: "andon worker", nil)
        }
    }

    /// What becomes of a store that the fold cannot go on with.
    private func other(_ found: StoreHead.Reading, _ needs: StoreHead.Needs) -> ((String) -> String)? {
        switch found {
        case .head(let head) where head.fits(needs): nil
        case .head(let head) where head.canBeRead(needs):
            { "of another version of the fold; \($0) answers from them while it makes new ones" }
        case .head, .otherFormat:
            { "of another format or another log; \($0) makes new ones from the log beside them" }
        case .nothing, .damaged: nil
        }
    }

    private func store(_ path: String, _ subject: String, by program: String, _ log: LogEpoch?) -> Finding {
        do {
            // First, because pages of older formats carry no checks.
            if let log, let text = other(try StoreHead.read(path: path), StoreHead.Needs(logEpoch: log.bytes)) {
                return Finding(subject: subject, level: .ok, text: text(program))
            }
            // Every page, also those that nobody needs today.
            let scrub = try StoreScrub(path: path)
            while scrub.passes == 0 { try scrub.step(pages: 4096) }
            let offset = try StoreReader(path: path).load().nextOffset
            return Finding(subject: subject, level: .ok, text: "folded up to offset \(grouped(offset.value))")
        } catch  where error.isStoreDamage {
            return Finding(
                subject: subject, level: .warning,
                text:
                    "\(error.forOperator.message); \(program) puts them aside and makes new ones from a snapshot and the log"
            )
        } catch {
            let hint = error.forOperator.hint.map { "; \($0)" } ?? ""
            return Finding(subject: subject, level: .failure, text: reason(of: error) + hint)
        }
    }
}

/// Reads a log from its beginning to its end.
enum LogReading {
    private static let turnBytes = 4 << 20

    /// - Throws: ``LogError`` for the first record that is not what was written, or that cannot be read.
    static func checkAll(_ log: SQLiteLog) throws {
        var batch = EventBatch(siteID: SiteID(bytes: []))
        let partition = PartitionIndex(0)
        let end = try log.endOffset(partition)
        var next = try log.startOffset(partition)
        while next < end {
            let before = next
            next = try log.read(partition, from: next, byteLimit: turnBytes) { record in
                do throws(CodecError) { _ = try RecordCodec.decode(record.payload, into: &batch) } catch {
                    throw LogError(
                        .corrupt, "the record at offset \(record.offset.value) cannot be read: \(error)",
                        hint: error.code == .unknownFormat
                            ? "use the newer program that wrote it" : SQLiteLog.salvageAdvice(log.path))
                }
            }
            guard next > before else { return }
        }
    }
}
