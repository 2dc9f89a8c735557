internal import Crypto
internal import EventLog
internal import EventModel
internal import JSON

/// A plan as it stands in the directory of its replay.
///
///     {"format":2,"log":"00112233445566778899aabbccddeeff","kind":"kafka","partition_count":32,
///      "from":"earliest","until":"end","follow":false,"sites":["plant-1"],"partitions":[],
///      "parts":[{"partition":3,"from":0,"until":1200,"snapshot":null}],"fold_version":1,"store_format":4,
///      "planned_at":"2026-01-12T08:00:00.000000Z","source":["--brokers","kafka-1:9092"]}
extension ReplayPlan {
    private static let format = 2

    /// The content of `replay.json`.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("format", Int64(Self.format))
            json.member("log", epoch.description)
            json.member("kind", isEmbedded ? "embedded" : "kafka")
            json.member("partition_count", Int64(partitionCount))
            json.member("from", request.start.text)
            json.member("until", request.end.text)
            json.member("follow", request.follows)
            json.key("sites")
            json.array { json in for site in request.sites.map(\.text).sorted() { json.string(site) } }
            json.key("partitions")
            json.array { json in for one in request.partitions.sorted() { json.integer(Int64(one.value)) } }
            json.key("parts")
            json.array { json in
                for part in parts {
                    json.object { json in
                        json.member("partition", Int64(part.partition.value))
                        json.member("from", part.from.value)
                        json.key("until")
                        json.integer(orNull: part.until?.value)
                        json.key("snapshot")
                        json.string(orNull: part.snapshot)
                    }
                }
            }
            json.member("fold_version", foldVersion)
            json.member("store_format", formatVersion)
            json.member("planned_at", plannedAt.formatted)
            json.key("source")
            json.array { json in for word in source { json.string(word) } }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// Reads a plan.
    /// - Throws: ``ReplayError`` when it is none.
    public init(json bytes: [UInt8]) throws(ReplayError) {
        guard let value = JSONValue(bytes) else { throw Self.unreadable("it is no JSON") }
        guard value["format"] == .integer(Self.format) else { throw Self.unreadable("its format is another one") }
        guard let plan = ReplayPlan(value) else { throw Self.unreadable("a member is missing or wrong") }
        self = plan
    }

    private static func unreadable(_ why: String) -> ReplayError {
        ReplayError(.plan, "the plan of the replay cannot be read: \(why)")
    }

    private init?(_ value: JSONValue) {
        guard let log = value["log"]?.text.flatMap({ Hex.decode($0) }), let kind = value["kind"]?.text,
            let count = Self.number(value["partition_count"]).flatMap({ Int32(exactly: $0) }), count > 0,
            let start = value["from"]?.text.flatMap({ ReplayStart($0) }),
            let end = value["until"]?.text.flatMap({ ReplayEnd($0) }), case .bool(let follows)? = value["follow"],
            let parts = value["parts"]?.items, let fold = Self.number(value["fold_version"]),
            let storeFormat = Self.number(value["store_format"]),
            let plannedAt = value["planned_at"]?.text.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        request = ReplayRequest()
        request.start = start
        request.end = end
        request.follows = follows
        request.sites = Set((value["sites"]?.items ?? []).compactMap { $0.text.map { SiteID($0) } })
        request.partitions = Set((value["partitions"]?.items ?? []).compactMap { Self.partition($0) })
        epoch = LogEpoch(bytes: log)
        partitionCount = count
        isEmbedded = kind == "embedded"
        self.parts = []
        foldVersion = fold
        formatVersion = storeFormat
        self.plannedAt = plannedAt
        source = (value["source"]?.items ?? []).compactMap(\.text)
        for part in parts {
            guard let partition = Self.partition(part["partition"]), let from = Self.number(part["from"]) else {
                return nil
            }
            let until = Self.number(part["until"]).map { LogOffset($0) }
            self.parts.append(
                Part(
                    partition: partition, from: LogOffset(from), until: until, snapshot: Self.string(part["snapshot"])))
        }
    }

    private static func number(_ value: JSONValue?) -> Int64? {
        guard case .number(let text)? = value else { return nil }
        return Int64(text)
    }

    private static func string(_ value: JSONValue?) -> String? {
        guard case .string(let text)? = value else { return nil }
        return text
    }

    private static func partition(_ value: JSONValue?) -> PartitionIndex? {
        number(value).flatMap { Int32(exactly: $0) }.map { PartitionIndex($0) }
    }
}
