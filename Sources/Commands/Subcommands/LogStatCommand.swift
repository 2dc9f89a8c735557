internal import EventLog
internal import EventModel
internal import Foundation
internal import JSON
internal import KafkaLog

/// `andon log stat`
enum LogStatCommand {
    static let command = Command(
        path: ["log", "stat"],
        summary: "shows how long each partition of the log is, and how far behind it the figures are",
        discussion: """
            The lag is what the projections have not folded: in records, in events, and in seconds of created_at between
            the last record that is folded and the last one in the log. On Kafka it is what the workers note in their group
            every few seconds; with --data-dir it is that of the worker whose directory it is, to the record.
            """,
        examples: [
            .init("andon log stat", "the log of the default data directory"),
            .init("andon log stat --brokers kafka-1:9092 --data-dir ./worker-1", "a topic and one worker's figures"),
            .init("andon log stat -o json", "the same for a program"),
        ],
        options: LogAddress.specs + [OutputFormat.option.spec],
        run: { invocation in
            let kafka = try isFolderAlone(invocation) ? nil : KafkaOptions.given(invocation)
            let folder = DataDirectory(path: try invocation.value(DataDirectory.option))
            let address = LogAddress(kafka.map { .kafka($0) } ?? .folder(folder))
            let opened = try address.openReader()
            defer { opened.close() }
            guard let kafka else {
                try show(invocation, opened.log, bytes: bytes(folder.log)) { _ in folder.projections }
                return .success
            }
            let noted = try noted(kafka, opened.log)
            let namesWorker = invocation.settings.isGiven(DataDirectory.option.spec)
            try show(invocation, opened.log, bytes: nil, noted: noted) { partition in
                namesWorker ? "\(folder.path)/partition-\(partition.value).sqlite" : nil
            }
            return .success
        })

    private static func noted(_ kafka: KafkaOptions, _ log: any EventLog) throws -> [PartitionIndex: LogOffset] {
        do {
            return try GroupPositions.read(try kafka.settings("log"), partitionCount: log.partitionCount)
        } catch let error as LogError {
            throw CommandFailure(log: error, "cannot read how far the workers are")
        }
    }

    private static func isFolderAlone(_ invocation: Invocation) -> Bool {
        let flags = invocation.settings.flags
        return flags[DataDirectory.option.spec.name] != nil && flags[KafkaOptions.brokers.spec.name] == nil
            && flags[KafkaOptions.topicPrefix.spec.name] == nil
    }

    /// - Parameters:
    ///   - bytes: of the whole log; nil where they are not known.
    ///   - noted: how far the workers say that they are.
    ///   - store: path of the projections of a partition, whether they are there or not.
    static func show(
        _ invocation: Invocation, _ log: any EventLog, bytes: Int64?, noted: [PartitionIndex: LogOffset] = [:],
        store: (PartitionIndex) -> String?
    ) throws {
        let standings: [LogStanding]
        do {
            standings = try log.partitions.map { try LogStanding(log, $0, store: store($0), noted: noted[$0]) }
        } catch let error as LogError {
            throw CommandFailure(log: error, "cannot read the log")
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(standings, log.epoch, bytes) },
            tables: { [table(standings)] + (bytes.map { [size($0, log.epoch)] } ?? []) })
    }

    private static func table(_ standings: [LogStanding]) -> Table {
        var table = Table([
            .number("partition"), .number("first"), .number("end"), .text("newest"), .number("folded to"),
            .number("lag records"), .number("lag events"), .number("lag seconds"),
        ])
        for standing in standings {
            let seconds = standing.lagMicroseconds.map { "\(Int128($0) / 1_000_000).\(tenths($0))" }
            table.append([
                "\(standing.partition.value)", grouped(standing.start.value), grouped(standing.end.value),
                standing.newest?.formatted ?? "-", standing.folded.map { grouped($0.value) } ?? "-",
                standing.lagRecords.map { grouped($0) } ?? "-", standing.lagEvents.map { grouped($0) } ?? "-",
                seconds ?? "-",
            ])
        }
        return table
    }

    private static func tenths(_ microseconds: Int64) -> Int64 { microseconds % 1_000_000 / 100_000 }

    private static func size(_ bytes: Int64, _ epoch: LogEpoch) -> Table {
        var table = Table([.text("epoch"), .number("bytes")])
        table.append([epoch.description, grouped(bytes)])
        return table
    }

    private static func json(_ standings: [LogStanding], _ epoch: LogEpoch, _ bytes: Int64?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("epoch", epoch.description)
            json.key("bytes")
            json.integer(orNull: bytes)
            json.key("partitions")
            json.array { json in
                for standing in standings { write(standing, &json) }
            }
        }
        return json.bytes
    }

    private static func write(_ standing: LogStanding, _ json: inout JSONWriter) {
        json.object { json in
            json.member("partition", Int64(standing.partition.value))
            json.member("first", standing.start.value)
            json.member("end", standing.end.value)
            json.key("newest_created_at")
            json.string(orNull: standing.newest?.formatted)
            json.key("folded")
            json.integer(orNull: standing.folded?.value)
            json.key("lag_records")
            json.integer(orNull: standing.lagRecords)
            json.key("lag_events")
            json.integer(orNull: standing.lagEvents)
            json.key("lag_seconds")
            json.fixed(orNull: standing.lagMicroseconds, decimals: 6)
        }
    }

    /// Of the file and of what is not yet copied into it.
    private static func bytes(_ path: String) -> Int64? {
        let sizes = [path, path + "-wal"].compactMap { path in
            (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int64
        }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }
}
