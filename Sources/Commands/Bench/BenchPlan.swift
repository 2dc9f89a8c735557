internal import Foundation

/// Which measurements make up a section, and the table of their results.
struct BenchPlan: Sendable {
    var runner: BenchRunner
    var workers: [Int]
    var events: Int
    var seconds: Double
    var connections: [Int]

    func run(_ section: BenchSection) throws {
        switch section {
        case .fold: try fold()
        case .replay: try replay()
        case .ingest: try ingest()
        case .query: try query()
        case .stream: try stream()
        }
    }

    private func benchCase(_ part: BenchCase.Part, _ workers: Int, _ grouping: BenchCase.Grouping) -> BenchCase {
        BenchCase(part: part, workers: workers, events: events, grouping: grouping)
    }

    private func fold() throws {
        var table = Table([
            .number("workers"), .text("grouped"), .number("in order/s"), .number("10 % late/s"), .number("ratio"),
        ])
        for count in workers {
            for grouping in BenchCase.Grouping.allCases {
                var ordered = benchCase(.fold, count, grouping)
                ordered.events = min(events, 4_000_000)  // It keeps everything in memory.
                var late = ordered
                late.latePercent = 10
                let first = try runner.run(ordered)
                let second = try runner.run(late)
                table.append([
                    grouped(count), grouping.rawValue, first.eventsPerSecond.inMillions,
                    second.eventsPerSecond.inMillions, (second.eventsPerSecond / first.eventsPerSecond).asRatio,
                ])
            }
        }
        try runner.show("Fold in memory, one core: events per second", table)
    }

    private func replay() throws {
        var table = Table([
            .number("workers"), .text("grouped"), .number("scan+decode/s"), .number("replay/s"), .number("ratio"),
            .number("written B/event"), .number("pages/commit"), .number("resident"), .number("÷ a tenth's"),
        ])
        for count in workers {
            for grouping in BenchCase.Grouping.allCases {
                var small = benchCase(.fill, count, grouping)
                small.events = events / 10
                try runner.clear()
                _ = try runner.run(small)
                small.part = .replay
                let tenth = try runner.run(small)
                try runner.clear()
                _ = try runner.run(benchCase(.fill, count, grouping))
                let scan = try runner.run(benchCase(.scan, count, grouping))
                let replay = try runner.run(benchCase(.replay, count, grouping))
                table.append([
                    grouped(count), grouping.rawValue, scan.eventsPerSecond.inMillions,
                    replay.eventsPerSecond.inMillions, (replay.eventsPerSecond / scan.eventsPerSecond).asRatio,
                    (replay.details["written_bytes_per_event"] ?? 0).oneDecimal,
                    String(format: "%.0f", replay.details["pages_per_commit"] ?? 0), replay.residentBytes.inMebibytes,
                    (Double(replay.residentBytes) / Double(max(1, tenth.residentBytes))).asRatio,
                ])
            }
        }
        try runner.clear()
        try runner.show("Replay of the embedded log into durable projections, \(grouped(events)) events", table)
    }

    private func ingest() throws {
        var table = Table([
            .number("workers"), .text("grouped"), .number("events/request"), .number("connections"), .number("idle"),
            .number("discarded/s"), .number("stored/s"), .number("ratio"), .number("lag, events"), .text("keeps up"),
            .number("log B/event"), .number("resident"),
        ])
        var cases: [BenchCase] = []
        for count in workers {
            for grouping in BenchCase.Grouping.allCases {
                for links in connections {
                    var batch = benchCase(.ingest, count, grouping)
                    batch.connections = links
                    cases.append(batch)
                }
            }
        }
        var idle = benchCase(.ingest, workers[0], .request)
        idle.idleConnections = 1000
        var single = benchCase(.ingest, workers[0], .request)
        single.eventsPerRequest = 1
        single.connections = 256
        for var measured in cases + [idle, single] {
            measured.seconds = seconds
            try runner.clear()
            let stored = try runner.run(measured)
            var other = measured
            other.part = .discard
            let discarded = try runner.run(other)
            table.append(ingestRow(measured, stored, discarded))
        }
        try runner.show("Ingest over HTTP, acknowledged durably, load on the same cores: events per second", table)
        try visible()
    }

    private func ingestRow(_ measured: BenchCase, _ stored: BenchResult, _ discarded: BenchResult) -> [String] {
        let middle = stored.details["lag_middle_events"] ?? 0
        let end = stored.details["lag_end_events"] ?? 0
        // A lag below what arrives in a tenth of a second does not count as growing.
        let keepsUp = end <= max(middle * 1.5, stored.eventsPerSecond / 10)
        return [
            grouped(measured.workers), measured.grouping.rawValue, "\(measured.eventsPerRequest)",
            "\(measured.connections)", "\(measured.idleConnections)", discarded.eventsPerSecond.inMillions,
            stored.eventsPerSecond.inMillions, (stored.eventsPerSecond / discarded.eventsPerSecond).asRatio,
            "\(grouped(Int(middle))) → \(grouped(Int(end)))", keepsUp ? "yes" : "no",
            (stored.details["log_bytes_per_event"] ?? 0).oneDecimal, stored.residentBytes.inMebibytes,
        ]
    }

    /// At half the rate that the same load reaches without a limit.
    private func visible() throws {
        var table = Table([
            .number("workers"), .number("events/s"), .number("p50 ms"), .number("p99 ms"), .number("max ms"),
            .number("probes"),
        ])
        for count in workers {
            var measured = benchCase(.ingest, count, .request)
            measured.seconds = seconds
            try runner.clear()
            let most = try runner.run(measured)
            measured.part = .visible
            measured.pace = most.eventsPerSecond / Double(measured.eventsPerRequest) / 2
            try runner.clear()
            let result = try runner.run(measured)
            table.append([
                grouped(count), result.eventsPerSecond.inMillions, (result.details["p50_milliseconds"] ?? 0).oneDecimal,
                (result.details["p99_milliseconds"] ?? 0).oneDecimal,
                (result.details["max_milliseconds"] ?? 0).oneDecimal, grouped(Int(result.details["probes"] ?? 0)),
            ])
        }
        try runner.clear()
        try runner.show("From POST to an answer that shows it, at half of the maximum", table)
    }

    private func query() throws {
        var table = Table([.number("workers"), .text("zone"), .text("question"), .number("median ms")])
        for zone in ["UTC", "Asia/Kolkata"] {
            var filled = benchCase(.fill, workers[0], .request)
            filled.intervalSeconds = 60
            filled.timeZone = zone
            filled.seconds = seconds
            try runner.clear()
            _ = try runner.run(filled)
            filled.part = .query
            let result = try runner.run(filled)
            for (question, milliseconds) in result.details.sorted(by: { $0.key < $1.key })
            where question != "imported_requests" {
                table.append([grouped(workers[0]), zone, question, milliseconds.oneDecimal])
            }
        }
        try runner.clear()
        try runner.show("Days and weeks, over HTTP, from a store with \(grouped(events)) events", table)
    }
}
