internal import Foundation

/// The file of a write-ahead log, read alone and without SQLite: opening a database already copies frames into it, cuts
/// the file or removes it.
///
/// The format is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
public struct WriteAheadLogFile {
    /// One frame: a page as a transaction wrote it.
    public struct Frame {
        /// 1 for the first one.
        public var number: Int
        public var page: Int
        /// Whether a transaction ends with it.
        public var endsTransaction: Bool
        /// Whether it belongs to this round of the file; what follows the newest frame is left over from the round before.
        public var isOfThisRound: Bool
        /// Whether its checksum continues that of the frame before, and is right.
        public var isSound: Bool
        public var content: ArraySlice<UInt8>
    }

    private static let headerBytes = 32
    private static let frameHeaderBytes = 24

    private let file: FileHandle
    public let pageBytes: Int
    /// Whether the header is what was written. If it is not, SQLite takes the file for an empty one.
    public let isHeaderSound: Bool
    private let isBigEndian: Bool
    private var salts: [UInt8]
    private var sum: WriteAheadLogSum

    /// Opens the write-ahead log of the database at `path`.
    /// - Parameter pageBytes: size of a page where the header is damaged.
    /// - Returns: nil when there is none, or an empty one.
    /// - Throws: when the file cannot be read.
    public init?(ofDatabaseAt path: String, pageBytes: Int) throws {
        let url = URL(fileURLWithPath: path + "-wal")
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        file = try FileHandle(forReadingFrom: url)
        guard let head = try file.read(upToCount: Self.headerBytes), head.count == Self.headerBytes else { return nil }
        let header = [UInt8](head)
        isBigEndian = header.word(at: 0) & 1 == 1
        salts = Array(header[16..<24])
        sum = WriteAheadLogSum(isBigEndian: isBigEndian)
        isHeaderSound = WriteAheadLogHeader.isSound(header)
        self.pageBytes = isHeaderSound ? Int(header.word(at: 8)) : pageBytes
        sum.set(header, at: 24)
    }

    /// Calls `body` with every whole frame of the file.
    public mutating func forEachFrame(_ body: (Frame) throws -> Void) throws {
        defer { try? file.close() }
        var number = 0
        while let data = try file.read(upToCount: Self.frameHeaderBytes + pageBytes),
            data.count == Self.frameHeaderBytes + pageBytes
        {
            let bytes = [UInt8](data)
            number += 1
            // Where the header cannot say it, the first frame does.
            if number == 1, !isHeaderSound { salts = Array(bytes[8..<16]) }
            let isOfThisRound = bytes[8..<16] == salts[...]
            sum.add(bytes[0..<8])
            sum.add(bytes[Self.frameHeaderBytes...])
            let isSound = isOfThisRound && sum.isStated(in: bytes, at: 16)
            // The next one continues what this one states, so that one wrong frame makes no other one wrong.
            sum.set(bytes, at: 16)
            try body(
                Frame(
                    number: number, page: Int(bytes.word(at: 0)), endsTransaction: bytes.word(at: 4) != 0,
                    isOfThisRound: isOfThisRound, isSound: isSound, content: bytes[Self.frameHeaderBytes...]))
        }
    }
}

/// The running checksum of a write-ahead log.
struct WriteAheadLogSum {
    private let isBigEndian: Bool
    private var first: UInt32 = 0
    private var second: UInt32 = 0

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    /// Goes on from a checksum that stands in the file.
    mutating func set(_ bytes: [UInt8], at place: Int) {
        (first, second) = (bytes.word(at: place), bytes.word(at: place + 4))
    }

    func isStated(in bytes: [UInt8], at place: Int) -> Bool {
        first == bytes.word(at: place) && second == bytes.word(at: place + 4)
    }

    /// - Parameter bytes: a multiple of eight.
    mutating func add(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { buffer in
            for place in stride(from: 0, to: buffer.count, by: 8) {
                let left = buffer.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                let right = buffer.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                first &+= (isBigEndian ? left.bigEndian : left.littleEndian) &+ second
                second &+= (isBigEndian ? right.bigEndian : right.littleEndian) &+ first
            }
        }
    }
}

extension [UInt8] {
    /// Four bytes, the highest first.
    package func word(at place: Int) -> UInt32 { self[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
