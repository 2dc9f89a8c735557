internal import Crypto
internal import EventLog
internal import EventModel
internal import Foundation
internal import Locks
internal import SQLite

/// The answers to Idempotency-Keys of the last 24 hours, in a file beside the log or of a gateway on its own
/// (SPEC 2.5).
///
/// The log is the truth: an answer is written here after its record is durable. The file says for each partition up to
/// where it knows the records, so that a start reads only what follows. Answers without a record are in the file alone.
/// Losing the file therefore costs a longer start, and nothing that was stored.
///
/// Bounded in bytes like the table in memory: the API key with the most gives up its oldest. One process writes it.
final class AnswerFile: Sendable {
    /// Half a gigabyte of rows holds some five million answers: 50 a second, all day.
    static let bytesMaximum = 512 << 20
    /// Approximate bytes of a row and its entry in the index, in addition to its verdicts.
    static let rowBytes = 112
    private static let format: Int64 = 1

    private struct Reader: ~Copyable {
        let connection: Connection
        let find: Statement
    }

    private let writer: Guarded<AnswerFileWriter>
    private let reader: Guarded<Reader>
    private let lock: Guarded<FileLock?>
    private let path: String
    /// The offset of each partition before which every record of this process is known here, as of the opening.
    let known: [PartitionIndex: LogOffset]

    /// Opens the file. Creates it if it is missing, and anew if it is damaged, of another log or version, or ahead of the
    /// log, which then is an older copy: its answers tell of records that the log does not have.
    ///
    /// - Parameter ends: where the log's partitions end, as far as that is known now.
    /// - Throws: `SQLiteError`; ``LogError`` if another process has the file.
    init(
        path: String, epoch: LogEpoch, ends: [PartitionIndex: LogOffset], bytesMaximum: Int = AnswerFile.bytesMaximum
    ) throws {
        do throws(FileLockFailure) {
            lock = Guarded(try FileLock(path: path + ".lock"))
        } catch {
            throw Self.failure(error, path)
        }
        self.path = path
        let connection: Connection
        if let opened = try Self.open(path, epoch, ends) {
            connection = opened
        } else {
            Self.remove(path)
            connection = try Connection(path: path, Self.options(.writer))
            try Self.create(connection, epoch)
        }
        known = try Self.known(connection)
        writer = Guarded(try AnswerFileWriter(connection, bytesMaximum: bytesMaximum))
        let reading = try Connection(path: path, Self.options(.reader))
        reader = Guarded(Reader(connection: reading, find: try reading.prepare(Self.findText)))
    }

    private static func failure(_ error: FileLockFailure, _ path: String) -> LogError {
        switch error {
        case .unusable(let reason):
            LogError(.unavailable, "cannot use \(path): \(reason)", hint: "check the folder and its owner")
        case .inUse(let holder):
            LogError(
                .inUse, "\(path) is in use\(holder.map { " by process \($0)" } ?? "")",
                hint: "give each gateway a --data-dir of its own")
        }
    }

    /// nil for a file that is of no use.
    private static func open(
        _ path: String, _ epoch: LogEpoch, _ ends: [PartitionIndex: LogOffset]
    ) throws -> Connection? {
        do {
            let connection = try Connection(path: path, options(.writer))
            // First: the tables of another version may lack what is wanted of ours.
            if try connection.integer("SELECT count(*) FROM sqlite_schema") != 0 {
                guard try isOurs(connection, epoch) else { return nil }
            }
            try create(connection, epoch)
            let isAhead = try known(connection).contains { partition, next in ends[partition].map { $0 < next } ?? false
            }
            return isAhead ? nil : connection
        } catch let error as SQLiteError where error.isCorrupt {
            return nil
        }
    }

    /// Lets another process have the file; nothing may be written any more.
    func close() {
        writer.withLock { $0.checkpoint() }
        lock.withLock { $0 = nil }
    }

    /// A damaged file: goes on with what can be read of it, and the next start makes a new one.
    func discard() { Self.remove(path) }

