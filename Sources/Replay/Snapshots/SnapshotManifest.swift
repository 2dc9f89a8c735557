public import Crypto
public import EventLog
public import EventModel
internal import Files
public import JSON
public import ProjectionStore

/// Names one snapshot: `p3-120500-1f2e3d4c5b6a`, from its partition, its position and the hash of its content.
public struct SnapshotID: Hashable, Sendable, CustomStringConvertible, Comparable {
    public let text: String

    /// - Returns: nil for anything that is not such a name, so that no name leads out of a folder.
    public init?(_ text: String) {
        guard text.wholeMatch(of: /p[0-9]{1,10}-[0-9]{1,19}-[0-9a-f]{12}/) != nil else { return nil }
        self.text = text
    }

    fileprivate init(_ partition: PartitionIndex, _ offset: LogOffset, _ hash: SHA256Digest) {
        text = "p\(partition.value)-\(offset.value)-\(hash.hex.prefix(12))"
    }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The digest of one site in a snapshot (SPEC 7.1).
public struct SnapshotDigest: Equatable, Sendable {
    public var site: SiteID
    /// In hexadecimal digits.
    public var digest: String

    public init(site: SiteID, digest: String) {
        self.site = site
        self.digest = digest
    }
}

/// What a snapshot is: of which log and partition, how far, by which program, and the hash of its content (DESIGN 7).
public struct SnapshotManifest: Equatable, Sendable {
    /// Of this description.
    static let format: Int64 = 1

    public var log: LogEpoch
    public var partition: PartitionIndex
    /// The next record to fold.
    public var nextOffset: LogOffset
    /// The largest created_at that was folded; nil without records.
    public var watermark: Timestamp?
    public var versions: StoreVersions
    /// Whether its store noted what commits changed, for a publisher.
    public var hasFeed: Bool
    /// Name of the file that a server looks for, e.g. `partition-3.sqlite`.
    public var storeName: String
    public var bytes: Int64
    public var hash: SHA256Digest
    /// By the order of the store's sites.
    public var digests: [SnapshotDigest]
    /// When it was taken.
    public var createdAt: Timestamp
    /// The version of the program that took it.
    public var program: String

    public var id: SnapshotID { SnapshotID(partition, nextOffset, hash) }

    public init(
        facts: StoreFacts, partition: PartitionIndex, storeName: String, bytes: Int64, hash: SHA256Digest,
        digests: [SnapshotDigest], createdAt: Timestamp, program: String
    ) {
        log = LogEpoch(bytes: facts.logEpoch)
        self.partition = partition
        nextOffset = facts.nextOffset
        watermark = facts.watermark
        versions = facts.versions
        hasFeed = facts.hasFeed
        self.storeName = storeName
        self.bytes = bytes
        self.hash = hash
        self.digests = digests
        self.createdAt = createdAt
        self.program = program
    }
}

// MARK: JSON

extension SnapshotManifest {
    /// Reads what ``json`` wrote; nil for bytes that are not exactly that.
    public init?(_ bytes: [UInt8]) {
        guard let value = JSONValue(bytes), value["format"]?.text == "\(Self.format)",
            let log = value["log"]?.text.flatMap({ Hex.decode($0) }),
            let partition = value["partition"]?.text.flatMap({ Int32($0) }),
            let next = value["next_offset"]?.text.flatMap({ Int64($0) }), let store = value["store"],
            let storeName = store["name"]?.text, let versions = Self.versions(store), let feed = store["feed"],
            let bytesOfFile = value["bytes"]?.text.flatMap({ Int64($0) }),
            let hash = value["sha256"]?.text.flatMap({ Hex.decode($0) }).flatMap({ SHA256Digest(bytes: $0) }),
            let createdAt = value["created_at"]?.text.flatMap({ Timestamp(rfc3339: $0) }),
            let program = value["program"]?.text
        else { return nil }
        self.init(
            facts: StoreFacts(
                logEpoch: log, versions: versions, nextOffset: LogOffset(next), hasFeed: feed == .bool(true),
                watermark: value["watermark"]?.text.flatMap { Timestamp(rfc3339: $0) }),
            partition: PartitionIndex(partition), storeName: storeName, bytes: bytesOfFile, hash: hash,
            digests: (value["sites"]?.items ?? []).map {
                SnapshotDigest(site: SiteID($0["site_id"]?.text ?? ""), digest: $0["digest"]?.text ?? "")
            },
            createdAt: createdAt, program: program)
        guard json == bytes else { return nil }
    }

    private static func versions(_ store: JSONValue) -> StoreVersions? {
        func number(_ name: String) -> Int64? { store[name]?.text.flatMap { Int64($0) } }
        guard let format = number("format"), let fold = number("fold"), let spec = number("spec") else { return nil }
        return StoreVersions(format: format, fold: fold, spec: spec)
    }

    /// One line, with a hash over everything else, so that a changed description is none.
    public var json: [UInt8] { CheckedJSON.line { write(to: &$0) } }

    /// Writes the members of ``json``, for answers that list snapshots.
    public func write(to json: inout JSONWriter) {
        json.member("format", Self.format)
        json.member("id", id.text)
        json.member("log", log.description)
        json.member("partition", Int64(partition.value))
        json.member("next_offset", nextOffset.value)
        json.key("watermark")
        json.string(orNull: watermark?.formatted)
        json.key("store")
        json.object { json in
            json.member("name", storeName)
            json.member("format", versions.format)
            json.member("fold", versions.fold)
            json.member("spec", versions.spec)
            json.member("feed", hasFeed)
        }
        json.member("bytes", bytes)
        json.member("sha256", hash.hex)
        json.key("sites")
        json.array { json in
            for site in digests {
                json.object { json in
                    json.member("site_id", site.site.description)
                    json.member("digest", site.digest)
                }
            }
        }
        json.member("created_at", createdAt.formatted)
        json.member("program", program)
    }
}
