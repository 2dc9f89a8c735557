public import Glibc

/// Why a file cannot be read or written, in the kernel's words.
public struct FileFailure: Error, Equatable {
    /// E.g. `No such file or directory`.
    public var reason: String
    /// Whether there is no such file.
    public var isMissing = false
    /// Whether the disk, or the user's share of it, is full.
    public var isFull = false

    public init(_ reason: String) { self.reason = reason }

    /// The failure of the call that just returned.
    public static var last: FileFailure {
        let code = errno
        var failure = FileFailure(String(cString: strerror(code)))
        failure.isMissing = code == ENOENT
        failure.isFull = code == ENOSPC || code == EDQUOT
        return failure
    }
}

/// Small files, read and written as a whole: keys, configurations, definitions, progress, lists, descriptions.
public enum WholeFile {
    /// No such file is larger; prevents a typing error from filling the memory.
    public static let bytesMaximum = 256 << 20

    /// How far ``replaceDurably(_:with:mode:draft:reached:)`` is.
    public enum Step: Sendable {
        /// The content is on the device, under the name of the draft.
        case written
        /// The content has its name; the folder may not be on the device.
        case renamed
    }

    /// The content of the file at `path`.
    public static func read(_ path: String) throws(FileFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            guard count > 0 else { return bytes }
            bytes += block[..<count]
            guard bytes.count <= bytesMaximum else { throw FileFailure("it has more than \(bytesMaximum) bytes") }
        }
    }

    /// Replaces the file at `path`: whoever reads it sees the old content or the new, never a part.
    /// - Parameter isDurable: waits until it is on the device, so that this also holds when the machine goes down.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o644, isDurable: Bool = false
    ) throws(FileFailure) {
        let draft = "\(path).\(getpid()).new"
        unlink(draft)
        do throws(FileFailure) {
            try create(draft, with: bytes, mode: mode)
            if isDurable { try sync(draft) }
            try rename(draft, to: path)
            if isDurable { try sync(folder(of: path)) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Replaces the file at `path`, durably, for one writer at a time: whatever ends the process or the machine between
    /// two steps, the old content is there or the new, and a draft at most, which the next writer removes.
    /// - Parameter reached: called after each step; what it throws ends the writing there.
    /// - Throws: ``FileFailure``, or what `reached` throws.
    public static func replaceDurably(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o600, draft: String,
        reached: (Step) throws -> Void = { _ in }
    ) throws {
        unlink(draft)
        try create(draft, with: bytes, mode: mode)
        try sync(draft)
        try reached(.written)
        try rename(draft, to: path)
        try reached(.renamed)
        try sync(folder(of: path))
    }

    /// Waits until a file, or the names in a folder, are on the device.
    public static func sync(_ path: String) throws(FileFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last }
    }

    /// Gives a file another name in the same file system; replaces what has it.
    public static func rename(_ path: String, to destination: String) throws(FileFailure) {
        guard Glibc.rename(path, destination) == 0 else { throw .last }
    }

    /// Removes a file; it may be gone already.
    public static func remove(_ path: String) throws(FileFailure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .last }
    }

    /// Makes a file that is not there yet.
    /// - Parameter mode: who may read and write it, whatever the umask grants beyond.
    public static func create(_ path: String, with bytes: [UInt8], mode: mode_t) throws(FileFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        guard writeAll(bytes, to: descriptor) else { throw .last }
    }

    /// The folder in which a file lies.
    public static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }
}

/// Writes all bytes with as few calls as the kernel allows; false on error, with errno set.
public func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
}

/// Writes all bytes with as few calls as the kernel allows; false on error, with errno set.
public func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return false }
        rest = rest.dropFirst(written)
    }
    return true
}
