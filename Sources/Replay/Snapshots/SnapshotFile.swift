public import Crypto
internal import Files
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
            guard writeAll(portion, to: target) else { throw failure("cannot write \(destination)") }
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
    static func sync(_ path: String) throws { try saying("cannot write \(path)") { try WholeFile.sync(path) } }

    /// Replaces a small file, durably; see ``WholeFile/replaceDurably(_:with:mode:draft:reached:)``.
    static func replace(
        _ path: String, with bytes: [UInt8], draft: String, reached: (WholeFile.Step) throws -> Void
    ) throws {
        try saying("cannot write \(path)") {
            try WholeFile.replaceDurably(path, with: bytes, draft: draft, reached: reached)
        }
    }

    static func rename(_ path: String, to destination: String) throws {
        try saying("cannot rename \(path)") { try WholeFile.rename(path, to: destination) }
    }

    /// Removes a file; it may be gone already.
    static func remove(_ path: String) throws { try saying("cannot remove \(path)") { try WholeFile.remove(path) } }

    private static func saying(_ what: String, _ body: () throws -> Void) throws {
        do { try body() } catch let failure as FileFailure { throw self.failure(what, failure) }
    }

    /// - Parameter cause: that of the call that just returned, unless it is known.
    private static func failure(_ what: String, _ cause: FileFailure = .last) -> ReplayError {
        ReplayError(
            .snapshotUnavailable, "\(what): \(cause.reason)",
            hint: cause.isFull ? "make room on that disk" : "check owner and mode of the file and of its folder",
            isRetriable: cause.isFull)
    }
}
