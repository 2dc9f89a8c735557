internal import Crypto
internal import Foundation
internal import Locks
public import Observability
internal import SQLite

/// The jobs of a data directory, in `jobs.sqlite`.
///
/// Any process that uses the directory may read and write them; commits wait for the device.
public final class JobStore: JobBoard {
    private static let table =
        """
        CREATE TABLE IF NOT EXISTS jobs (
            id TEXT PRIMARY KEY, record BLOB NOT NULL, row_check BLOB NOT NULL
        ) WITHOUT ROWID
        """
    private static let checkBytes = 16

    private let path: String
    private let connection: Guarded<Connection>
    private let journal: Journal
    private let watcher = JobWatcher()

    /// Opens the jobs; creates the file if it is missing. One that is not what was written is put aside under another
    /// name: it holds wishes alone, which can be uttered again, and no figure.
    ///
    /// - Parameter journal: where a file that was put aside, and jobs that cannot be read, are recorded.
    public init(path: String, journal: Journal = .silent) throws(ReplayError) {
        (self.path, self.journal) = (path, journal)
        do {
            connection = Guarded(try Self.open(path))
        } catch  where error.code == .jobsDamaged {
            let aside = path + ".damaged"
            guard rename(path, aside) == 0 else { throw error }
            journal.record(.jobsPutAside(aside, error))
            connection = Guarded(try Self.open(path))
        }
    }

    private static func open(_ path: String) throws(ReplayError) -> Connection {
        do {
            let connection = try Connection(path: path, .shared)
            try connection.execute(table)
            if let damage = try connection.structuralDamage() {
                throw ReplayError(.jobsDamaged, "\(path) is not what was written: \(damage)", isRetriable: false)
            }
            return connection
        } catch let error as ReplayError { throw error } catch { throw ReplayError(error, path) }
    }

    /// Looks at a file without writing to it.
    /// - Throws: ``ReplayError``: `.jobsDamaged` when it will be put aside.
    public static func inspect(path: String) throws(ReplayError) {
        do {
            let connection = try Connection(path: path, .reader)
            if let damage = try connection.structuralDamage() {
                throw ReplayError(.jobsDamaged, "\(path) is not what was written: \(damage)", isRetriable: false)
            }
        } catch let error as ReplayError { throw error } catch { throw ReplayError(error, path) }
    }

    public func jobs() throws(ReplayError) -> [RebuildJob] {
        let read: Result<JobTable, ReplayError> = connection.withLock { connection in
            Result { () throws(ReplayError) in
                do { return try self.read(connection) } catch { throw ReplayError(error, path) }
            }
        }
        return try read.get().newestFirst
    }

    public func put(_ job: RebuildJob) throws(ReplayError) -> JobVerdict {
        let written: Result<JobVerdict, ReplayError> = connection.withLock { connection in
            Result { () throws(ReplayError) in
                do {
                    return try connection.transaction { try write(job, connection) }
                } catch { throw ReplayError(error, path) }
            }
        }
        watcher.tell()
        return try written.get()
    }

    /// Inside a transaction, so that nobody writes between the comparison and this.
    private func write(_ job: RebuildJob, _ connection: Connection) throws -> JobVerdict {
        var table = try read(connection)
        let surplus = table[job.id] == nil ? table.surplus : []
        let verdict = table.put(job)
        guard verdict == .taken else { return verdict }
        let record = RebuildJobRecord.json(job)
        let insert = try connection.prepare("INSERT OR REPLACE INTO jobs (id, record, row_check) VALUES (?1, ?2, ?3)")
        try insert.bind(1, job.id.text)
        try insert.bind(2, record)
        try insert.bind(3, Self.check(record))
        try insert.run()
        for id in surplus {
            let delete = try connection.prepare("DELETE FROM jobs WHERE id = ?1")
            try delete.bind(1, id.text)
            try delete.run()
        }
        return .taken
    }

    /// A row that is not what was written counts for nothing, and stays where it is.
    private func read(_ connection: Connection) throws -> JobTable {
        var table = JobTable()
        let rows = try connection.prepare("SELECT id, record, row_check FROM jobs LIMIT \(2 * JobTable.jobsMaximum)")
        try rows.forEachRow { row in
            let record = row.blob(1)
            guard row.blob(2) == Self.check(record), let id = JobID(row.text(0)),
                let job = RebuildJobRecord.job(record, id: id)
            else { return journal.record(.jobUnreadable(row.text(0))) }
            _ = table.take(job)
        }
        return table
    }

    private static func check(_ record: [UInt8]) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(record)
        return Array(hasher.finish().bytes.prefix(checkBytes))
    }

    public func watch(_ changed: @escaping @Sendable () -> Void) { watcher.set(changed) }

    /// Always nil: jobs of other processes are read from the same file.
    public var failure: String? { nil }
}
