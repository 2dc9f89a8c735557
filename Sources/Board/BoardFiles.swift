internal import CBoard
internal import Crypto
internal import Foundation
internal import HTTPServer

/// The files of the board: those that the program was built with, or those of a directory while they are developed.
struct BoardFiles: Sendable {
    /// One file.
    struct File: Sendable {
        /// Path below the board's folder, e.g. `lib/state.js`.
        let name: String
        let bytes: [UInt8]
    }

    /// Where files are read for every request, in place of ``embedded``; nil outside development.
    private let directory: String?
    /// Larger files are none of the board's.
    private static let fileBytesMaximum = 4 << 20

    init(directory: String? = nil) { self.directory = directory }

    /// True where a browser must not keep anything.
    var areChanging: Bool { directory != nil }

    /// What the program was built with.
    static let embedded: [File] = (0..<andon_board_file_count()).map { index in
        let file = andon_board_file(index)
        return File(
            name: String(cString: file.name), bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
    }

    /// Compressed at the first request for any of them, and kept.
    private static let answers: [String: StoredAnswer] = Dictionary(
        uniqueKeysWithValues: embedded.map { ($0.name, answer($0, cache: "no-cache")) })

    /// The answer with a file; nil where there is none of this name.
    func answer(_ name: String) -> StoredAnswer? {
        guard Self.isName(name) else { return nil }
        guard let directory else { return Self.answers[name] }
        guard let file = Self.read(name, in: directory) else {
            // Files of libraries are not in the directory.
            return Self.embedded.first { $0.name == name }.map { Self.answer($0, cache: "no-store") }
        }
        return Self.answer(file, cache: "no-store")
    }

    /// Letters, digits, `.`, `_` and `-` in segments that begin with a letter or a digit: no way out of a folder.
    static func isName(_ name: String) -> Bool {
        name.utf8.count <= 200
            && name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
                guard let first = part.first, isLetterOrDigit(first) else { return false }
                return part.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }

    private static func read(_ name: String, in directory: String) -> File? {
        guard let handle = FileHandle(forReadingAtPath: "\(directory)/\(name)") else { return nil }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: fileBytesMaximum) else { return nil }
        return File(name: name, bytes: Array(data))
    }

    private static func answer(_ file: File, cache: String) -> StoredAnswer {
        let type = MediaType(of: file.name)
        return StoredAnswer(
            file.bytes, tag: String(SHA256Digest.of(file.bytes).hex.prefix(32)),
            headers: [("Content-Type", type.text), ("Cache-Control", cache)] + BoardPolicy.headers,
            isCompressible: type.isText)
    }
}

/// What a file is, by the ending of its name.
struct MediaType: Equatable {
    var text: String
    var isText = true

    init(of name: String) {
        switch name.split(separator: ".").last {
        case "html": text = "text/html; charset=utf-8"
        case "js": text = "text/javascript; charset=utf-8"
        case "css": text = "text/css; charset=utf-8"
        case "svg": text = "image/svg+xml"
        case "webmanifest": text = "application/manifest+json"
        case "png": (text, isText) = ("image/png", false)
        default: (text, isText) = ("application/octet-stream", false)
        }
    }
}
