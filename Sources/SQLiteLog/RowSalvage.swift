internal import EventLog
internal import EventModel
internal import SQLite

/// Finds the rows of records and of skips in pages, and tells which of them are as they were written.
struct RowSalvage {
    let images: PageImages
    /// One for each identity that the log may have.
    let checks: [RowCheck]
    private var batch = EventBatch(siteID: SiteID(bytes: []))

    /// A row of the largest record, with its headers.
    private static let rowBytesMaximum = Limits.recordBytesMaximum + 4096
    /// Ways to put one row together from several states of its pages.
    private static let attemptsMaximum = 32

    init(_ images: PageImages, _ epochs: [LogEpoch]) {
        self.images = images
        checks = epochs.map { RowCheck($0) }
    }

    /// Calls `body` with each row in a page that is whole, whatever else the page holds.
    mutating func forEachRow(in image: PageImages.Image, _ body: (StoredRow) throws -> Void) throws {
        let page = try images.content(of: image)
        guard page.count == images.pageBytes else { return }
        var before: Int64?
        var end = 0
        // Not by the page's own list of its rows, which may be damaged.
        for content in Self.likelyContents(page) where content >= end {
            guard let found = try whole(page, contentAt: content, from: end, after: before) else { continue }
            if case .record(let record) = found.row { before = record.offset }
            end = found.end
            try body(found.row)
        }
    }

    /// Where the content of a row may begin: with the size of its header, the column of its number, which is empty, and
    /// the type of an integer: created_at, or the offset behind a skip.
    private static func likelyContents(_ page: [UInt8]) -> [Int] {
        page.withUnsafeBytes { bytes in
            var found: [Int] = []
            var place = 2
            while place < bytes.count - 2 {
                if bytes[place + 1] == 0, 6...40 ~= bytes[place], 1...9 ~= bytes[place + 2] { found.append(place) }
                place += 1
            }
            return found
        }
    }

    /// In front of the content stand its size and the row's number, each in one to nine bytes.
    private static let prefixBytes = 2...18

    private mutating func whole(
        _ page: [UInt8], contentAt content: Int, from first: Int, after before: Int64?
    ) throws -> (row: StoredRow, end: Int)? {
        for start in Self.prefixBytes.map({ content - $0 }) where start >= first {
            guard let place = RowPlace(page, at: start, byteCountMaximum: Self.rowBytesMaximum),
                place.local.lowerBound == content, let row = try whole(place, page, after: before)
            else { continue }
            return (row, place.local.upperBound)
        }
        return nil
    }

    /// The row, if its check is right.
    /// - Parameter before: offset of the record that stands before it, and was written after it: a page is filled from
    ///   its end.
    private mutating func whole(_ place: RowPlace, _ page: [UInt8], after before: Int64?) throws -> StoredRow? {
        for content in try contents(place, page) {
            switch place.row(content) {
            case .skip(let skip, let check):
                if checks.contains(where: { $0.ofSkip(skip) == check }) { return .skip(skip, check: check) }
            case .record(var record):
                if isWhole(record) { return .record(record) }
                // A wrong bit may be in the offset; its neighbour knows it.
                guard let before, before > 0, record.check != nil else { continue }
                record.offset = before - 1
                if isWhole(record) { return .record(record) }
            }
        }
        return nil
    }

    /// What the row's bytes may be, the most likely first.
    private func contents(_ place: RowPlace, _ page: [UInt8]) throws -> [[UInt8]] {
        let local = Array(page[place.local])
        guard place.overflows else { return [local] }
        var unfinished = [(bytes: local, next: Int(page.word(at: place.local.upperBound)))]
        var found: [[UInt8]] = []
        var attempts = 0
        while let (bytes, next) = unfinished.popLast(), attempts < Self.attemptsMaximum {
            guard bytes.count < place.byteCount else {
                attempts += 1
                found.append(bytes)
                continue
            }
            // The most likely one is taken first, so it goes on the list last.
            for image in images.images(of: next).reversed() {
                let content = try images.content(of: image)
                guard content.count == images.pageBytes else { continue }
                let part = content[4..<min(content.count, 4 + place.byteCount - bytes.count)]
                unfinished.append((bytes + part, Int(content.word(at: 0))))
            }
            if unfinished.count > Self.attemptsMaximum { unfinished.removeFirst() }
        }
        return found
    }

    private mutating func isWhole(_ record: StoredRecord) -> Bool {
        guard let check = record.check else { return isWholeWithoutCheck(record) }
        return record.withColumns { columns in checks.contains { $0.ofRecord(columns) == check } }
    }

    /// Rows of format 1 have only the checksum in their content, which also says site and time.
    private mutating func isWholeWithoutCheck(_ record: StoredRecord) -> Bool {
        guard let kind = try? RecordCodec.decode(Array(record.payload), into: &batch) else { return false }
        if case .events = kind {
            return batch.siteID.bytes[...] == record.key && batch.createdAt.microseconds == record.createdAt
        }
        guard case .definition(let definition) = kind else { return false }
        return definition.definition.siteID.bytes[...] == record.key
            && definition.createdAt.microseconds == record.createdAt
    }
}
