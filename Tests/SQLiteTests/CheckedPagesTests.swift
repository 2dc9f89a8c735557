import Foundation
import SQLite
import TestKit
import Testing

@Suite("Checksums of pages")
struct CheckedPagesTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("checked.db")
        let writer = try Connection(path: path, ConnectionOptions(mode: .writer, checksPages: true))
        try writer.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB); CREATE INDEX i ON t(b)")
        let insert = try writer.prepare("INSERT INTO t VALUES (?1, zeroblob(300) || ?1)")
        try writer.transaction {
            for number in 1...200 {
                try insert.bind(1, number)
                try insert.run()
            }
        }
        try writer.checkpoint(.truncate)
    }

    private func reader() throws -> Connection {
        try Connection(path: path, ConnectionOptions(mode: .reader, checksPages: true))
    }

    /// Reads everything.
    private func sum() throws -> Int64? {
        try reader().integer("SELECT sum(a) + sum(length(b)) + (SELECT count(*) FROM t WHERE b > 'x') FROM t")
    }

    private func bytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
    private func put(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: path)) }

    @Test("a wrong bit anywhere in a page, also in its checksum, is damage and never a value")
    func wrongBits() throws {
        let right = try sum()
        let good = try bytes()
        for place in stride(from: 0, to: good.count, by: 601) {
            var wrong = good
            wrong[place] ^= 1 << UInt8(place % 8)
            try put(wrong)
            do {
                let found = try sum()
                #expect(found == right, "byte \(place)")
            } catch let error as SQLiteError {
                #expect(error.isCorrupt && !error.isRetriable && error.hint != nil, "byte \(place)")
                #expect(!error.message.contains("I/O"), "\(error)")
            }
            let page = Int64(place / 4096 + 1)
            if page > 1 { #expect(try reader().checkPages(1..<1000) == .damaged(page: page)) }
        }
        try put(good)
        #expect(try sum() == right)
        #expect(try reader().checkPages(1..<3) == .sound)
        #expect(try reader().checkPages(1..<1000) == .end)
    }

    @Test("a page of zeros is damage wherever it stands, the first one included")
    func blankPages() throws {
        let right = try sum()
        let good = try bytes()
        for page in 1...good.count / 4096 {
            var wrong = good
            wrong.replaceSubrange((page - 1) * 4096..<page * 4096, with: [UInt8](repeating: 0, count: 4096))
            try put(wrong)
            guard page > 1 else {
                #expect(throws: SQLiteError.self) { try sum() }
                continue
            }
            #expect(try reader().checkPages(1..<1000) == .damaged(page: Int64(page)))
            // What these questions do not read is no matter to them.
            do { #expect(try sum() == right, "page \(page)") } catch let error as SQLiteError {
                #expect(error.isCorrupt, "page \(page)")
            }
        }
    }

    @Test("pages that SQLite gave up before it wrote them have a checksum, too")
    func unwrittenPages() throws {
        let writer = try Connection(path: path, ConnectionOptions(mode: .writer, checksPages: true))
        let before = try bytes().count
        // What the transaction makes and gives up is never written; the last table needs more pages behind it.
        try writer.execute(
            """
            BEGIN; CREATE TABLE gone(a);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
            INSERT INTO gone SELECT zeroblob(4000) FROM n;
            CREATE TABLE kept(a); INSERT INTO kept VALUES (zeroblob(9000)); DROP TABLE gone; COMMIT
            """)
        try writer.checkpoint(.truncate)
        #expect(try writer.integer("PRAGMA freelist_count") ?? 0 > 100)
        #expect(try bytes().count > before + 100 * 4096)
        #expect(try reader().checkPages(1..<1000) == .end)
        #expect(try writer.integer("SELECT sum(length(a)) FROM kept") == 9000)
    }

    @Test("a page in the place of another is damage")
    func movedPages() throws {
        var wrong = try bytes()
        let page = wrong.subdata(in: 8192..<12288)
        wrong.replaceSubrange(12288..<16384, with: page)
        try put(wrong)
        #expect(try reader().checkPages(1..<1000) == .damaged(page: 4))
    }

    @Test("a file whose pages have no checksums is refused by who wants them, and not changed")
    func uncheckedFile() throws {
        let other = folder.file("plain.db")
        try Connection(path: other, .writer).execute("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        let before = try Data(contentsOf: URL(fileURLWithPath: other))
        for mode in [ConnectionOptions.Mode.reader, .writer] {
            let error = #expect(throws: SQLiteError.self) {
                try Connection(path: other, ConnectionOptions(mode: mode, checksPages: true)).integer("SELECT a FROM t")
            }
            #expect(error?.isCorrupt == true)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == before)
    }

    @Test("a reader beside a writer that checkpoints sees whole pages")
    func besideCheckpoints() throws {
        let writer = try Connection(path: path, ConnectionOptions(mode: .writer, checksPages: true))
        for round in 0..<20 {
            try writer.execute("UPDATE t SET b = zeroblob(300) || '\(round)'")
            #expect(try sum() != nil)
            try writer.checkpoint(.passive)
            #expect(try reader().checkPages(1..<1000) == .end)
        }
    }
}
