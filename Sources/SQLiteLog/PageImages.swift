internal import Foundation
internal import SQLite

/// Every page that the files of a log hold, in each state in which they hold it: read as plain bytes, so that a damaged
/// tree, header or frame hides nothing.
struct PageImages {
    /// One state of a page.
    struct Image: Equatable {
        enum Source { case file, writeAheadLog }

        var page: Int
        var source: Source
        var place: UInt64
    }

    let pageBytes: Int
    /// States that SQLite would read, first those of the file; rows in them were committed.
    private(set) var committed: [Image] = []
    /// States behind a damaged frame, in transactions that were written to their end.
    private(set) var beyond: [Image] = []
    /// States of which nobody can tell whether their transaction ended.
    private(set) var open: [Image] = []
    /// Of the write-ahead log, by page, the newest last: those in frames that are what was written, and the others.
    private var sound: [Int: [Image]] = [:]
    private var unsound: [Int: [Image]] = [:]

    private let file: FileHandle?
    private let log: FileHandle?
    private let filePages: Int
    /// In front of a page in the write-ahead log: the header of the file once, and that of each frame.
    private static let (headerBytes, frameHeaderBytes) = (32, 24)

    /// - Throws: when a file cannot be read. One that is missing holds nothing.
    init(path: String) throws {
        file = try Self.handle(path)
        log = try Self.handle(path + "-wal")
        let head = try file.map { try Self.read($0, 0, 32) } ?? []
        pageBytes = Self.pageBytes(head)
        let size = try file?.seekToEnd() ?? 0
        filePages = Int(size) / pageBytes
        for page in 0..<filePages {
            committed.append(Image(page: page + 1, source: .file, place: UInt64(page * pageBytes)))
        }
        try readFrames(path)
    }

    private static func handle(_ path: String) throws -> FileHandle? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    }

    private static func read(_ file: FileHandle, _ place: UInt64, _ count: Int) throws -> [UInt8] {
        try file.seek(toOffset: place)
        return [UInt8](try file.read(upToCount: count) ?? Data())
    }

    /// The size that the file states, if that is one; files of a log have always had the same.
    private static func pageBytes(_ head: [UInt8]) -> Int {
        guard head.count >= 18 else { return LogFormat.pageBytes }
        let stated = Int(head[16]) << 8 | Int(head[17])
        return stated >= 512 && stated & (stated - 1) == 0 ? stated : LogFormat.pageBytes
    }

    private mutating func readFrames(_ path: String) throws {
        guard var wal = try WriteAheadLogFile(ofDatabaseAt: path, pageBytes: pageBytes) else { return }
        // Pages of another size would be those of another file.
        guard wal.pageBytes == pageBytes else { return }
        var isReadBySQLite = wal.isHeaderSound
        var waiting: [Image] = []
        try wal.forEachFrame { frame in
            let place = Self.headerBytes + (frame.number - 1) * (Self.frameHeaderBytes + pageBytes)
            let image = Image(
                page: frame.page, source: .writeAheadLog, place: UInt64(place + Self.frameHeaderBytes))
            // What is left over from an earlier round was copied to the file before; it stays among those that are open.
            isReadBySQLite = isReadBySQLite && frame.isSound
            waiting.append(image)
            if frame.isSound {
                sound[image.page, default: []].append(image)
            } else {
                unsound[image.page, default: []].append(image)
            }
            guard frame.endsTransaction, frame.isOfThisRound else { return }
            if isReadBySQLite { committed += waiting } else { beyond += waiting }
            waiting = []
        }
        open += waiting
    }

    var count: Int { committed.count + beyond.count + open.count }

    func content(of image: Image) throws -> [UInt8] {
        guard let handle = image.source == .file ? file : log else { return [] }
        return try Self.read(handle, image.place, pageBytes)
    }

    /// The states of a page, the most likely one first.
    func images(of page: Int) -> [Image] {
        var images = (sound[page] ?? []).reversed() + []
        if page >= 1, page <= filePages {
            images.append(Image(page: page, source: .file, place: UInt64((page - 1) * pageBytes)))
        }
        return images + (unsound[page] ?? []).reversed()
    }
}