    private static func remove(_ path: String) {
        for part in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + part) }
    }

    private static func options(_ mode: ConnectionOptions.Mode) -> ConnectionOptions {
        // The log holds the truth, so a commit need not wait for the device.
        ConnectionOptions(
            mode: mode, synchronous: .normal, cacheBytes: 16 << 20, walBytesKept: 8 << 20, checksPages: true)
    }

    /// Whether the file is of this log and version.
    private static func isOurs(_ connection: Connection, _ epoch: LogEpoch) throws -> Bool {
        guard try connection.hasColumn("epoch", in: "identity"), try connection.hasColumn("format", in: "identity")
        else { return false }
        let stored = try connection.prepare("SELECT epoch, format FROM identity")
        defer { stored.reset() }
        return try stored.step() && stored.blob(0) == epoch.bytes && stored.int64(1) == format
    }

    /// Makes what is missing.
    private static func create(_ connection: Connection, _ epoch: LogEpoch) throws {
        try connection.transaction {
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS answers (
                    name BLOB PRIMARY KEY, owner INTEGER NOT NULL, created_at INTEGER NOT NULL,
                    log_partition INTEGER, log_offset INTEGER, body BLOB NOT NULL, verdicts BLOB NOT NULL
                ) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS answers_by_age ON answers (owner, created_at);
                CREATE TABLE IF NOT EXISTS owners (owner INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
                CREATE TABLE IF NOT EXISTS known (log_partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
                CREATE TABLE IF NOT EXISTS identity (epoch BLOB NOT NULL, format INTEGER NOT NULL);
                """)
            guard try connection.integer("SELECT count(*) FROM identity") == 0 else { return }
            let insert = try connection.prepare("INSERT INTO identity VALUES (?1, ?2)")
            try insert.bind(1, epoch.bytes)
            try insert.bind(2, format)
            try insert.run()
        }
    }

    private static func known(_ connection: Connection) throws -> [PartitionIndex: LogOffset] {
        var known: [PartitionIndex: LogOffset] = [:]
        try connection.prepare("SELECT log_partition, next_offset FROM known").forEachRow { row in
            guard let partition = Int32(exactly: row.int64(0)) else { return }
            known[PartitionIndex(partition)] = LogOffset(row.int64(1))
        }
        return known
    }

    // MARK: Writing

    /// Adds answers, newer ones in place of older ones with the same name, and removes those that are too old.
    ///
    /// - Parameters:
    ///   - next: up to where the records of partitions are known here now; they are durable before this is called.
    ///   - now: the time by which answers are too old.
    /// - Throws: `SQLiteError`; then nothing has changed.
    func write(_ answers: [KeptAnswer], next: [PartitionIndex: LogOffset], now: Timestamp) throws {
        try writer.withLock { try $0.write(answers, next: next, now: now) }
    }

    // MARK: Reading

    static let findText = "SELECT created_at, log_partition, log_offset, body, verdicts FROM answers WHERE name = ?1"

    /// The answer that was given to a request's Idempotency-Key; nil if there is none. Callable from any thread.
    /// - Throws: `SQLiteError`.
    func find(_ claim: IdempotencyClaim, now: Timestamp) throws -> IdempotencyTable.Outcome? {
        try reader.withLock { reader in
            try reader.find.bind(1, Self.cut(claim.digest))
            defer { reader.find.reset() }
            guard try reader.find.step(), let answer = Self.answer(reader.find, of: claim), !answer.isExpired(at: now)
            else { return nil }
            return reader.find.blob(3) == Self.cut(claim.bodyHash) ? .answered(answer) : .otherBody
        }
    }

    /// nil for a row that this version would not have written: then the request is judged anew.
    private static func answer(_ row: Statement, of claim: IdempotencyClaim) -> KeptAnswer? {
        let bytes = row.blob(4)
        guard bytes.count % 2 == 0,
            let verdicts = VerdictRuns(
                runs: stride(from: 0, to: bytes.count, by: 2).map { UInt32(bytes[$0]) | UInt32(bytes[$0 + 1]) << 8 })
        else { return nil }
        var position: RecordPosition?
        if !row.isNull(1) {
            guard let partition = Int32(exactly: row.int64(1)) else { return nil }
            position = RecordPosition(partition: PartitionIndex(partition), offset: LogOffset(row.int64(2)))
        }
        return KeptAnswer(
            claim, verdicts, createdAt: Timestamp(microseconds: row.int64(0)), position: position)
    }

    /// Two bytes for each run.
    static func bytes(_ verdicts: VerdictRuns) -> [UInt8] {
        verdicts.runs.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    /// Names and hashes are cut to 16 bytes: nobody finds two that are equal.
    static func cut(_ digest: SHA256Digest) -> [UInt8] { Array(digest.bytes.prefix(16)) }
}
