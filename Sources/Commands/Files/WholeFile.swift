internal import Foundation
internal import Observability

/// Why a file cannot be read or written, in the kernel's words.
struct FileFailure: Error, Equatable {
    /// E.g. `No such file or directory`.
    var reason: String
    /// Whether there is no such file.
    var isMissing = false

    init(_ reason: String) { self.reason = reason }

    /// The failure of the call that just returned.
    static var last: FileFailure {
        var failure = FileFailure(String(cString: strerror(errno)))
        failure.isMissing = errno == ENOENT
        return failure
    }
}

/// Small files, read and written as a whole: keys, configurations, definitions, progress.
enum WholeFile {
    /// No such file is larger; prevents a typing error from filling the memory.
    static let bytesMaximum = 256 << 20

    /// The content of the file at `path`.
    static func read(_ path: String) throws(FileFailure) -> [UInt8] {
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
    static func replace(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o644, isDurable: Bool = false
    ) throws(FileFailure) {
        let draft = "\(path).\(getpid()).new"
        unlink(draft)
        do throws(FileFailure) {
            try create(draft, with: bytes, mode: mode)
            if isDurable { try sync(draft) }
            guard rename(draft, path) == 0 else { throw .last }
            if isDurable { try sync(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".") }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Waits until a file, or the names in a folder, are on the device.
    static func sync(_ path: String) throws(FileFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last }
    }

    /// Makes a file that is not there yet.
    /// - Parameter mode: who may read and write it, whatever the umask grants beyond.
    static func create(_ path: String, with bytes: [UInt8], mode: mode_t) throws(FileFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        guard writeAll(bytes, to: descriptor) else { throw .last }
    }
}

/// Writes all bytes with as few calls as the kernel allows; false on error, with errno set.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var rest = UnsafeRawBufferPointer(buffer)[...]
        while !rest.isEmpty {
            let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}

/// What went wrong, as people read it. Foundation's own words for errors of files say nothing about the cause.
func reason(of error: any Error) -> String {
    if let error = error as? any OperatorError { return error.message }
    if let error = error as? FileFailure { return error.reason }
    let general = error as NSError
    if general.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(general.code))) }
    if let cause = general.userInfo[NSUnderlyingErrorKey] as? any Error { return reason(of: cause) }
    switch error as? CocoaError {
    case let known? where known.code == .fileNoSuchFile || known.code == .fileReadNoSuchFile: return "it is not there"
    case let known? where known.code == .fileReadNoPermission || known.code == .fileWriteNoPermission:
        return "this user may not"
    case let known? where known.code == .fileWriteOutOfSpace: return "the disk is full"
    case let known? where known.code == .fileWriteFileExists: return "something of that name is there already"
    default: return "\(error)"
    }
}
