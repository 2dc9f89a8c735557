internal import EventModel
internal import Foundation
internal import JSON
internal import ProjectionStore
internal import Replay

/// Options of everything that has to do with snapshots.
enum SnapshotOptions {
    static let directory = Option.text(
        "snapshot-dir", "DIR", "where snapshots are kept; without it: snapshots/ in the data directory")
    static let partitions = Option<[PartitionIndex]>(
        "partition", "0-7,9", "only these partitions", parse: PartitionSet.parse)
    private static let count = Option.integer(
        "snapshot-keep", "N",
        "keep the newest N snapshots of each partition; without it: all, or 3 of those that a server takes",
        in: 1...100_000)
    private static let days = Option.integer(
        "snapshot-max-age", "DAYS", "remove snapshots that are older than this", in: 1...36_500)
    static let retentionSpecs = [count.spec, days.spec]

    static func snapshots(_ invocation: Invocation, of directory: DataDirectory) throws -> SnapshotDirectory {
        SnapshotDirectory(path: try invocation.optional(Self.directory) ?? directory.snapshots)
    }

    /// - Parameter countDefault: how many are kept when nobody says anything; nil: all.
    static func retention(_ invocation: Invocation, countDefault: Int?) throws -> SnapshotRetention {
        let (count, days) = (try invocation.optional(count), try invocation.optional(days))
        return SnapshotRetention(count: count ?? (days == nil ? countDefault : nil), days: days)
    }

    /// Those that a command is about.
    /// - Throws: ``CommandFailure`` for an id that is none.
    static func selected(
        _ invocation: Invocation, in snapshots: SnapshotDirectory
    ) throws -> [SnapshotManifest] {
        let listing = try explaining("cannot list the snapshots in '\(snapshots.path)'") { try snapshots.list() }
        for name in listing.unreadable {
            invocation.console.note("the description of snapshot \(name) is not what was written: it does not count")
        }
        let partitions = try invocation.optional(partitions)
        let wanted = listing.manifests.filter { partitions?.contains($0.partition) ?? true }
        guard let text = invocation.positionals.first else { return wanted }
        guard let found = wanted.first(where: { $0.id.text == text }) else {
            throw CommandFailure(
                .failure, "there is no snapshot '\(printable(text))' in '\(snapshots.path)'",
                next: "andon snapshot list --snapshot-dir \(snapshots.path)")
        }
        return [found]
    }

    /// - Parameter log: that of the data directory; nil when it has none.
    static func table(_ manifests: [SnapshotManifest], log: String? = nil) -> Table {
        var table = Table([
            .text("snapshot"), .text("log"), .number("partition"), .number("next offset"), .text("known up to"),
            .number("sites"), .number("bytes"), .text("taken"), .text("fits"),
        ])
        for manifest in manifests {
            table.append([
                manifest.id.text, String(manifest.log.description.prefix(8)), "\(manifest.partition.value)",
                grouped(manifest.nextOffset.value), manifest.watermark?.formatted ?? "-",
                grouped(manifest.digests.count), grouped(manifest.bytes), manifest.createdAt.formatted,
                fit(manifest, log),
            ])
        }
        return table
    }

    /// Whether this program could go on from it.
    private static func fit(_ manifest: SnapshotManifest, _ log: String?) -> String {
        if let log, manifest.log.description != log { return "another log" }
        return manifest.versions == .current ? "yes" : "another version"
    }

    static func json(_ manifests: [SnapshotManifest]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("items")
            json.array { json in
                for manifest in manifests { json.object { json in manifest.write(to: &json) } }
            }
        }
        return json.bytes
    }
}

extension DataDirectory {
    /// Where snapshots are kept unless somebody names another place.
    var snapshots: String { path + "/snapshots" }
}
