internal import EventLog
internal import EventModel
internal import Foundation

/// The end of a log as it was last acknowledged, in a small file beside the log's: tells a log that has lost records from
/// one whose newest transaction was never acknowledged.
///
/// Written after every commit and never synced: after the end of a process it is exact, after the end of the machine it
/// may be a little too low. What it says is always durable in the log.
final class AcknowledgedEnd {
    struct Content: Equatable {
        var epoch: LogEpoch
        var end: LogOffset
    }

    private static let magic = Array("AnLe".utf8)
    private static let byteCount = 32

    private let descriptor: Int32

    static func path(_ log: String) -> String { log + ".end" }

    /// Opens the file for writing; creates it if it is missing.
    /// - Throws: ``LogError`` `.unavailable`.
    init(log: String) throws(LogError) {
        descriptor = Foundation.open(Self.path(log), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LogError(
                .unavailable, "cannot write \(Self.path(log)): \(String(cString: strerror(errno)))",
                hint: "check the owner and mode of the file and of its folder")
        }
    }

    deinit { close(descriptor) }

    /// What the file beside a log says; nil when there is none, or when it is not what was written.
    static func read(log: String) -> Content? {
        guard let file = FileHandle(forReadingAtPath: path(log)) else { return nil }
        defer { try? file.close() }
        guard let data = try? file.read(upToCount: byteCount + 1), data.count == byteCount else { return nil }
        let bytes = [UInt8](data)
        let end = bytes[20..<28].reversed().reduce(0) { $0 << 8 | Int64($1) }
        let content = Content(epoch: LogEpoch(bytes: Array(bytes[4..<20])), end: LogOffset(end))
        return end >= 0 && encode(content) == bytes ? content : nil
    }

    /// Failures do not matter: the next call says more.
    func write(_ content: Content) {
        let bytes = Self.encode(content)
        _ = pwrite(descriptor, bytes, bytes.count, 0)
    }

    private static func encode(_ content: Content) -> [UInt8] {
        var bytes = magic + content.epoch.bytes
        withUnsafeBytes(of: content.end.value.littleEndian) { bytes += $0 }
        let sum = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        withUnsafeBytes(of: sum.littleEndian) { bytes += $0 }
        return bytes
    }
}
