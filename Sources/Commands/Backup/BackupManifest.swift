internal import Crypto
internal import EventLog
internal import EventModel
internal import Files
internal import JSON
internal import Replay

/// What a backup is: written last, so that a backup with it is whole.
struct BackupManifest: Equatable {
    struct File: Equatable {
        var name: String
        var bytes: Int64
        /// SHA-256 in hexadecimal digits.
        var hash: String
    }

    static let name = "backup.json"
    /// Stands in a backup as long as it is not whole, and names the log that it is of. No server starts beside it.
    static let incompleteName = "backup.incomplete"
    private static let format: Int64 = 1

    var log: LogEpoch
    /// Where the log ends.
    var end: LogOffset
    /// Offsets before it that hold no record.
    var skipped: Int64
    /// Sites with a definition.
    var sites: Int
    var createdAt: Timestamp
    var program: String
    /// Of the projections; nil where there are none.
    var snapshot: SnapshotManifest?
    var files: [File]

    /// One line, with a hash over everything else.
    var json: [UInt8] { CheckedJSON.line { write(to: &$0) } }

    private func write(to json: inout JSONWriter) {
        json.member("format", Self.format)
        json.member("log", log.description)
        json.member("end", end.value)
        json.member("skipped", skipped)
        json.member("sites", sites)
        json.member("created_at", createdAt.formatted)
        json.member("program", program)
        json.key("snapshot")
        if let snapshot {
            // As a text, because it has a check of its own.
            json.string(String(decoding: snapshot.json.dropLast(), as: UTF8.self))
        } else {
            json.null()
        }
        json.key("files")
        json.array { json in
            for file in files {
                json.object { json in
                    json.member("name", file.name)
                    json.member("bytes", file.bytes)
                    json.member("sha256", file.hash)
                }
            }
        }
    }
}

extension BackupManifest {
    /// Reads what ``json`` wrote; nil for bytes that are not exactly that.
    init?(_ bytes: [UInt8]) {
        func number(_ value: JSONValue?) -> Int64? { value?.text.flatMap { Int64($0) } }
        guard let value = JSONValue(bytes), number(value["format"]) == Self.format,
            let log = value["log"]?.text.flatMap({ Hex.decode($0) }), let end = number(value["end"]),
            let skipped = number(value["skipped"]), let sites = number(value["sites"]),
            let createdAt = value["created_at"]?.text.flatMap({ Timestamp(rfc3339: $0) }),
            let program = value["program"]?.text
        else { return nil }
        self.init(
            log: LogEpoch(bytes: log), end: LogOffset(end), skipped: skipped, sites: Int(sites), createdAt: createdAt,
            program: program,
            snapshot: value["snapshot"]?.text.flatMap { SnapshotManifest(Array(($0 + "\n").utf8)) },
            files: (value["files"]?.items ?? []).map {
                File(
                    name: $0["name"]?.text ?? "", bytes: number($0["bytes"]) ?? 0, hash: $0["sha256"]?.text ?? "")
            })
        guard json == bytes else { return nil }
    }
}
