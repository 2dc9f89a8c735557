internal import Clocks
internal import Crypto
public import EventLog
public import EventModel
internal import Foundation
internal import ProjectionStore
internal import Timeline

/// The digest of a site at the end of the log (SPEC 7.1, 8.4).
///
/// Works both next to a running writer and on a stopped store: it reads the committed state, folds the rest of the log
/// in memory, and writes nothing.
public enum SiteDigest {
    /// - Parameters:
    ///   - partition: nil for the site's own partition.
    ///   - storePath: projections to start from; if there are none, everything is folded from the start.
    /// - Returns: the digest in hex, or nil for a site that the log does not name.
    /// - Throws: ``ProjectorError`` when the log is not the one that the store was folded from, or lacks records.
    public static func compute(
        site siteID: SiteID, log: any EventLog, partition: PartitionIndex? = nil, storePath: String?
    ) throws -> String? {
        try compute(site: siteID, log, partition, storePath, sliceMilliseconds: sliceMilliseconds)
    }

    static func compute(
        site siteID: SiteID, _ log: any EventLog, _ partition: PartitionIndex?, _ storePath: String?,
        sliceMilliseconds: Int
    ) throws -> String? {
        let partition = partition ?? Partitioner.partition(of: siteID.bytes, partitionCount: log.partitionCount)
        guard let storePath, FileManager.default.fileExists(atPath: storePath) else {
            return try digest(siteID, log, partition, PartitionFold(), NoPages())
        }
        for _ in 0..<attemptsMaximum {
            let slices = StoreSlices(try StoreReader(path: storePath), milliseconds: sliceMilliseconds)
            defer { slices.reader.end() }
            do {
                return try digest(siteID, log, partition, try slices.load(), slices)
            } catch is StoreSlices.Changed { continue }
        }
        return try FoldedApart.withStore(of: log, partition) { path in
            let reader = try StoreReader(path: path)
            return try digest(siteID, log, partition, try reader.load(), reader)
        }
    }

    private static func digest(
        _ siteID: SiteID, _ log: any EventLog, _ partition: PartitionIndex, _ stored: PartitionFold,
        _ pages: any PageReader & QuarantineReader
    ) throws -> String? {
        var fold = stored
        let end = try LogIdentityCheck.run(
            log, partition, next: fold.nextOffset, fingerprint: fold.fingerprint)
        try read(log, partition, to: end, into: &fold, pages)
        guard let site = fold.site(siteID) else { return nil }
        var hasher = SHA256Hasher()
        try site.digest(pages) { hasher.update($0) }
        return hasher.finish().hex
    }

    private static func read(
        _ log: any EventLog, _ partition: PartitionIndex, to end: LogOffset, into fold: inout PartitionFold,
        _ pages: any PageReader
    ) throws {
        var records = RecordFold()
        while fold.nextOffset < end {
            let next = fold.nextOffset
            let skips = try log.skips(partition)
            let read = try log.read(partition, from: next, byteLimit: 1 << 20) { record in
                if skips.cover(fold.nextOffset..<max(fold.nextOffset, record.offset)) { fold.pass(to: record.offset) }
                try records.decode(record)
                try records.apply(to: &fold, pages: pages)
            }
            if skips.cover(fold.nextOffset..<max(fold.nextOffset, read)) { fold.pass(to: read) }
            // Logs that fetch in the background return nothing until the record has arrived.
            if fold.nextOffset == next {
                _ = log.waitForRecord(partition, at: next, timeoutMilliseconds: waitMilliseconds)
            }
        }
    }

    fileprivate static let waitMilliseconds = 1000
    /// How long one state of the store is held, so that its write-ahead log stays short (DESIGN 1.9).
    private static let sliceMilliseconds = 500
    /// How often it is tried to read a store to which somebody commits; then the log is folded apart.
    private static let attemptsMaximum = 3
}

/// Reads the pages of a store slice by slice: one state, as long as nobody commits to it.
private final class StoreSlices: PageReader, QuarantineReader {
    /// Somebody has committed since.
    struct Changed: Error {}

    let reader: StoreReader
    private let milliseconds: Int
    private var generation: UInt64 = 0
    private var end = MonotonicTime(microseconds: 0)

    init(_ reader: StoreReader, milliseconds: Int) {
        self.reader = reader
        self.milliseconds = milliseconds
    }

    func load() throws -> PartitionFold {
        generation = try begin()
        return try reader.loadInside()
    }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        try goOn()
        return try reader.page(of: line, holding: key)
    }

    func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace? {
        try goOn()
        return try reader.quarantinedWinner(site: site, key)
    }

    func forEachQuarantined(
        site: UInt32, createdAt range: ClosedRange<Int64>, _ body: (QuarantinedEvent) -> Bool
    ) throws {
        try goOn()
        try reader.forEachQuarantined(site: site, createdAt: range, body)
    }

    func quarantined(site: UInt32, after key: QuarantineKey?, limit: Int) throws -> [QuarantinedEvent] {
        try goOn()
        return try reader.quarantined(site: site, after: key, limit: limit)
    }

    /// Starts the next slice if it is time.
    private func goOn() throws {
        guard SystemClock().uptime > end else { return }
        reader.end()
        guard try begin() == generation else { throw Changed() }
    }

    private func begin() throws -> UInt64 {
        end = SystemClock().uptime.advanced(milliseconds: milliseconds)
        return try reader.begin()
    }
}

/// A fold of a whole log into a store of its own that nobody else reads or writes.
private enum FoldedApart {
    /// Folds up to the present end of the log and calls `body` with the path of the store, which is removed after that.
    static func withStore<Result>(
        of log: any EventLog, _ partition: PartitionIndex, _ body: (String) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "andon-digest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "projections.sqlite").path
        try fold(log, partition, into: path)
        return try body(path)
    }

    private static func fold(_ log: any EventLog, _ partition: PartitionIndex, into path: String) throws {
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        let projector = try Projector(
            log: log, partition: partition,
            store: try ProjectionStore.open(path: path, logEpoch: log.epoch.bytes), configuration: configuration)
        let end = projector.progress.logEnd
        projector.start()
        defer { projector.stop() }
        while projector.progress.nextOffset < end {
            // Nobody would declare here what to pass over.
            if let reason = projector.failure ?? projector.halt?.message { throw ProjectorError.cannotFold(reason) }
            let passed = DispatchSemaphore(value: 0)
            projector.whenPassed(LogOffset(end.value - 1), timeoutMilliseconds: SiteDigest.waitMilliseconds) { _ in
                passed.signal()
            }
            passed.wait()
        }
    }
}
