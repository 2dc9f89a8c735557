internal import EventLog
internal import EventModel

/// A row of a log, as its bytes stand in a page.
///
/// The format is that of https://www.sqlite.org/fileformat2.html#record_format.
enum StoredRow {
    case record(StoredRecord)
    case skip(LogSkip, check: Int64)
}

/// A row of the table of records.
struct StoredRecord {
    var offset: Int64
    var createdAt: Int64
    var key: ArraySlice<UInt8>
    /// nil when the column is NULL.
    var headers: ArraySlice<UInt8>?
    var payload: ArraySlice<UInt8>
    /// nil for a row without one.
    var check: Int64?

    /// Calls `body` with the columns; they are valid only inside of it.
    func withColumns<Result>(_ body: (RecordColumns) throws -> Result) rethrows -> Result {
        try RecordColumns.with(
            offset: offset, createdAt: createdAt, key: key, headers: headers, payload: payload, body)
    }
}

/// Where a row begins in a page, and how its columns lie: enough to tell that there is a row.
struct RowPlace {
    /// The row's number: the offset of a record, or the first one of a skip.
    private let number: Int64
    /// Of the row's content, wherever it lies.
    let byteCount: Int
    private let headerBytes: Int
    private let types: [Int64]
    private let table: Table
    /// The part of the content that stands in the page.
    let local: Range<Int>
    /// Whether the rest stands in other pages.
    var overflows: Bool { local.count < byteCount }

    /// In both tables the first column is the number of the row.
    private enum Table { case records, skips }

    private static let columnsMaximum = 6

    /// - Returns: nil when no row of records or of skips begins at `start`.
    init?(_ page: [UInt8], at start: Int, byteCountMaximum: Int) {
        var cursor = ByteCursor(page, start)
        guard let size = cursor.varint(), (5...Int64(byteCountMaximum)).contains(size), let number = cursor.varint(),
            number >= 0
        else { return nil }
        let content = cursor.place
        guard let headerBytes = cursor.varint(), (6...40).contains(headerBytes) else { return nil }
        var types: [Int64] = []
        while cursor.place < content + Int(headerBytes), types.count <= Self.columnsMaximum {
            guard let type = cursor.varint() else { return nil }
            types.append(type)
            // The number of the row is not stored twice.
            if types.count == 1, type != 0 { return nil }
        }
        guard cursor.place == content + Int(headerBytes), let table = Self.table(types),
            types.reduce(headerBytes, { $0 + Self.byteCount($1) }) == size
        else { return nil }
        let count = Self.localBytes(Int(size), pageBytes: page.count)
        guard content + count + (count < Int(size) ? 4 : 0) <= page.count else { return nil }
        self.number = number
        byteCount = Int(size)
        self.headerBytes = Int(headerBytes)
        self.types = types
        self.table = table
        local = content..<content + count
    }

    private static func table(_ types: [Int64]) -> Table? {
        guard (5...columnsMaximum).contains(types.count), isInteger(types[1]) else { return nil }
        if isBlob(types[2]), types[3] == 0 || isBlob(types[3]), isBlob(types[4]),
            types.count == 5 || types[5] == 0 || isInteger(types[5])
        {
            return .records
        }
        let isSkip =
            types.count == 6 && isText(types[2]) && isText(types[3]) && isInteger(types[4]) && isInteger(types[5])
        return isSkip ? .skips : nil
    }

    private static func isInteger(_ type: Int64) -> Bool { (1...6).contains(type) || type == 8 || type == 9 }
    private static func isBlob(_ type: Int64) -> Bool { type >= 12 && type % 2 == 0 }
    private static func isText(_ type: Int64) -> Bool { type >= 13 && type % 2 == 1 }

    private static func byteCount(_ type: Int64) -> Int64 {
        switch type {
        case 0, 8, 9: 0
        case 1...4: type
        case 5: 6
        case 6, 7: 8
        default: (type - 12) / 2
        }
    }

    /// How much of a row stands in its page.
    private static func localBytes(_ size: Int, pageBytes: Int) -> Int {
        let maximum = pageBytes - 35
        guard size > maximum else { return size }
        let minimum = (pageBytes - 12) * 32 / 255 - 23
        let local = minimum + (size - minimum) % (pageBytes - 4)
        return local <= maximum ? local : minimum
    }

    /// - Parameter content: all of the row's bytes.
    func row(_ content: [UInt8]) -> StoredRow {
        var place = headerBytes
        let columns = types.map { type in
            let column = content[place..<place + Int(Self.byteCount(type))]
            place = column.endIndex
            return column
        }
        func integer(_ column: Int) -> Int64 { Self.integer(columns[column], types[column]) }
        switch table {
        case .records:
            return .record(
                StoredRecord(
                    offset: number, createdAt: integer(1), key: columns[2], headers: types[3] == 0 ? nil : columns[3],
                    payload: columns[4], check: types.count == 5 || types[5] == 0 ? nil : integer(5)))
        case .skips:
            let skip = LogSkip(
                first: LogOffset(number), next: LogOffset(integer(1)),
                reason: String(decoding: columns[2], as: UTF8.self), by: String(decoding: columns[3], as: UTF8.self),
                at: Timestamp(microseconds: integer(4)))
            return .skip(skip, check: integer(5))
        }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>, _ type: Int64) -> Int64 {
        guard let first = bytes.first else { return type == 9 ? 1 : 0 }
        return bytes.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }
}

/// Reads SQLite's numbers of variable length.
struct ByteCursor {
    private let bytes: [UInt8]
    private(set) var place: Int

    init(_ bytes: [UInt8], _ place: Int) {
        self.bytes = bytes
        self.place = place
    }

    /// - Returns: nil where the bytes end.
    mutating func varint() -> Int64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7f)
            if byte & 0x80 == 0 { return Int64(bitPattern: value) }
        }
        return nil
    }
}
