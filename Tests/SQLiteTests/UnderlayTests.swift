import Foundation
import SQLite
import TestKit
import Testing

// Layer: machine. A database over another file against the same database without one.
@Suite("A database over another file")
struct UnderlayTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("over.db") }
    private var underlay: String { path + ConnectionOptions.underlaySuffix }

    init() throws {
        folder = try TemporaryFolder()
        let below = folder.file("below.db")
        let writer = try Connection(path: below, ConnectionOptions(mode: .writer, checksPages: true))
        try writer.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB); CREATE INDEX i ON t(b)")
        try Self.insert(1...200, writer)
        try writer.checkpoint(.truncate)
        try FileManager.default.copyItem(atPath: below, toPath: underlay)
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(truncate(path, off_t(try size(underlay))) == 0)
    }

    private static func insert(_ numbers: ClosedRange<Int>, _ writer: Connection) throws {
        let insert = try writer.prepare("INSERT INTO t VALUES (?1, zeroblob(300) || ?1)")
        try writer.transaction {
            for number in numbers {
                try insert.bind(1, number)
                try insert.run()
            }
        }
    }

    private func size(_ path: String) throws -> Int { try Data(contentsOf: URL(filePath: path)).count }

    private func open(_ mode: ConnectionOptions.Mode) throws -> Connection {
        try Connection(path: path, ConnectionOptions(mode: mode, checksPages: true))
    }

    private func sum(_ connection: Connection) throws -> Int64? {
        try connection.integer("SELECT sum(a) + (SELECT count(*) FROM t WHERE b > 'x') FROM t")
    }

    private func flip(_ path: String, at place: Int) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[place] ^= 1
        try bytes.write(to: URL(filePath: path))
    }

    @Test("has what that file has, alone and with a write-ahead log, and every page is found sound")
    func reads() throws {
        #expect(try sum(open(.fileAlone)) == 20_100)
        #expect(try sum(open(.writer)) == 20_100)
        #expect(try sum(open(.reader)) == 20_100)
        #expect(try open(.reader).structuralDamage() == nil)
        let pages = Int64(try size(underlay) / 4096)
        #expect(try open(.reader).checkPages(1..<pages + 1) == .sound)
        #expect(try open(.reader).checkPages(1..<pages + 2) == .end)
    }

    @Test("takes what is written, grows beyond that file, and leaves it as it is")
    func writes() throws {
        let before = try Data(contentsOf: URL(filePath: underlay))
        let writer = try open(.writer)
        try writer.execute("DELETE FROM t WHERE a <= 50; UPDATE t SET b = 'y' WHERE a = 60")
        try Self.insert(1001...1400, writer)
        try writer.checkpoint(.truncate)
        let expected = try sum(writer)
        #expect(try sum(open(.fileAlone)) == expected && open(.reader).structuralDamage() == nil)
        #expect(try size(path) > before.count)
        #expect(try Data(contentsOf: URL(filePath: underlay)) == before)
        try writer.execute("DELETE FROM t")
        try writer.execute("VACUUM")
        try Self.insert(1...300, writer)
        try writer.checkpoint(.truncate)
        #expect(try sum(open(.fileAlone)) == 45_150 && open(.reader).structuralDamage() == nil)
        #expect(try Data(contentsOf: URL(filePath: underlay)) == before)
    }

    @Test("a wrong bit is damage and never a value, wherever the page comes from")
    func wrongBits() throws {
        let pages = try size(underlay) / 4096
        for page in 1..<pages {
            try flip(underlay, at: page * 4096 + 77)
            #expect(try open(.reader).checkPages(1..<Int64(pages) + 1) == .damaged(page: Int64(page) + 1))
            #expect(throws: SQLiteError.self) {
                _ = try sum(open(.fileAlone))
                _ = try open(.fileAlone).integer("SELECT count(*) FROM (SELECT b FROM t ORDER BY b)")
            }
            try flip(underlay, at: page * 4096 + 77)
        }
        let writer = try open(.writer)
        try writer.execute("UPDATE t SET b = zeroblob(300) || a || '!'")
        try writer.checkpoint(.truncate)
        #expect(try open(.reader).checkPages(1..<Int64(pages) + 1) == .sound)
        try flip(path, at: 3 * 4096 + 77)
        #expect(try open(.reader).checkPages(1..<Int64(pages) + 1) == .damaged(page: 4))
    }

    @Test("a page that neither has is damage; without the file it is no database")
    func missing() throws {
        let bytes = try Data(contentsOf: URL(filePath: underlay))
        try bytes.prefix(3 * 4096 + 100).write(to: URL(filePath: underlay))
        #expect(try open(.reader).checkPages(1..<100) == .damaged(page: 4))
        try FileManager.default.removeItem(atPath: underlay)
        #expect(throws: SQLiteError.self) { try sum(open(.fileAlone)) }
    }
}
