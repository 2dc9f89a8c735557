internal import Foundation

/// The head of a write-ahead log's file. SQLite takes a file whose head is damaged for an empty one, without a word.
public enum WriteAheadLogHeader {
    private static let byteCount = 32
    /// Without its last bit, which tells the order of bytes in checksums.
    private static let magic: UInt32 = 0x377f_0682

    /// Whether the database at `path` has no write-ahead log, an empty one, or one with a sound head.
    ///
    /// The format is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
    public static func isSound(ofDatabaseAt path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path + "-wal") else { return true }
        defer { try? file.close() }
        guard let head = try? file.read(upToCount: byteCount), !head.isEmpty else { return true }
        return isSound([UInt8](head))
    }

    /// Whether these bytes are a head.
    static func isSound(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == byteCount, bytes.word(at: 0) & ~1 == magic else { return false }
        var sum = WriteAheadLogSum(isBigEndian: bytes.word(at: 0) & 1 == 1)
        sum.add(bytes[0..<24])
        return sum.isStated(in: bytes, at: 24)
    }
}
