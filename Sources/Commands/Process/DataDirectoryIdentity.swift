internal import Crypto
internal import EventLog
internal import EventModel
internal import Files
internal import Foundation
internal import JSON

/// What a data directory is: which log lies in it, since when, and which files belong to it. A start that does not find
/// what it names begins nothing anew by itself.
///
///     {"format":1,"log":"00112233445566778899aabbccddeeff","since":"2026-01-12T08:00:00.000000Z",
///      "files":["keys.sqlite","log.sqlite","registry.sqlite"],"check":"1f2e3d4c…"}
struct DataDirectoryIdentity: Equatable {
    /// nil after the log was put aside on purpose: the next start makes a new one.
    var log: LogEpoch?
    /// When the directory got its log.
    var since: Timestamp
    var files: Set<String>

    /// What was found.
    enum Reading: Equatable {
        /// A directory of before there were identities, or a new one.
        case none
        case identity(DataDirectoryIdentity)
        /// It is not what was written, or cannot be read, for this reason.
        case damaged(String)
    }

    private static let format = 1

    init(log: LogEpoch?, since: Timestamp, files: Set<String>) {
        self.log = log
        self.since = since
        self.files = files
    }

    static func read(_ path: String) -> Reading {
        let bytes: [UInt8]
        do throws(FileFailure) { bytes = try WholeFile.read(path) } catch {
            return error.isMissing ? .none : .damaged(error.reason)
        }
        guard let identity = DataDirectoryIdentity(bytes), identity.json == bytes else {
            return .damaged("it is not what was written")
        }
        return .identity(identity)
    }

    private init?(_ bytes: [UInt8]) {
        guard let value = JSONValue(bytes), value["format"] == .integer(Self.format),
            case .string(let since)? = value["since"], let since = Timestamp(rfc3339: since)
        else { return nil }
        self.since = since
        switch value["log"] {
        case .null: log = nil
        case .string(let hex):
            guard let bytes = Hex.decode(hex) else { return nil }
            log = LogEpoch(bytes: bytes)
        default: return nil
        }
        let names: [String] = (value["files"]?.items ?? []).compactMap {
            if case .string(let name) = $0 { name } else { nil }
        }
        files = Set(names)
    }

    /// With a hash over everything else, so that a changed file is no identity.
    private var json: [UInt8] { CheckedJSON.line { write(to: &$0) } }

    private func write(to json: inout JSONWriter) {
        json.member("format", Int64(Self.format))
        json.key("log")
        json.string(orNull: log?.description)
        json.member("since", since.formatted)
        json.key("files")
        json.array { json in for name in files.sorted() { json.string(name) } }
    }

    /// Replaces the file; when it returns, it is on the device.
    func write(_ path: String) throws(FileFailure) {
        try WholeFile.replace(path, with: json, mode: 0o600, isDurable: true)
    }
}
