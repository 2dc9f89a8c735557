internal import Files
internal import Foundation

/// A file with an API key: the key alone on the first line, then the log that it belongs to.
///
///     andon_0123456789abcdef_…
///     log 9f86d081884c7d659a2feaa0c55ad015
///
/// The second line may be missing: then the file is just what `andon key create` prints. `head -n 1 FILE` is the key.
struct KeyFile: Equatable {
    /// The key as it is sent.
    var key: String
    /// Identity of the log, in hexadecimal digits; nil if unknown.
    var log: String?

    init(key: String, log: String?) {
        self.key = key
        self.log = log
    }

    /// Reads a file.
    /// - Throws: 65 if it cannot be read or holds no key; never with a part of the key in the message.
    init(path: String) throws(CommandFailure) {
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try WholeFile.read(path)
        } catch {
            throw CommandFailure(
                .badData, "cannot read the key file '\(path)'", why: error.reason,
                next: "andon key create --role operator --out \(path)")
        }
        guard let file = KeyFile(text: String(decoding: bytes, as: UTF8.self)) else {
            throw CommandFailure(
                .badData, "'\(path)' holds no key", why: "the first line of a key file is the key, as one word",
                next: "andon key create --role operator --out FILE makes one")
        }
        self = file
    }

    /// nil if the text is not a key file.
    init?(text: String) {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        guard let key = lines.first, key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        var log: String?
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "log", words[1].allSatisfy(\.isHexDigit), log == nil else { return nil }
            log = words[1].lowercased()
        }
        self.init(key: key, log: log)
    }

    var text: String { key + "\n" + (log.map { "log \($0)\n" } ?? "") }

    /// Writes a new file that only its owner can read.
    /// - Throws: 65 if there is such a file already, 1 if it cannot be written.
    func write(to path: String) throws(CommandFailure) {
        do throws(FileFailure) {
            try WholeFile.create(path, with: Array(text.utf8), mode: 0o600)
        } catch {
            throw CommandFailure(.failure, "cannot write the key to '\(path)'", why: error.reason)
        }
    }

    /// Whether a key can be written to `path`, asked before one is made.
    static func check(_ path: String) throws(CommandFailure) {
        guard access(path, F_OK) != 0 else {
            throw CommandFailure(
                .failure, "'\(path)' is there already", why: "a key file is never overwritten",
                next: "name another file with --out, or remove this one first")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard access(folder, W_OK) == 0 else {
            throw CommandFailure(
                .failure, "cannot write the key to '\(path)'", why: "\(folder): \(FileFailure.last.reason)")
        }
    }
}
