internal import Glibc

/// Why a ``FileLock`` cannot be had.
package enum FileLockFailure: Error {
    /// The file cannot be made or opened, for this reason.
    case unusable(String)
    /// Another process, or another part of this one, has it: the process id that it wrote, where it can be read.
    case inUse(holder: String?)
}

/// The right to write what a file represents: an exclusive `flock`, which ends with this value or with the process,
/// however that ends. The file stays; it holds the process id of its newest owner, for people.
package struct FileLock: ~Copyable {
    private let descriptor: Int32

    package init(path: String) throws(FileLockFailure) {
        // Given to `self` at the end: a value that is whole would be ended by a throw, and close a second time.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unusable(String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw .inUse(holder: holder)
        }
        let text = Array("\(getpid())\n".utf8)
        // For people only, so a failure does not matter.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
        self.descriptor = descriptor
    }

    deinit {
        // A child that was forked just now shares the descriptor until it becomes another program: closing alone would
        // leave the lock to it for that long.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String? {
        var text = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &text, text.count, 0)
        let digits = text.prefix(max(0, count)).prefix { (48...57).contains($0) }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }
}
