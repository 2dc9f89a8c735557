internal import EventLog
internal import EventModel
internal import Foundation
internal import JSON
internal import KafkaLog
internal import ProjectionStore

/// `andon log stat`
enum LogStatCommand {
    static let command = Command(
        path: ["log", "stat"],
        summary: "shows how long each partition of the log is, and how far the figures lag behind it",
        discussion: """
            The lag is what the projections have not folded: in records, in events, and in seconds of created_at between
            the last folded record and the last one in the log. A running server stores within a second what it has folded;
            this command waits for that. On Kafka it shows what the workers commit to their group every few seconds; with
            --data-dir it shows the exact position of the worker whose directory that is.
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
                try waitForCommit(folder, opened.log)
                try show(invocation, opened.log, bytes: bytes(folder.log)) { _ in folder.projections }
                return .success
            }
            let noted = try noted(kafka, opened.log)
            let namesWorker = invocation.settings.isGiven(DataDirectory.option.spec)
            try show(invocation, opened.log, bytes: nil, noted: noted) { partition in
                namesWorker ? folder.generations(of: partition).livePath : nil
            }
            return .success
        })

    private static let commitMilliseconds = 2_000
    private static let lookMilliseconds = 50

    /// Gives a running server the time to store what it has folded: right after an import the figures are further than
    /// the file of projections is.
    private static func waitForCommit(_ folder: DataDirectory, _ log: any EventLog) throws {
        guard RunningMark.isTaken(folder) else { return }
        let end = try explaining("cannot read the log") { try log.endOffset(PartitionIndex(0)) }
        for _ in 0..<commitMilliseconds / lookMilliseconds {
            guard ProjectionStore.isCurrent(path: folder.projections, logEpoch: log.epoch.bytes) else { return }
            let folded = try explaining("cannot read the projections") {
                try StoreReader(path: folder.projections).position().nextOffset
            }
            guard folded < end else { return }
            Thread.sleep(forTimeInterval: Double(lookMilliseconds) / 1_000)
        }
    }

    private static func noted(_ kafka: KafkaOptions, _ log: any EventLog) throws -> [PartitionIndex: LogOffset] {
        try explaining("cannot read how far the workers are") {
            try GroupPositions.read(try kafka.settings("log"), partitionCount: log.partitionCount)
        }
    }

    private static func isFolderAlone(_ invocation: Invocation) -> Bool {
        let flags = invocation.settings.flags
        return flags[DataDirectory.option.spec.name] != nil && flags[KafkaOptions.brokers.spec.name] == nil
            && flags[KafkaOptions.topicPrefix.spec.name] == nil
    }

    /// - Parameters:
    ///   - bytes: size of the whole log; nil if unknown.
    ///   - noted: the progress that the workers report.
    ///   - store: path of a partition's projections, whether they exist or not.
    static func show(
        _ invocation: Invocation, _ log: any EventLog, bytes: Int64?, noted: [PartitionIndex: LogOffset] = [:],
        store: (PartitionIndex) -> String?
    ) throws {
        let statuses = try explaining("cannot read the log") {
            try log.partitions.map { try LogStatus(log, $0, store: store($0), noted: noted[$0]) }
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(statuses, log.epoch, bytes) },
            tables: { [table(statuses)] + skips(statuses) + (bytes.map { [size($0, log.epoch)] } ?? []) })
    }

    /// What is passed over; no table where nothing is.
    private static func skips(_ statuses: [LogStatus]) -> [Table] {
        var table = Table([
            .number("partition"), .number("first skipped"), .number("last skipped"), .text("since"), .text("by"),
            .text("reason"),
        ])
        for status in statuses {
            for skip in status.skips {
                table.append([
                    "\(status.partition.value)", grouped(skip.first.value), grouped(skip.next.value - 1),
                    skip.at.formatted, skip.by, skip.reason,
                ])
            }
        }
        return statuses.allSatisfy(\.skips.isEmpty) ? [] : [table]
    }

    private static func table(_ statuses: [LogStatus]) -> Table {
        var table = Table([
            .number("partition"), .number("first"), .number("end"), .text("newest"), .number("folded to"),
            .number("lag records"), .number("lag events"), .number("lag seconds"),
        ])
        for status in statuses {
            let seconds = status.lagMicroseconds.map { "\(Int128($0) / 1_000_000).\(tenths($0))" }
            table.append([
                "\(status.partition.value)", grouped(status.start.value), grouped(status.end.value),
                status.newest?.formatted ?? "-", status.folded.map { grouped($0.value) } ?? "-",
                status.lagRecords.map { grouped($0) } ?? "-", status.lagEvents.map { grouped($0) } ?? "-",
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

    private static func json(_ statuses: [LogStatus], _ epoch: LogEpoch, _ bytes: Int64?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("epoch", epoch.description)
            json.key("bytes")
            json.integer(orNull: bytes)
            json.key("partitions")
            json.array { json in
                for status in statuses { write(status, &json) }
            }
        }
        return json.bytes
    }

    private static func write(_ status: LogStatus, _ json: inout JSONWriter) {
        json.object { json in
            json.member("partition", Int64(status.partition.value))
            json.member("first", status.start.value)
            json.member("end", status.end.value)
            json.key("newest_created_at")
            json.string(orNull: status.newest?.formatted)
            json.key("folded")
            json.integer(orNull: status.folded?.value)
            json.key("lag_records")
            json.integer(orNull: status.lagRecords)
            json.key("lag_events")
            json.integer(orNull: status.lagEvents)
            json.key("lag_seconds")
            json.fixed(orNull: status.lagMicroseconds, decimals: 6)
            json.key("skips")
            json.array { json in
                for skip in status.skips {
                    json.object { json in
                        json.member("first", skip.first.value)
                        json.member("next", skip.next.value)
                        json.member("at", skip.at.formatted)
                        json.member("by", skip.by)
                        json.member("reason", skip.reason)
                    }
                }
            }
        }
    }

    /// Size of the file and of what is not yet copied into it.
    private static func bytes(_ path: String) -> Int64? {
        let sizes = [path, path + "-wal"].compactMap { path in
            (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int64
        }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }
}
