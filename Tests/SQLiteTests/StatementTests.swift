import SQLite
import TestKit
import Testing

struct StatementTests {
    let folder: TemporaryFolder
    let connection: Connection

    init() throws {
        folder = try TemporaryFolder()
        connection = try Connection(path: folder.file("test.db"), .writer)
    }

    @Test("every kind of value comes back as it was bound")
    func values() throws {
        try connection.execute("CREATE TABLE t(a, b, c, d, e)")
        let insert = try connection.prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)")
        try insert.bind(1, Int64.min)
        try insert.bind(2, 0.1)
        try insert.bind(3, "Zoë\u{0}x")
        try insert.bind(4, [0, 255, 0] as [UInt8])
        try insert.bindNull(5)
        try insert.run()
        #expect(connection.lastInsertRowID == 1)
        #expect(connection.changes == 1)

        let select = try connection.prepare("SELECT * FROM t")
        #expect(try select.step())
        #expect(select.int64(0) == .min)
        #expect(select.double(1) == 0.1)
        #expect(Array(select.text(2).utf8) == Array("Zoë\u{0}x".utf8))
        #expect(select.blob(3) == [0, 255, 0])
        #expect(select.isNull(4) && !select.isNull(3))
        #expect(select.text(4).isEmpty && select.blob(4).isEmpty)
        #expect(try !select.step())
    }

    @Test("no bytes and empty text are not NULL")
    func empty() throws {
        try connection.execute("CREATE TABLE t(a)")
        let insert = try connection.prepare("INSERT INTO t VALUES (?)")
        try insert.bind(1, [UInt8]())
        try insert.run()
        try insert.bind(1, borrowing: UnsafeRawBufferPointer(start: nil, count: 0))
        try insert.run()
        try insert.bind(1, "")
        try insert.run()
        #expect(try connection.integer("SELECT count(*) FROM t WHERE a IS NOT NULL AND length(a) = 0") == 3)
    }

    @Test("borrowed bytes are stored")
    func borrowed() throws {
        try connection.execute("CREATE TABLE t(a)")
        let insert = try connection.prepare("INSERT INTO t VALUES (?)")
        let bytes = [UInt8](repeating: 7, count: 10_000)
        try bytes.withUnsafeBytes {
            try insert.bind(1, borrowing: $0)
            try insert.run()
            insert.clearBindings()
        }
        let select = try connection.prepare("SELECT a FROM t")
        #expect(try select.step())
        #expect(select.withBlob(0) { $0.elementsEqual(bytes) })
    }

    @Test("a statement is usable again after it ended, failed or was reset")
    func again() throws {
        try connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)")
        let insert = try connection.prepare("INSERT INTO t VALUES (?)")
        try insert.bind(1, 1)
        try insert.run()
        let failure = #expect(throws: SQLiteError.self) { try insert.run() }
        #expect(failure?.code == 19)
        #expect(failure?.extendedCode == 1555, "the extended code of a primary key's constraint")
        #expect(failure?.message.contains("UNIQUE") == true)
        try insert.bind(1, 2)
        try insert.run()
        let select = try connection.prepare("SELECT a FROM t ORDER BY a")
        for _ in 0..<2 {
            #expect(try select.step())
            #expect(select.int(0) == 1)
            select.reset()
        }
        var seen: [Int] = []
        try select.forEachRow { seen.append($0.int(0)) }
        #expect(seen == [1, 2])
    }

    @Test("a wrong statement or parameter is an error that names it")
    func wrong() throws {
        let syntax = #expect(throws: SQLiteError.self) { try connection.prepare("SELEC 1") }
        #expect(syntax?.message.contains("SELEC 1") == true)
        let statement = try connection.prepare("SELECT ?")
        #expect(throws: SQLiteError.self) { try statement.bind(2, 1) }
        #expect(throws: SQLiteError.self) { try connection.prepare("") }
    }
}
