internal import Crypto
internal import Foundation

/// Identifies a file: a changed file is imported from the start.
struct FileIdentity: Codable, Equatable {
    var byteCount: Int64
    /// Nanoseconds since 1970.
    var modifiedAt: Int64
    /// SHA-256 of the first bytes.
    var headHash: String

    private static let headBytes = 64 << 10

    init(path: String) throws(CommandFailure) {
        var status = stat()
        guard stat(path, &status) == 0, let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(
                .badData, "cannot read '\(path)'", why: String(cString: strerror(errno)), next: "check the path")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CommandFailure(
                .badData, "'\(path)' is not a file", why: "an import has to be able to go back in what it reads",
                next: "write the events to a file first")
        }
        byteCount = Int64(status.st_size)
        modifiedAt = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        let head = (try? handle.read(upToCount: Self.headBytes)) ?? Data()
        headHash = SHA256Digest.of([UInt8](head)).hex
        try? handle.close()
    }
}

/// The progress of an import: the server has acknowledged everything before ``offset``.
struct ImportState: Codable, Equatable {
    var file: FileIdentity
    var url: String
    var site: String?
    var offset: Int64 = 0
    /// Lines before ``offset``.
    var lines: Int64 = 0
    var verdicts = VerdictCounts()

    /// Whether this state belongs to the same import.
    func matches(_ other: ImportState) -> Bool {
        file == other.file && url == other.url && site == other.site && offset <= file.byteCount
    }
}

/// Verdicts by code (SPEC 2.3).
struct VerdictCounts: Codable, Equatable {
    var accepted: Int64 = 0
    var duplicates: Int64 = 0
    /// Every other verdict, by its code.
    var rejected: [String: Int64] = [:]

    /// Events rejected because of faulty data (SPEC 8.6).
    var faults: Int64 { rejected.filter { $0.key != "low_confidence" }.values.reduce(0, +) }
    var total: Int64 { accepted + duplicates + rejected.values.reduce(0, +) }
}

/// The small file in which an import stores its progress: next to its input, or in the user's state folder.
struct ImportStateFile {
    let path: String

    /// - Parameter environment: names the state folder (`XDG_STATE_HOME`, `HOME`) for inputs in read-only folders.
    init(input: String, url: String, site: String?, environment: [String: String]) {
        let place = URL(fileURLWithPath: input).standardizedFileURL
        let mark = SHA256Digest.of(Array("\(place.path)\n\(url)\n\(site ?? "")".utf8)).hex.prefix(12)
        var folder = place.deletingLastPathComponent().path
        if access(folder, W_OK) != 0 {
            let state = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? "") + "/.local/state"
            folder = state + "/andon"
        }
        path = "\(folder)/.\(place.lastPathComponent).\(mark).andon-import"
    }

    /// The state stored by an earlier run; nil if there is none, or none that is usable.
    func load() -> ImportState? {
        FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode(ImportState.self, from: $0) }
    }

    /// Stores the progress atomically.
    func save(_ state: ImportState) throws(CommandFailure) {
        do {
            let file = URL(fileURLWithPath: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try JSONEncoder().encode(state).write(to: file, options: .atomic)
        } catch {
            throw CommandFailure(
                .failure, "cannot note how far the import is", why: "\(path): \(error.localizedDescription)",
                next: "free some disk space, or set XDG_STATE_HOME to a folder that can be written")
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
