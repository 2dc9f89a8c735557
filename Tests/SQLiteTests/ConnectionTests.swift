import SQLite
import TestKit
import Testing

struct ConnectionTests {
    let folder: TemporaryFolder
    let writer: Connection

    init() throws {
        folder = try TemporaryFolder()
        var options = ConnectionOptions.writer
        options.pageBytes = 8192
        options.checkpointPages = 0
        options.busyTimeoutMilliseconds = 0
        writer = try Connection(path: folder.file("test.db"), options)
        try writer.execute("CREATE TABLE t(a)")
    }

    private func reader() throws -> Connection { try Connection(path: folder.file("test.db"), .reader) }

    private func count(_ connection: Connection) throws -> Int64? { try connection.integer("SELECT count(*) FROM t") }

    @Test("the options hold: WAL, page size, synchronous")
    func options() throws {
        #expect(try writer.integer("PRAGMA page_size") == 8192)
        #expect(try writer.integer("PRAGMA synchronous") == 2)
        #expect(try writer.integer("PRAGMA wal_autocheckpoint") == 0)
        #expect(try writer.integer("PRAGMA secure_delete") == 0)
        let journal = try reader().prepare("PRAGMA journal_mode")
        #expect(try journal.step())
        #expect(journal.text(0) == "wal")
        #expect(Connection.libraryVersion.hasPrefix("3."))
    }

    @Test("a transaction that throws leaves nothing behind, one that ends is kept")
    func transaction() throws {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try writer.transaction {
                try writer.execute("INSERT INTO t VALUES (1)")
                throw Stop()
            }
        }
        #expect(!writer.isInTransaction)
        let result = try writer.transaction {
            try writer.execute("INSERT INTO t VALUES (2)")
            return writer.changes
        }
        #expect(result == 1)
        #expect(try count(reader()) == 1)
    }

    @Test("a full file is a retriable error, and the connection works again when there is room")
    func full() throws {
        let pages = try #require(try writer.integer("PRAGMA page_count"))
        try writer.execute("PRAGMA max_page_count = \(pages)")
        let failure = #expect(throws: SQLiteError.self) {
            try writer.transaction { try writer.execute("INSERT INTO t VALUES (zeroblob(100000))") }
        }
        #expect(failure?.isFull == true && failure?.isRetriable == true && failure?.hint != nil)
        #expect(!writer.isInTransaction)
        try writer.execute("PRAGMA max_page_count = 1000")
        try writer.transaction { try writer.execute("INSERT INTO t VALUES (zeroblob(100000))") }
        #expect(try count(writer) == 1)
    }

    @Test("a snapshot does not move until it ends")
    func snapshot() throws {
        let reader = try reader()
        try reader.read {
            try writer.execute("INSERT INTO t VALUES (1)")
            #expect(try count(reader) == 0)
        }
        #expect(!reader.isInTransaction)
        #expect(try count(reader) == 1)
    }

    @Test("a reader cannot write")
    func readOnly() throws {
        let reader = try reader()
        #expect(throws: SQLiteError.self) { try reader.execute("INSERT INTO t VALUES (1)") }
    }

    @Test("a reader that closes last neither checkpoints nor removes the write-ahead log (DESIGN 1.9)")
    func readerCloses() throws {
        try writer.execute("INSERT INTO t VALUES (1)")
        let copy = try TemporaryFolder()
        // A copy of the files is what a killed writer leaves.
        for name in ["test.db", "test.db-wal"] { _ = try copy.copy(name, from: folder.file(name)) }
        let before = try #require(copy.bytes("test.db-wal"))
        #expect(before > 0)
        do {
            let reader = try Connection(path: copy.file("test.db"), .reader)
            #expect(try count(reader) == 1)
        }
        #expect(copy.bytes("test.db-wal") == before)
    }

    @Test("a checkpoint moves all pages, and truncate empties the log")
    func checkpoint() throws {
        try writer.execute("INSERT INTO t VALUES (1)")
        let result = try writer.checkpoint(.passive)
        #expect(result.logPages > 0 && result.logPages == result.checkpointedPages)
        try writer.checkpoint(.truncate)
        #expect(folder.bytes("test.db-wal") == 0)
    }

    @Test("a checkpoint that would have to wait for a snapshot says that it is busy")
    func checkpointBusy() throws {
        try writer.execute("INSERT INTO t VALUES (1)")
        let reader = try reader()
        try reader.beginRead()
        let failure = #expect(throws: SQLiteError.self) { try writer.checkpoint(.restart) }
        #expect(failure?.isBusy == true && failure?.isRetriable == true)
        reader.endRead()
        try writer.checkpoint(.restart)
    }

    @Test("a second writer gets the error that the file is busy")
    func busy() throws {
        let other = try Connection(path: folder.file("test.db"), writer.options)
        try writer.execute("BEGIN IMMEDIATE")
        let failure = #expect(throws: SQLiteError.self) { try other.transaction {} }
        #expect(failure?.isBusy == true)
        writer.rollBack()
        try other.transaction {}
    }

    @Test("a backup holds everything that was committed")
    func backup() throws {
        for _ in 0..<100 { try writer.execute("INSERT INTO t VALUES (zeroblob(5000))") }
        try reader().backup(to: folder.file("copy.db"))
        let copy = try Connection(path: folder.file("copy.db"), .writer)
        #expect(try count(copy) == 100)
        let failure = #expect(throws: SQLiteError.self) { try writer.backup(to: folder.file("none/copy.db")) }
        #expect(failure?.cannotOpen == true)
    }

    @Test("a file that is missing, or no database, is an error with a hint")
    func notThere() throws {
        let missing = #expect(throws: SQLiteError.self) { try Connection(path: folder.file("none.db"), .reader) }
        #expect(missing?.cannotOpen == true && missing?.hint != nil && missing?.isRetriable == false)
        try folder.write("text.db", String(repeating: "not a database ", count: 100))
        let wrong = #expect(throws: SQLiteError.self) { try Connection(path: folder.file("text.db"), .writer) }
        #expect(wrong?.isCorrupt == true && wrong?.hint != nil)
    }

    @Test("written pages are counted")
    func pagesWritten() throws {
        _ = writer.pagesWritten(andReset: true)
        try writer.execute("INSERT INTO t VALUES (zeroblob(80000))")
        #expect(writer.pagesWritten() >= 10)
        #expect(writer.pagesWritten(andReset: true) >= 10)
        #expect(writer.pagesWritten() == 0)
    }
}
