internal import Crypto
internal import Files
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
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let cause = FileFailure.last
            if descriptor >= 0 { close(descriptor) }
            throw CommandFailure(.badData, "cannot read '\(path)'", why: cause.reason, next: "check the path")
        }
        defer { close(descriptor) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CommandFailure(
                .badData, "'\(path)' is not a file", why: "an import has to be able to go back in what it reads",
                next: "write the events to a file first, or give them to stdin and name that with -")
        }
        byteCount = Int64(status.st_size)
        modifiedAt = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        var head = [UInt8](repeating: 0, count: Self.headBytes)
        let count = pread(descriptor, &head, head.count, 0)
        guard count >= 0 else {
            throw CommandFailure(.badData, "cannot read '\(path)'", why: FileFailure.last.reason)
        }
        headHash = SHA256Digest.of(Array(head[..<count])).hex
    }
}

/// The progress of an import: the server has acknowledged everything before ``offset``.
struct ImportState: Codable, Equatable {
    /// nil for stdin.
    var file: FileIdentity?
    var target: ImportTarget
    /// How the input is read, see ``ImportInput/reading``.
    var reading: String
    var offset: Int64 = 0
    /// Lines before ``offset``.
    var lines: Int64 = 0
    var verdicts = VerdictCounts()
    /// Position of the newest record that this import has made; nil before there is one.
    var position: String?
    /// How many events the log had counted for the site before the import; nil if this key may not ask.
    var foldedBefore: Int64?
    /// The file of rejected events, and its size; nil without one.
    var rejectsPath: String?
    var rejectsBytes: Int64 = 0

    init(file: FileIdentity?, target: ImportTarget, reading: String = ImportFormat.ndjson.rawValue) {
        self.file = file
        self.target = target
        self.reading = reading
    }

    /// Whether this state belongs to the same import.
    func matches(_ other: ImportState) -> Bool {
        file != nil && file == other.file && target.isSame(as: other.target) && reading == other.reading
    }
}

/// Where an import sends its events. What it has sent is in a log, whatever address leads there.
struct ImportTarget: Codable, Equatable {
    /// Identity of the log; nil if the server does not say.
    var log: String?
    var url: String
    var site: String?

    func isSame(as other: ImportTarget) -> Bool {
        site == other.site && log == other.log && (log != nil || url == other.url)
    }

    /// The name of the log as far as it is known.
    fileprivate var mark: String { "\(log ?? url)\n\(site ?? "")" }
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
    init(input: String, target: ImportTarget, environment: [String: String]) {
        let place = URL(fileURLWithPath: input).standardizedFileURL
        let mark = SHA256Digest.of(Array("\(place.path)\n\(target.mark)".utf8)).hex.prefix(12)
        var folder = place.deletingLastPathComponent().path
        if access(folder, W_OK) != 0 {
            let state = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? "") + "/.local/state"
            folder = state + "/andon"
        }
        path = "\(folder)/.\(place.lastPathComponent).\(mark).andon-import"
    }

    /// The state stored by an earlier run; nil if there is none, or none that is usable.
    func load() -> ImportState? {
        guard let bytes = try? WholeFile.read(path) else { return nil }
        return try? JSONDecoder().decode(ImportState.self, from: Data(bytes))
    }

    /// Stores the progress atomically.
    func save(_ state: ImportState) throws(CommandFailure) {
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try WholeFile.replace(path, with: Array(JSONEncoder().encode(state)), mode: 0o600)
        } catch {
            throw CommandFailure(
                .failure, "cannot store how far the import is", why: "\(path): \(reason(of: error))",
                next: "free some disk space, or set XDG_STATE_HOME to a folder that can be written")
        }
    }

    func remove() { unlink(path) }
}
