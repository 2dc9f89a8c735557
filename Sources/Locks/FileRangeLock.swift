internal import Glibc

/// The right to use a numbered part of what a file represents, among all processes: an exclusive lock on one byte of it,
/// which ends with this value or with the process, however that ends. The file stays, and is empty.
///
/// Each value has a descriptor of its own, so that two in one process exclude each other, too.
package struct FileRangeLock: ~Copyable, Sendable {
    private let descriptor: Int32
    private let part: Int64

    /// - Parameter waits: until whoever has the part lets go of it; otherwise that is a failure.
    package init(path: String, part: Int64, waits: Bool) throws(FileLockFailure) {
        // Given to `self` at the end: a value that is whole would be ended by a throw, and close a second time.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unusable(String(cString: strerror(errno))) }
        var range = Self.range(F_WRLCK, part)
        while fcntl(descriptor, waits ? Self.setWaiting : Self.set, &range) != 0 {
            if errno == EINTR { continue }
            let failure: FileLockFailure =
                errno == EAGAIN || errno == EACCES
                ? .inUse(holder: nil) : .unusable(String(cString: strerror(errno)))
            close(descriptor)
            throw failure
        }
        self.descriptor = descriptor
        self.part = part
    }

    deinit {
        // A child that was forked just now shares the descriptor until it becomes another program: closing alone would
        // leave the lock to it for that long.
        var range = Self.range(F_UNLCK, part)
        _ = fcntl(descriptor, Self.set, &range)
        close(descriptor)
    }

    private static func range(_ type: Int32, _ part: Int64) -> flock {
        var range = flock()
        range.l_type = Int16(type)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = off_t(part)
        range.l_len = 1
        return range
    }

    /// `F_OFD_SETLK` and `F_OFD_SETLKW` of Linux, which the C library shows to GNU sources alone: locks that belong to a
    /// descriptor, and not to the process.
    private static let (set, setWaiting): (Int32, Int32) = (37, 38)
}
