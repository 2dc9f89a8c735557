internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import JSON
internal import ProjectionStore

/// `andon generation list`
enum GenerationListCommand {
    static let command = Command(
        path: ["generation", "list"],
        summary: "lists the generations of the projections in a data directory: which is live, and what the others are",
        discussion: """
            A generation is one store of a partition, made by one version of the fold from one log. A start never throws one
            away: what is no longer live is retired, and removed after a day or as --keep-generations of the server says.
            The server may be running.
            """,
        examples: [
            .init("andon generation list", "those of the default data directory"),
            .init("andon generation list --data-dir ./worker-1 -o json", "those of a worker, for a program"),
        ],
        options: [DataDirectory.option.spec, OutputFormat.option.spec],
        run: { invocation in
            let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
            try directory.requireExisting()
            let rows = try explaining("cannot list the generations in '\(directory.path)'") {
                try directory.allGenerations.flatMap { partition, generations in
                    try generations.list().compactMap { GenerationRow($0, partition, generations) }
                }
            }
            try invocation.console.write(
                invocation.value(OutputFormat.option), json: { GenerationRow.json(rows) },
                tables: { [GenerationRow.table(rows)] })
            return .success
        })
}

/// `andon generation remove`
enum GenerationRemoveCommand {
    private static let partition = Option.integer(
        "partition", "P", "of this partition of a worker; not needed where there is only one", in: 0...Int(Int32.max))

    static let command = Command(
        path: ["generation", "remove"],
        summary: "removes a generation that is not live, with its file",
        discussion: """
            The live one is never removed. One that a running server keeps up to date for going back is removed by the server
            within a second or two.
            """,
        examples: [
            .init("andon generation remove 1", "of the default data directory, after asking"),
            .init("andon generation remove 2 --data-dir ./worker-1 --partition 3 --yes", "of a worker, without asking"),
        ],
        positionals: [.init(name: "ID", help: "the id, as andon generation list shows it")],
        options: [DataDirectory.option.spec, partition.spec, Confirmation.yes.spec],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        guard let id = Int64(invocation.positionals[0]), id > 0 else {
            throw CommandFailure(
                .usage, "'\(printable(invocation.positionals[0]))' is no id of a generation",
                next: "andon generation list")
        }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.requireExisting()
        let (partition, generations) = try chosen(directory, try invocation.optional(partition))
        try explaining("nothing was removed") {
            guard let found = try generations.list().first(where: { $0.id == id }) else {
                throw CommandFailure(
                    .failure, "there is no generation \(id) of partition \(partition.value)",
                    next: "andon generation list --data-dir \(directory.path)")
            }
            guard found.state != .live else {
                throw CommandFailure(
                    .failure, "generation \(id) is live: questions are answered from it",
                    next: "promote another one, or roll back, first")
            }
            let size = grouped(generations.bytes(id))
            try Confirmation.require(
                "remove generation \(id) of partition \(partition.value) (\(found.state.rawValue), \(size) bytes)",
                invocation)
            try remove(found, generations, invocation.console)
        }
        return .success
    }

    private static func remove(
        _ found: Generation, _ generations: GenerationDirectory, _ console: Console
    ) throws {
        let now = SystemClock().now
        do {
            try generations.remove(found.id, at: now)
            console.note("removed")
        } catch let error as GenerationError where error.code == .inUse && found.state == .retired {
            try generations.expire(found.id, at: now)
            console.note("the server that keeps it up to date removes it in a moment")
        }
    }

    private static func chosen(
        _ directory: DataDirectory, _ number: Int?
    ) throws(CommandFailure) -> (PartitionIndex, GenerationDirectory) {
        let all = directory.allGenerations.filter { number == nil || Int($0.0.value) == number }
        guard let first = all.first else {
            throw CommandFailure(
                .failure, "there are no projections of that partition in '\(directory.path)'",
                next: "andon generation list --data-dir \(directory.path)")
        }
        guard all.count == 1 else {
            throw CommandFailure(
                .usage, "there are projections of \(all.count) partitions; say which with --partition",
                next: "andon generation list --data-dir \(directory.path)")
        }
        return first
    }
}

/// What is shown about one generation.
private struct GenerationRow {
    let partition: PartitionIndex
    let generation: Generation
    let position: LogOffset?
    let bytes: Int64

    /// - Returns: nil for one without a store: nothing has been folded yet.
    init?(_ generation: Generation, _ partition: PartitionIndex, _ generations: GenerationDirectory) {
        self.partition = partition
        self.generation = generation
        position = generations.head(generation.id)?.nextOffset
        bytes = generations.bytes(generation.id)
        guard bytes > 0 || generation.state == .building else { return nil }
    }

    /// Whether its versions are this program's.
    private var isCurrent: Bool { generation.versions == .current }

    static func table(_ rows: [GenerationRow]) -> Table {
        var table = Table([
            .number("partition"), .number("id"), .text("state"), .text("format.fold.spec"), .number("position"),
            .number("bytes"), .text("job"), .text("created"), .text("retired"), .text("log"),
        ])
        for row in rows {
            let (found, versions) = (row.generation, row.generation.versions)
            let mark = row.isCurrent ? "" : " (another version)"
            table.append([
                "\(row.partition.value)", "\(found.id)", found.state.rawValue,
                "\(versions.format).\(versions.fold).\(versions.spec)\(mark)",
                row.position.map { grouped($0.value) } ?? "-", grouped(row.bytes), found.job ?? "-",
                known(found.createdAt) ?? "-", known(found.retiredAt) ?? "-",
                String(LogEpoch(bytes: found.logEpoch).description.prefix(8)),
            ])
        }
        return table
    }

    /// A store that never was in a list has no such time.
    private static func known(_ time: Timestamp?) -> String? { time.flatMap { $0 == .earliest ? nil : $0.formatted } }

    static func json(_ rows: [GenerationRow]) -> [UInt8] {
        JSONWriter.items(rows) { row, json in
            let found = row.generation
            json.member("partition", Int64(row.partition.value))
            json.member("id", found.id)
            json.member("state", found.state.rawValue)
            json.member("format", found.versions.format)
            json.member("fold", found.versions.fold)
            json.member("spec", found.versions.spec)
            json.member("is_current", row.isCurrent)
            json.member("log", LogEpoch(bytes: found.logEpoch).description)
            json.key("position")
            json.integer(orNull: row.position?.value)
            json.member("bytes", row.bytes)
            json.key("job")
            json.string(orNull: found.job)
            json.key("created_at")
            json.string(orNull: known(found.createdAt))
            json.key("retired_at")
            json.string(orNull: known(found.retiredAt))
            json.key("replaces")
            json.integer(orNull: found.replaces)
        }
    }
}
