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
        for place in stride(from: 0, to: good.count, by: 251) {
            var wrong = good
            wrong[place] ^= 1 << UInt8(place % 8)
            try put(wrong)
            do {
                let found = try sum()
                #expect(found == right, "byte \(place)")
            } catch let error as SQLiteError {
                #expect(error.isCorrupt && !error.isRetriable && error.hint != nil, "byte \(place)")
            }
            let page = Int64(place / 4096 + 1)
            if page > 1 { #expect(try reader().checkPages(1..<1000) == .damaged(page: page)) }
        }
        try put(good)
        #expect(try sum() == right)
        #expect(try reader().checkPages(1..<3) == .sound)
        #expect(try reader().checkPages(1..<1000) == .end)
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
