internal import EventLog
internal import Foundation
internal import Glibc

/// The right to write a log: an exclusive `flock` on `FILE.lock`, which ends with this value or with the process,
/// however that ends. The file stays; it holds the process id of the newest writer, for people.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `.inUse` when another process, or another part of this one, has the lock.
    init(path: String) throws(LogError) {
        // Given to `self` at the end: a value that is whole would be ended by a throw, and close a second time.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw LogError(
                .unavailable, "cannot open \(path): \(reason)",
                hint: "check that the folder exists and that this user may write there")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw LogError(
                .inUse, "\(path) is locked\(holder): a log has one writer",
                hint: "stop that process first, or send it what is to be written")
        }
        let text = Array("\(getpid())\n".utf8)
        // For people only, so a failure does not matter.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &text, text.count, 0)
        let digits = text.prefix(max(0, count)).prefix { (48...57).contains($0) }
        return digits.isEmpty ? "" : " by process \(String(decoding: digits, as: UTF8.self))"
    }
}
