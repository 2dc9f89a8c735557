public import EventModel
internal import SQLite
public import Timeline

extension ChangeFeed {
    /// A quarantined event with its ids.
    public struct Quarantined: Sendable, Equatable {
        public var site: SiteID
        public var worker: [UInt8]
        public var workstation: [UInt8]
        public var camera: [UInt8]?
        public var modelVersion: [UInt8]?
        public var entry: TimelineEntry
    }

    /// Quarantined events after a position in the log, in the log's order.
    public func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [Quarantined] {
        try reading {
            try connection.read {
                let names = try StoredNames(connection)
                let rows = try connection.prepare(
                    """
                    SELECT \(QuarantinedColumn.names) FROM quarantined
                    WHERE (log_offset, place) >= (?, ?) ORDER BY log_offset, place LIMIT ?
                    """)
                try rows.bind(1, offset.value)
                // The stored index and reason of a position do not depend on the offset.
                try rows.bind(2, PackedPosition(offset: .zero, index: index + 1, mark: .accepted).low)
                try rows.bind(3, limit)
                var events: [Quarantined] = []
                try rows.forEachRow { events.append(try names.event($0)) }
                return events
            }
        }
    }
}

/// Looks up the ids of stored numbers.
private struct StoredNames {
    private let findSite: Statement
    private let findOrigin: Statement
    private let findID: Statement

    init(_ connection: Connection) throws {
        findSite = try connection.prepare("SELECT \(SiteColumn.names) FROM site WHERE number = ?")
        findOrigin = try connection.prepare("SELECT \(OriginColumn.names) FROM source WHERE site = ? AND number = ?")
        findID = try connection.prepare("SELECT \(IDColumn.names) FROM id WHERE site = ? AND kind = ? AND number = ?")
    }

    /// The event in a row of ``QuarantinedColumn``.
    func event(_ row: Statement) throws -> ChangeFeed.Quarantined {
        let stored = try QuarantinedEvent(row: row)
        let entry = stored.entry
        let site = row.int64(QuarantinedColumn.site)
        let origin = try first(findOrigin, [site, Int64(entry.origin)]) { try Origin(row: $0) }
        return ChangeFeed.Quarantined(
            site: SiteID(bytes: try first(findSite, [site]) { $0.blob(SiteColumn.siteId) }),
            worker: try id(.worker, Int64(stored.worker), of: site),
            workstation: try id(.station, Int64(origin.station), of: site),
            camera: try name(origin.camera, of: site), modelVersion: try name(origin.modelVersion, of: site),
            entry: entry)
    }

    /// Name of a camera or model version; an origin counts them from 1, and 0 means none.
    private func name(_ number: UInt32, of site: Int64) throws -> [UInt8]? {
        number == 0 ? nil : try id(.name, Int64(number) - 1, of: site)
    }

    private func id(_ kind: StoreSchema.IDKind, _ number: Int64, of site: Int64) throws -> [UInt8] {
        try first(findID, [site, kind.rawValue, number]) { $0.blob(IDColumn.bytes) }
    }

    private func first<Result>(
        _ statement: Statement, _ key: [Int64], _ read: (Statement) throws -> Result
    ) throws -> Result {
        defer { statement.reset() }
        for (index, value) in key.enumerated() { try statement.bind(index + 1, value) }
        guard try statement.step() else {
            throw StoreError.damaged("a stored event names what the store does not have")
        }
        return try read(statement)
    }
}
