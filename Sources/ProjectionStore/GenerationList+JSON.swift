internal import Crypto
internal import EventModel
internal import Files
internal import Foundation
internal import JSON

/// The list as a file.
///
///     {"format":1,"next_id":3,"generations":[{"id":1,"state":"retired",…},{"id":2,"state":"live",…}],"check":"1f2e3d4c…"}
extension GenerationList {
    enum Reading: Equatable {
        case list(GenerationList)
        /// It is not what was written.
        case damaged
        /// Written by a newer program.
        case newer
    }

    private static let format = 1

    static func read(_ bytes: [UInt8]) -> Reading {
        guard let value = JSONValue(bytes), case .number(let format)? = value["format"] else { return .damaged }
        guard format == "\(Self.format)" else { return .newer }
        guard let next = value["next_id"]?.int64,
            let list = GenerationList((value["generations"]?.items ?? []).compactMap(Generation.init), nextID: next),
            list.json == bytes
        else { return .damaged }
        return .list(list)
    }

    /// With a hash over everything else, so that a changed file is none.
    var json: [UInt8] { CheckedJSON.line { write(to: &$0) } }

    private func write(to json: inout JSONWriter) {
        json.member("format", Int64(Self.format))
        json.member("next_id", nextID)
        json.key("generations")
        json.array { json in for generation in all { generation.write(to: &json) } }
    }
}

extension JSONValue {
    fileprivate var int64: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
}

extension Generation {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("state", state.rawValue)
            json.member("format", versions.format)
            json.member("fold", versions.fold)
            json.member("spec", versions.spec)
            json.member("log", Hex.encode(logEpoch))
            json.key("job")
            json.string(orNull: job)
            json.member("created_at", createdAt.formatted)
            json.key("retired_at")
            json.string(orNull: retiredAt?.formatted)
            json.key("replaces")
            json.integer(orNull: replaces)
        }
    }

    fileprivate init?(_ value: JSONValue) {
        guard let id = value["id"]?.int64, let state = value["state"]?.text.flatMap(State.init(rawValue:)),
            let format = value["format"]?.int64, let fold = value["fold"]?.int64, let spec = value["spec"]?.int64,
            let log = value["log"]?.text.flatMap(Hex.decode),
            let createdAt = value["created_at"]?.text.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        self.init(
            id: id, state: state, versions: StoreVersions(format: format, fold: fold, spec: spec), logEpoch: log,
            job: value["job"]?.text, createdAt: createdAt,
            retiredAt: value["retired_at"]?.text.flatMap(Timestamp.init(rfc3339:)), replaces: value["replaces"]?.int64)
    }
}
