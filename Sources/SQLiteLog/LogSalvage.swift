public import EventLog
public import EventModel
internal import Foundation
internal import SQLite

/// Gets every record that is whole out of the files of a log, whatever became of the rest, into a new log.
///
/// Reads the files as plain bytes and never opens them as a database, so nothing in them changes. A record is whole when
/// its check is right; where it stands does not matter. Offsets stay as they were: those that were declared as skipped
/// still are, and those that are lost become skips (SPEC 7.4). The new log has an epoch of its own, because other
/// records may follow in it (DESIGN 1.3).
public struct LogSalvage {
    /// What was found, and what is missing.
    public struct Outcome: Sendable, Equatable {
        public var records: Int64
        /// Offsets before the last record for which none was found, but for those that are declared as skipped.
        public var missing: [Range<LogOffset>]
        /// The end of the new log: after the last record.
        public var end: LogOffset
        /// Records after the end that were acknowledged, or folded.
        public var missingAfterEnd: Int64

        public init(
            records: Int64 = 0, missing: [Range<LogOffset>] = [], end: LogOffset = .zero, missingAfterEnd: Int64 = 0
        ) {
            self.records = records
            self.missing = missing
            self.end = end
            self.missingAfterEnd = missingAfterEnd
        }

        public var missingCount: Int64 {
            missing.reduce(missingAfterEnd) { $0 + $1.upperBound.value - $1.lowerBound.value }
        }
    }

    /// Pages between two calls of the progress.
    private static let pagesPerTurn = 512

    private let path: String
    private let images: PageImages
    /// Identities that the log may have had: those that were named, and those that stand in its own files.
    public let epochs: [LogEpoch]
    private let acknowledged: LogOffset

    /// Reads what the files hold.
    /// - Parameters:
    ///   - path: of the log; neither it nor the files beside it need to be there.
    ///   - epochs: identities that the log may have, besides the one in its own files.
    /// - Throws: ``LogError`` `.unavailable` when a file cannot be read.
    public init(path: String, epochs: [LogEpoch] = []) throws(LogError) {
        self.path = path
        do { images = try PageImages(path: path) } catch {
            throw LogError(
                .unavailable, "cannot read \(path): \((error as NSError).localizedDescription)",
                hint: "check the owner and mode of the file and of its folder")
        }
        let known = AcknowledgedEnd.read(log: path)
        acknowledged = known?.end ?? .zero
        var all = epochs + (known.map { [$0.epoch] } ?? [])
        do {
            // The row that names the log stands in one of the first pages.
            for image in (images.committed + images.beyond).filter({ $0.page < 8 }) {
                all += LogNameScan.epochs(try images.content(of: image))
            }
        } catch { throw LogError(.unavailable, "cannot read \(path): \(error)") }
        self.epochs = all.reduce(into: []) { list, epoch in
            if epoch.bytes.count == LogFormat.epochBytes, !list.contains(epoch) { list.append(epoch) }
        }
    }

    /// Writes all that is whole into a new log.
    /// - Parameters:
    ///   - destination: path of a file that is not there yet.
    ///   - known: the end as others know it, e.g. projections.
    ///   - by: who declares the skips.
    ///   - progress: gets pages read, all pages, and records found so far; returns false to stop.
    /// - Returns: nil when it was stopped.
    /// - Throws: ``LogError`` when a file cannot be read or written.
    public func run(
        into destination: String, known: LogOffset = .zero, by: String, at time: Timestamp,
        progress: (Int, Int, Int64) -> Bool = { _, _, _ in true }
    ) throws(LogError) -> Outcome? {
        do {
            let writer = try SalvagedLogWriter(path: destination)
            var rows = RowSalvage(images, epochs)
            // Most trusted first: of several rows with one offset the first stays.
            var parts: [([PageImages.Image], Int64)] = [(images.committed, .max), (images.beyond, .max)]
            // Of what may not have ended, only what somebody knows.
            parts.append((images.open, max(acknowledged, known).value))
            var done = 0
            for (part, end) in parts {
                for turn in stride(from: 0, to: part.count, by: Self.pagesPerTurn) {
                    try writer.transaction {
                        for image in part[turn..<min(part.count, turn + Self.pagesPerTurn)] {
                            try rows.forEachRow(in: image) { try writer.add($0, before: end) }
                            done += 1
                        }
                    }
                    guard progress(done, images.count, writer.records) else { return nil }
                }
            }
            return try writer.finish(
                reason: "no whole record was found for it in \(path)", by: by, at: time,
                known: max(acknowledged, known))
        } catch { throw LogError(error, whileDoing: "be salvaged", at: path) }
    }
}

/// Finds the row that names a log.
enum LogNameScan {
    /// The identities in rows of a page that look like the one that names a log.
    static func epochs(_ page: [UInt8]) -> [LogEpoch] {
        /// Types of an identity's column, and of a version 1 or a small one before it.
        let (blob, one, small): (UInt8, UInt8, UInt8) = (44, 9, 1)
        var found: [LogEpoch] = []
        for place in 1..<max(1, page.count - 32) where page[place + 1] == blob {
            let header = Int(page[place - 1])
            let versionBytes = page[place] == small ? 1 : 0
            guard page[place] == one || page[place] == small, (3...5).contains(header) else { continue }
            let start = place - 1 + header + versionBytes
            guard start + LogFormat.epochBytes <= page.count else { continue }
            found.append(LogEpoch(bytes: Array(page[start..<start + LogFormat.epochBytes])))
        }
        return found
    }
}
