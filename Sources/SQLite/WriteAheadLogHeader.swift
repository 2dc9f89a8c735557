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
        let bytes = [UInt8](head)
        guard bytes.count == byteCount, word(bytes, 0) & ~1 == magic else { return false }
        let isBigEndian = word(bytes, 0) & 1 == 1
        var sum: (UInt32, UInt32) = (0, 0)
        for place in stride(from: 0, to: 24, by: 8) {
            let first = word(bytes, place)
            let second = word(bytes, place + 4)
            sum.0 = sum.0 &+ (isBigEndian ? first : first.byteSwapped) &+ sum.1
            sum.1 = sum.1 &+ (isBigEndian ? second : second.byteSwapped) &+ sum.0
        }
        return sum == (word(bytes, 24), word(bytes, 28))
    }

    /// Four bytes, the highest first.
    private static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
