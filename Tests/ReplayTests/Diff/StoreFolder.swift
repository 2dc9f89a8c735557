import EventModel
import Foundation
import ProjectionStore
import Replay
import SQLite
import SimulationKit
import TestKit
import Timeline

/// Stores of one partition in a folder of their own, folded from records or changed by hand.
struct StoreFolder {
    private let folder: TemporaryFolder
    private static let epoch = [UInt8](repeating: 7, count: 16)

    init() throws { folder = try TemporaryFolder() }

    func path(_ name: String) -> String { folder.file("\(name).sqlite") }

    /// What one offset of the log holds.
    enum Step {
        case record(RandomScenario.Record, SiteID)
        /// Declared as skipped.
        case skip
    }

    /// Folds records into a store.
    /// - Parameters:
    ///   - commitEvery: records between commits: it must not show.
    ///   - slicePages: pages of hours that are derived again after each record: it must not show, either.
    @discardableResult
    func fold(
        _ records: [RandomScenario.Record], into name: String, commitEvery: Int = 3, slicePages: Int = 1000,
        epoch: [UInt8] = epoch
    ) throws -> String {
        try fold(
            records.map { .record($0, RandomScenario.siteID) }, into: name, commitEvery: commitEvery,
            slicePages: slicePages, epoch: epoch)
    }

    @discardableResult
    func fold(
        _ steps: [Step], into name: String, commitEvery: Int = 3, slicePages: Int = 1000, epoch: [UInt8] = epoch
    ) throws -> String {
        let store = try ProjectionStore.open(path: path(name), logEpoch: epoch)
        var fold = try store.load()
        let pages = try store.reader()
        for (number, step) in steps.enumerated() {
            switch step {
            case .skip: fold.pass(to: fold.nextOffset.next)
            case .record(let record, let site):
                try fold.apply(record.content(of: site), offset: fold.nextOffset, pages: pages) {
                    RandomScenario.hourOffset(of: $0)
                }
            }
            if slicePages > 0 { try fold.rederive(pageLimit: slicePages, pages: pages) }
            while fold.isRederiving, number == steps.count - 1 { try fold.rederive(pageLimit: 1000, pages: pages) }
            guard number % commitEvery == 0 || number == steps.count - 1 else { continue }
            try fold.commit { try store.commit($0) }
            fold.evict(.init(tailBytes: 0, otherBytes: 0))
        }
        return path(name)
    }

    /// A copy of a store in which `statements` were run.
    func copy(_ name: String, as other: String, _ statements: [String]) throws {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path(name) + suffix) {
            try FileManager.default.copyItem(atPath: path(name) + suffix, toPath: path(other) + suffix)
        }
        let connection = try Connection(path: path(other), ConnectionOptions(mode: .writer, checksPages: true))
        for statement in statements { try connection.execute(statement) }
    }

    func compare(_ live: String, _ new: String, limit: Int = 20) throws -> GenerationDifferences {
        try StoreComparison.run(live: path(live), new: path(new), limit: limit)
    }

    /// The number in the first column of the first row.
    func integer(_ name: String, _ query: String) throws -> Int64? {
        try Connection(path: path(name), ConnectionOptions(mode: .reader, checksPages: true)).integer(query)
    }

    /// Digest of the scenario's site, as bytes.
    func dump(_ name: String) throws -> [UInt8] {
        let reader = try StoreReader(path: path(name))
        var bytes: [UInt8] = []
        try reader.load().site(RandomScenario.siteID)?.digest(reader) { bytes += $0 }
        return bytes
    }
}

extension StoreFolder {
    /// A copy of a store with one site in which every id and every origin has another number, and nothing else differs.
    func renumber(_ name: String, as other: String) throws {
        try copy(name, as: other, [])
        let connection = try Connection(path: path(other), ConnectionOptions(mode: .writer, checksPages: true))
        func count(_ table: String, _ condition: String) throws -> Int64 {
            try connection.integer("SELECT count(*) FROM \(table) WHERE \(condition)") ?? 0
        }
        let workers = try count("id", "kind = 0")
        let stations = try count("id", "kind = 1")
        let names = try count("id", "kind = 2")
        let origins = try count("source", "1")
        /// Turns the order of numbers around; in two steps, so that no two rows ever have one number.
        func turn(_ table: String, _ column: String, _ count: Int64, _ condition: String = "1") throws {
            let far: Int64 = 1_000_000
            try connection.execute("UPDATE \(table) SET \(column) = \(column) + \(far) WHERE \(condition)")
            try connection.execute(
                "UPDATE \(table) SET \(column) = \(far + count - 1) - \(column) WHERE \(condition)")
        }
        for (kind, count) in [(0, workers), (1, stations), (2, names)] {
            try turn("id", "number", count, "kind = \(kind)")
        }
        try turn("hour", "entity", workers, "kind = 0")
        try turn("hour", "entity", stations, "kind = 1")
        try turn("stay", "worker", workers)
        try turn("stay", "station", stations, "state >= 0")
        try turn("source", "number", origins)
        try turn("source", "station", stations)
        // 0 is none.
        try turn("source", "camera", names + 2, "camera > 0")
        try turn("source", "model_version", names + 2, "model_version > 0")
        try turn("health", "source", origins)
        try renumberPages(connection, workers: workers, origins: origins)
    }

    private func renumberPages(_ connection: Connection, workers: Int64, origins: Int64) throws {
        func turned(_ entry: TimelineEntry) -> TimelineEntry {
            var entry = entry
            entry.detail = PackedDetail(
                origin: UInt32(origins) - 1 - entry.origin, count: entry.detail.count,
                confidence: entry.detail.confidence)
            return entry
        }
        var rows: [(id: Int64, line: Int64, fence: Int64, blob: [UInt8])] = []
        try connection.prepare("SELECT id, line, fence, blob FROM page").forEachRow { row in
            let page = try row.withBlob(3) {
                try PageCodec.decode($0, id: row.int64(0), fence: EventKey(rawValue: row.int64(2)))
            }
            var blob: [UInt8] = []
            PageCodec.encode(
                Page(
                    id: page.id, fence: page.fence, limit: page.limit, entry: page.entry.map(turned),
                    entries: page.entries.map(turned)), into: &blob)
            let line = row.int64(1)
            rows.append((row.int64(0), (workers - 1 - line >> 2) << 2 | line & 3, row.int64(2), blob))
        }
        try connection.execute("DELETE FROM page")
        let insert = try connection.prepare("INSERT INTO page (id, line, fence, blob) VALUES (?, ?, ?, ?)")
        for row in rows {
            try insert.bind(1, row.id)
            try insert.bind(2, row.line)
            try insert.bind(3, row.fence)
            try insert.bind(4, row.blob)
            try insert.run()
        }
    }
}

extension GenerationDifferences {
    func count(_ kind: DifferenceKind) -> Count? { counts.first { $0.kind == kind } }

    func of(_ kind: DifferenceKind) -> [Difference] { differences.filter { $0.kind == kind } }

    /// The kinds that differ.
    var kinds: Set<DifferenceKind> { Set(counts.filter { $0.different > 0 }.map(\.kind)) }
}

extension Difference {
    func id(_ name: String) -> String? {
        guard case .id(let bytes)? = ids.first(where: { $0.name == name })?.value else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func member(_ name: String) -> Member? { members.first { $0.name == name } }
}
