internal import EventModel
internal import Foundation
internal import JSON
internal import Observability
internal import Replay

/// `andon rebuild diff`
enum RebuildDiffCommand {
    private static let live = Option.text("live", "PATH", "data directory or file of the figures that are in use")
    private static let new = Option.text("new", "PATH", "data directory or file of the figures to compare with them")
    private static let limit = Option.integer(
        "limit", "N", "most differences of each kind that are listed; all are counted", in: 0...1000, default: 20)

    static let command = Command(
        path: ["rebuild", "diff"],
        summary: "compares two sets of figures of one log: by worker, station, factory, model health, hour and event",
        discussion: """
            Without --live and --new a running server compares its rebuild with the figures that are in use; it takes an
            operator's key for all sites. With them two data directories or files are compared without a server: both must
            stand at the same position of the same log. The largest differences come first; of each hour of a worker it says
            which intervals and events are behind it on either side, and whether the sums follow from them. Exit code 0:
            nothing differs; 1: something does; 75: not at the same position, or not through with a definition; 65: not
            comparable.
            """,
        examples: [
            .init(
                "andon rebuild diff --key-file my.key", "the rebuild of the server on this machine, or of its cluster"),
            .init("andon rebuild diff --live ./andon-data --new ./replayed", "two data directories"),
            .init("andon rebuild diff --live a.sqlite --new b.sqlite --limit 100 -o json", "two files, for a program"),
        ],
        positionals: [RebuildRequests.id],
        options: [live.spec, new.spec, limit.spec, OutputFormat.option.spec] + ServerAccess.options,
        run: { invocation in try run(invocation) { APIClient.live(try ServerAccess(invocation)) } })

    static func run(_ invocation: Invocation, _ client: () throws -> APIClient) throws -> ExitCode {
        let limit = try invocation.value(limit)
        if try invocation.optional(live) == nil, try invocation.optional(new) == nil {
            return try compareOnServer(invocation, client(), limit: limit)
        }
        let pairs = try pairs(invocation.value(live), invocation.value(new))
        let found = try pairs.map { pair in try compare(pair, limit) }
        let isEqual = found.allSatisfy(\.isEqual)
        let json = json(found, isEqual)
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json },
            tables: {
                (JSONValue(json)?["partitions"]?.items ?? []).flatMap { DifferenceTables(partition: $0).tables }
            })
        invocation.console.note(isEqual ? "nothing differs" : "the figures differ")
        return isEqual ? .success : .failure
    }

    private static func json(_ found: [GenerationDifferences], _ isEqual: Bool) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("is_equal", isEqual)
            json.member("different", found.reduce(0) { $0 + $1.differentCount })
            json.key("partitions")
            json.array { json in for differences in found { differences.write(to: &json) } }
        }
        return json.bytes
    }

    private static func compare(_ pair: StorePair, _ limit: Int) throws -> GenerationDifferences {
        do {
            return try StoreComparison.run(
                live: pair.live, new: pair.new, partition: pair.partition, limit: limit)
        } catch let error as any OperatorError {
            throw CommandFailure(
                error.isRetriable ? .tryAgain : .badData, "cannot compare '\(pair.live)' with '\(pair.new)'",
                why: error.message, next: error.hint)
        }
    }

    // MARK: Files

    /// Two files of one partition.
    private struct StorePair {
        var partition: PartitionIndex
        var live: String
        var new: String
    }

    /// The files to compare: two that are named, or those of the same partitions in two directories.
    private static func pairs(_ live: String, _ new: String) throws -> [StorePair] {
        let (stores, others) = (try stores(live), try stores(new))
        if stores.count == 1, others.count == 1, let one = stores.first, let other = others.first {
            return [StorePair(partition: one.key, live: one.value, new: other.value)]
        }
        guard Set(stores.keys) == Set(others.keys) else {
            let apart = Set(stores.keys).symmetricDifference(others.keys).sorted().map { "\($0.value)" }
            throw CommandFailure(
                .badData, "'\(live)' and '\(new)' do not have figures of the same partitions",
                why: "only one has \(apart.count == 1 ? "partition" : "partitions") \(listed(apart, last: "and"))",
                next: "name the files of one partition with --live and --new")
        }
        return stores.sorted { $0.key < $1.key }.compactMap { partition, path in
            others[partition].map { StorePair(partition: partition, live: path, new: $0) }
        }
    }

    private static func stores(_ path: String) throws -> [PartitionIndex: String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure(
                .badData, "there is nothing at '\(path)'", next: "name a data directory or a file of projections")
        }
        guard isFolder.boolValue else { return [partition(of: path) ?? PartitionIndex(0): path] }
        let stores = Dictionary(DataDirectory(path: path).stores.map { ($0.partition, $0.path) }) { first, _ in first }
        guard !stores.isEmpty else {
            throw CommandFailure(
                .badData, "there are no figures in '\(path)'", next: "andon up, or andon replay --into \(path)")
        }
        return stores
    }

    /// The partition that `…/partition-N.sqlite` is of.
    private static func partition(of path: String) -> PartitionIndex? {
        let name = path.split(separator: "/").last ?? ""
        guard name.hasPrefix("partition-"), name.hasSuffix(".sqlite") else { return nil }
        return Int32(name.dropFirst("partition-".count).dropLast(".sqlite".count)).map { PartitionIndex($0) }
    }
}
