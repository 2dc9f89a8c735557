internal import Files
internal import Foundation
internal import JSON

/// An event that was refused, and why.
struct Rejection: Equatable {
    /// Number of the line in the input, from 1.
    var line: Int64
    var code: String
    /// The field that breaks the rule; nil if the event as a whole does.
    var field: String?
    var message: String
    /// The value of the field; nil if there is none.
    var value: JSONValue?
    /// The event as the input has it.
    var event: [UInt8]
}

/// The file of `--rejects`: every refused event with its line, code, field and value, as NDJSON or CSV.
///
/// Written batch by batch. An import that goes on after a failure cuts off what an unfinished batch left behind.
final class RejectsFile {
    static let option = Option.text(
        "rejects", "FILE",
        "write every rejected event there with line, code, field and value: CSV if the name ends so, "
            + "else NDJSON")

    private let path: String
    private let descriptor: Int32
    private let isCSV: Bool
    private(set) var byteCount: Int64

    /// Opens the file.
    /// - Parameters:
    ///   - kept: how many bytes of an earlier run of this import stay; 0: the file begins anew.
    ///   - input: the path of the import's input, which must be another file.
    init(path: String, keeping kept: Int64, input: String) throws(CommandFailure) {
        guard !Self.isSameFile(path, input) else {
            throw CommandFailure(.usage, "--rejects names the file that is imported", next: "name another file")
        }
        self.path = path
        isCSV = path.lowercased().hasSuffix(".csv")
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
        // A file that is shorter than noted is not the earlier run's.
        byteCount = Int64(status.st_size) >= kept ? kept : 0
        let isFile = status.st_mode & S_IFMT == S_IFREG
        guard !isFile || ftruncate(descriptor, off_t(byteCount)) == 0 else { throw Self.failure(path) }
        if isFile { lseek(descriptor, 0, SEEK_END) }
        if isCSV, byteCount == 0 { try write(Array("line,code,field,value,event\r\n".utf8)) }
    }

    deinit { close(descriptor) }

    func append(_ rejections: [Rejection]) throws(CommandFailure) {
        guard !rejections.isEmpty else { return }
        try write(rejections.flatMap { isCSV ? Self.row($0) : Self.json($0) })
    }

    private func write(_ bytes: [UInt8]) throws(CommandFailure) {
        guard writeAll(bytes, to: descriptor) else { throw Self.failure(path) }
        byteCount += Int64(bytes.count)
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(.failure, "cannot write the rejected events to '\(path)'", why: FileFailure.last.reason)
    }

    private static func isSameFile(_ left: String, _ right: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(left, &first) == 0, stat(right, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    private static func json(_ rejection: Rejection) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("line", rejection.line)
            json.member("code", rejection.code)
            json.key("field")
            json.string(orNull: rejection.field)
            json.key("value")
            if let value = rejection.value { json.value(value) } else { json.null() }
            json.key("event")
            if JSONValue(rejection.event) == nil {
                json.string(utf8: rejection.event)
            } else {
                json.raw(rejection.event)
            }
        }
        json.endLine()
        return json.bytes
    }

    private static func row(_ rejection: Rejection) -> [UInt8] {
        let value = rejection.value.map { value in value.text ?? JSONWriter.text { $0.value(value) } }
        let cells = [
            "\(rejection.line)", rejection.code, rejection.field ?? "", value ?? "",
            String(decoding: rejection.event, as: UTF8.self),
        ]
        return Array((cells.map(quoted).joined(separator: ",") + "\r\n").utf8)
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.utf8.contains(where: { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }) else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
