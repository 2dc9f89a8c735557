internal import EventLog
internal import EventModel
internal import Foundation
internal import JSON
internal import ProjectionStore
internal import Replay

/// What a replay would do, how much it would read, and how long that may take: for `--dry-run`.
struct ReplayForecast {
    private let plan: ReplayPlan
    /// Where the store of each partition stands; where it begins if there is none.
    private let places: [LogOffset]
    private let ends: [LogOffset]
    private let directory: ReplayDirectory
    private let sample: ReplaySample
    private let rate: Int?
    private let isNew: Bool

    /// Measures a sample of the log.
    init(
        _ plan: ReplayPlan, _ log: any EventLog, _ directory: ReplayDirectory, _ snapshots: SnapshotDirectory,
        _ rate: Int?, _ signals: StopSignals
    ) throws {
        self.plan = plan
        self.directory = directory
        self.rate = rate
        isNew = try directory.plan() == nil
        places = plan.parts.map { part in
            let path = "\(directory.path)/\(plan.storeName(of: part.partition))"
            return max(part.from, StorePlace.read(path: path)?.nextOffset ?? part.from)
        }
        (ends, sample) = try explaining("cannot read the log") {
            (
                try plan.parts.map { try $0.until ?? log.endOffset($0.partition) },
                try ReplaySample(plan, log, isStopping: { signals.isStopping }) { part, path in
                    try ReplayPlan.restore(part, snapshots, to: path, isStopping: { signals.isStopping })
                }
            )
        }
    }

    private var left: [Int64] { zip(places, ends).map { max(0, $1.value - $0.value) } }
    private var records: Int64 { left.reduce(0, +) }
    private var seconds: Int64? {
        let lanes = min(ReplayJob.Configuration { _ in "" }.partitionsAtATime, plan.parts.count)
        return sample.seconds(
            ofRecords: records, lanes: min(lanes, ProcessInfo.processInfo.activeProcessorCount), rate: rate)
    }

    func write(_ invocation: Invocation) throws -> ExitCode {
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json },
            tables: { [words, partitions, size] })
        invocation.console.note(
            "nothing was done; size and time are estimated from a sample of \(grouped(sample.records)) records that was "
                + "read, and \(grouped(sample.foldedRecords)) that were folded in "
                + "\(sample.foldedMicroseconds / 1000) ms on this machine")
        return .success
    }

    private var words: Table {
        var table = Table([.text("replay"), .text("")])
        table.append(["log", plan.source.joined(separator: " ")])
        table.append(["from", startWords])
        table.append(["until", endWords])
        table.append(["sites", list(plan.request.sites.map(\.text).sorted())])
        table.append(["into", directory.path + (isNew ? ", which is new" : ", which goes on")])
        table.append(["rate", rate.map { "at most \(grouped($0)) events/s" } ?? "as fast as it can"])
        return table
    }

    private var startWords: String {
        switch plan.request.start {
        case .earliest: "earliest: the first record that the log has"
        case .offset: "\(plan.request.start.text), that record included; what was before is not known"
        case .time(let time): "records created at or after \(time.formatted); what was before is not known"
        case .snapshot(let id): "what snapshot \(id) holds, and what followed"
        case .nearestSnapshot where plan.parts.allSatisfy { $0.snapshot == nil }:
            "earliest: there is no snapshot that it could begin with"
        case .nearestSnapshot:
            "what these hold, and what followed: " + plan.parts.compactMap(\.snapshot).joined(separator: ", ")
        }
    }

    private var endWords: String {
        switch plan.request.end {
        case .end where plan.request.follows: "never: it follows the log until it is stopped"
        case .end: "the end of the log as it is now"
        case .offset: "\(plan.request.end.text), that record not included"
        case .time(let time): "records created at or before \(time.formatted), as with --known-at"
        }
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "all" : names.joined(separator: ", ") }

    private var partitions: Table {
        var table = Table([
            .number("partition"), .number("from"), .number("until"), .number("done to"), .number("records to read"),
        ])
        for (index, part) in plan.parts.enumerated() {
            table.append([
                "\(part.partition.value)", grouped(part.from.value),
                part.until.map { grouped($0.value) } ?? "\(grouped(ends[index].value)) now",
                grouped(places[index].value), grouped(left[index]),
            ])
        }
        return table
    }

    private var size: Table {
        var table = Table([
            .number("records to read"), .number("events, about"), .number("bytes, about"), .number("seconds, about"),
        ])
        table.append([
            grouped(records), grouped(sample.events(inRecords: records)), grouped(sample.bytes(inRecords: records)),
            seconds.map { grouped($0) } ?? "-",
        ])
        return table
    }

    private var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("from", plan.request.start.text)
            json.member("until", plan.request.end.text)
            json.member("follow", plan.request.follows)
            json.member("directory", directory.path)
            json.key("partitions")
            json.array { json in
                for (index, part) in plan.parts.enumerated() {
                    json.object { json in
                        json.member("partition", Int64(part.partition.value))
                        json.member("from", part.from.value)
                        json.member("until", ends[index].value)
                        json.member("done_to", places[index].value)
                        json.member("records", left[index])
                    }
                }
            }
            json.member("records", records)
            json.member("estimated_events", sample.events(inRecords: records))
            json.member("estimated_bytes", sample.bytes(inRecords: records))
            json.key("estimated_seconds")
            json.integer(orNull: seconds)
            json.member("sampled_records", sample.records)
        }
        return json.bytes
    }
}
