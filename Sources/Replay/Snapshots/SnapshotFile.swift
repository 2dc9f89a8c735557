public import Crypto
internal import Foundation
internal import Glibc
public import ProjectionStore

/// Length and hash of files.
public enum FileHash {
    /// Reads a file from its beginning to its end.
    /// - Returns: nil when `progress`, which gets bytes, ended it.
    /// - Throws: ``ReplayError`` when it cannot be read.
    public static func of(_ path: String, _ progress: StoreCopy.Progress) throws -> (bytes: Int64, hash: SHA256Digest)?
    {
        try SnapshotFile.hash(path, progress)
    }
}

/// Files of snapshots, as bytes.
enum SnapshotFile {
    private static let portionBytes = 1 << 20

    /// Length and hash of a file.
    /// - Returns: nil when `progress` ended it.
    static func hash(_ path: String, _ progress: StoreCopy.Progress) throws -> (bytes: Int64, hash: SHA256Digest)? {
        try pass(path, progress) { _ in }
    }

    /// Copies a file and makes the copy durable.
    /// - Returns: length and hash of what was copied; nil when `progress` ended it.
    static func copy(
        _ path: String, to destination: String, _ progress: StoreCopy.Progress
    ) throws -> (bytes: Int64, hash: SHA256Digest)? {
        let target = open(destination, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw failure("cannot write \(destination)") }
        defer { close(target) }
        let copied = try pass(path, progress) { portion in
            var rest = portion[...]
            while !rest.isEmpty {
                let written = Glibc.write(target, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw failure("cannot write \(destination)") }
                rest = rest.dropFirst(written)
            }
        }
        guard fsync(target) == 0 else { throw failure("cannot write \(destination)") }
        return copied
    }

    private static func pass(
        _ path: String, _ progress: StoreCopy.Progress, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> (bytes: Int64, hash: SHA256Digest)? {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw failure("cannot read \(path)") }
        defer { close(source) }
        var status = stat()
        guard fstat(source, &status) == 0 else { throw failure("cannot read \(path)") }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: portionBytes)
        var done: Int64 = 0
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot read \(path)") }
            guard count > 0 else { return (done, hasher.finish()) }
            try buffer.withUnsafeBytes { bytes in
                let portion = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                hasher.update(portion)
                try body(portion)
            }
            done += Int64(count)
            guard progress(done, Int64(status.st_size)) else { return nil }
        }
    }

    /// Length of a file.
    static func bytes(_ path: String) throws -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("cannot read \(path)") }
        return Int64(status.st_size)
    }

    /// Waits until a file, or the names in a folder, are on the device.
    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot write \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("cannot write \(path)") }
    }

    /// Writes a small file and makes it durable.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write \(path)") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw failure("cannot write \(path)")
        }
    }

    static func rename(_ path: String, to destination: String) throws {
        guard Glibc.rename(path, destination) == 0 else { throw failure("cannot rename \(path)") }
    }

    /// Removes a file; it may be gone already.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("cannot remove \(path)") }
    }

    /// The failure of the call that just returned.
    private static func failure(_ what: String) -> ReplayError {
        let code = errno
        let isFull = code == ENOSPC || code == EDQUOT
        return ReplayError(
            .snapshotUnavailable, "\(what): \(String(cString: strerror(code)))",
            hint: isFull ? "make room on that disk" : "check owner and mode of the file and of its folder",
            isRetriable: isFull)
    }
}
