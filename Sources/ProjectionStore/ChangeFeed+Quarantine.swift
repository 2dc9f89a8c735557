public import EventModel
internal import SQLite
public import Timeline

extension ChangeFeed {
    /// A quarantined event and its site.
    public struct Quarantined: Sendable, Equatable {
        public var site: SiteID
        public var event: QuarantinedEvent
    }

    /// Quarantined events after a position in the log, in the log's order.
    public func quarantined(after offset: LogOffset, index: Int, limit: Int) throws -> [Quarantined] {
        try reading {
            try connection.read {
                let sites = try siteIDs()
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
                try rows.forEachRow { row in
                    guard let site = sites[row.int64(QuarantinedColumn.site)] else {
                        throw StoreError.damaged("a stored event names a site that the store does not have")
                    }
                    events.append(Quarantined(site: site, event: try QuarantinedEvent(row: row)))
                }
                return events
            }
        }
    }

    private func siteIDs() throws -> [Int64: SiteID] {
        var sites: [Int64: SiteID] = [:]
        try connection.prepare("SELECT \(SiteColumn.names) FROM site").forEachRow { row in
            sites[row.int64(SiteColumn.number)] = SiteID(bytes: row.blob(SiteColumn.siteId))
        }
        return sites
    }
}
