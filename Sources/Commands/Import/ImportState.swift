internal import Crypto
internal import Foundation

/// What a file is recognised by: a file that was changed is imported from its beginning.
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

/// How far an import has come: everything before ``offset`` was acknowledged by the server.
struct ImportState: Codable, Equatable {
    var file: FileIdentity
    var url: String
    var site: String?
    var offset: Int64 = 0
    /// Lines before ``offset``.
    var lines: Int64 = 0
    var verdicts = VerdictCounts()

    /// Whether this state belongs to the same work.
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

    /// Events that were rejected for a reason that is a fault of the data (SPEC 8.6).
    var faults: Int64 { rejected.filter { $0.key != "low_confidence" }.values.reduce(0, +) }
    var total: Int64 { accepted + duplicates + rejected.values.reduce(0, +) }
}

/// The small file in which an import notes how far it is: beside its input, or in the user's state folder.
struct ImportStateFile {
    let path: String

    /// - Parameter environment: names the state folder (`XDG_STATE_HOME`, `HOME`) for inputs in folders that are read-only.
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

    /// What an earlier run noted; nil where there is nothing, or nothing of use.
    func load() -> ImportState? {
        FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode(ImportState.self, from: $0) }
    }

    /// Notes how far the import is, all or nothing.
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
