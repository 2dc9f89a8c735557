internal import EventLog
internal import Files
internal import Foundation
internal import SQLiteLog

/// The mark of a server that runs on a data directory: a lock that ends with the process, however that ends.
///
/// A lock of the kind that can be looked at without being taken, so that a command that looks never disturbs a server
/// that starts.
final class RunningMark {
    private let descriptor: Int32

    /// Takes the mark; nil if another process has it, or if the folder cannot be written.
    init?(_ directory: DataDirectory) {
        let descriptor = open(directory.runningLock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        var wanted = Self.wholeFile
        guard fcntl(descriptor, Self.setLock, &wanted) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Whether a process has the mark.
    static func isTaken(_ directory: DataDirectory) -> Bool {
        let descriptor = open(directory.runningLock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var found = wholeFile
        return fcntl(descriptor, getLock, &found) == 0 && found.l_type != Int16(F_UNLCK)
    }

    // `F_OFD_GETLK` and `F_OFD_SETLK`, which Glibc's module leaves out: they belong to the open file, not the process.
    private static let getLock: Int32 = 36
    private static let setLock: Int32 = 37

    private static var wholeFile: flock {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return lock
    }
}

extension DataDirectory {
    /// Held by the process that serves this directory.
    fileprivate var runningLock: String { path + "/running.lock" }
    /// URL of the server that uses this directory.
    private var urlFile: String { path + "/andon.url" }

    /// How long a command waits for a server that starts: `andon up &` and the next command may stand in one script.
    static let startMilliseconds = 10_000
    private static let lookMilliseconds = 50

    /// Whether this becomes a directory with a log within two seconds: a server may just be making it.
    var becomesStore: Bool {
        for _ in 0..<2_000 / Self.lookMilliseconds {
            if logIdentity != nil { return true }
            Thread.sleep(forTimeInterval: Double(Self.lookMilliseconds) / 1_000)
        }
        return false
    }

    /// The URL of the server that runs on this directory.
    /// - Parameter waitMilliseconds: how long to wait for a server that runs and is not ready.
    /// - Throws: 69 if none runs here, or if it is not ready yet.
    func runningURL(waitMilliseconds: Int = DataDirectory.startMilliseconds) throws(CommandFailure) -> String {
        guard access(path, F_OK) != 0 || access(path, R_OK | X_OK) == 0 else {
            throw CommandFailure(
                .unavailable, "cannot look into '\(path)'", why: FileFailure.last.reason,
                next: "run this as the user that runs the server, or name the server with --url")
        }
        let option = path == Self.option.spec.defaultText ? "" : " --data-dir \(path)"
        guard RunningMark.isTaken(self) else {
            throw CommandFailure(
                .unavailable, "no server runs on \(path); start it with andon up\(option)",
                next: "andon up\(option), or name another server with --url")
        }
        for _ in 0..<waitMilliseconds / Self.lookMilliseconds where notedURL == nil && RunningMark.isTaken(self) {
            Thread.sleep(forTimeInterval: Double(Self.lookMilliseconds) / 1_000)
        }
        guard let url = notedURL else {
            throw CommandFailure(
                .unavailable, "the server on \(path) is not ready yet",
                why: "it still reads its log, or it is just ending", next: "try again in a moment")
        }
        return url
    }

    private var notedURL: String? {
        let bytes = try? WholeFile.read(urlFile)
        let text = bytes.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
        return text.flatMap { $0.hasPrefix("http") ? $0 : nil }
    }

    /// Stores the server's URL for commands on the same machine; nil removes it.
    func noteRunning(at url: String?) {
        guard let url else {
            unlink(urlFile)
            return
        }
        try? WholeFile.replace(urlFile, with: Array((url + "\n").utf8))
    }

    /// Identity of the log in this directory, in hexadecimal digits; nil if it holds none that can be read.
    var logIdentity: String? {
        guard access(log, F_OK) == 0, let log = try? SQLiteLog.openReader(path: log) else { return nil }
        defer { log.close() }
        return log.epoch.description
    }
}
