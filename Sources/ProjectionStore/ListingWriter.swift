internal import EventModel
internal import SQLite
internal import Timeline

/// Writes what questions list or date by created_at: arrivals and quarantined events (SPEC 2.7, 5.8).
final class ListingWriter {
    private let addArrival: Statement
    private let putQuarantined: Statement
    private let displace: Statement

    init(_ connection: Connection) throws {
        addArrival = try connection.prepare(
            """
            \(CommitWriter.insert("arrival", ArrivalColumn.self)) ON CONFLICT DO UPDATE SET
            winners = winners + excluded.winners, newest_event = max(newest_event, excluded.newest_event)
            """)
        putQuarantined = try connection.prepare(
            CommitWriter.insert("quarantined", QuarantinedColumn.self, orReplaces: true))
        displace = try connection.prepare("UPDATE quarantined SET winner = 0 WHERE log_offset = ? AND place = ?")
    }

    func write(_ site: CommitSet.Site) throws {
        let number = Int64(site.index)
        try writeArrivals(number, site.arrivals)
        for event in site.quarantined { try put(number, event) }
        for position in site.displaced {
            try displace.bind(1, position.offset.value)
            try displace.bind(2, position.low)
            try displace.run()
        }
    }

    /// Adds the differences in the order of the table; combines those of the same row first.
    private func writeArrivals(_ site: Int64, _ rows: [ArrivalRow]) throws {
        try writeArrivals(site, .single, rows)
        try writeArrivals(
            site, .hour,
            rows.map { row in
                var row = row
                row.createdAt = StoreReader.hourStart(of: row.createdAt)
                return row
            })
    }

    private func writeArrivals(_ site: Int64, _ span: StoreSchema.ArrivalSpan, _ rows: [ArrivalRow]) throws {
        var merged: [ArrivalRow] = []
        for row in rows.sorted(by: { $0.createdAt < $1.createdAt }) {
            if merged.last?.createdAt == row.createdAt {
                merged[merged.count - 1].add(row)
            } else {
                merged.append(row)
            }
        }
        for row in merged {
            try addArrival.bind(ArrivalColumn.site, site)
            try addArrival.bind(ArrivalColumn.span, span.rawValue)
            try addArrival.bind(ArrivalColumn.createdAt, row.createdAt)
            try addArrival.bind(ArrivalColumn.winners, row.winners)
            try addArrival.bind(ArrivalColumn.newestEvent, row.newestEvent.stored)
            try addArrival.run()
        }
    }

    private func put(_ site: Int64, _ event: QuarantinedEvent) throws {
        let entry = event.entry
        try putQuarantined.bind(QuarantinedColumn.logOffset, entry.offset.value)
        try putQuarantined.bind(QuarantinedColumn.place, entry.position.low)
        try putQuarantined.bind(QuarantinedColumn.site, site)
        try putQuarantined.bind(QuarantinedColumn.worker, event.worker)
        try putQuarantined.bind(QuarantinedColumn.workstation, event.workstation)
        try putQuarantined.bind(QuarantinedColumn.camera, orNull: event.camera)
        try putQuarantined.bind(QuarantinedColumn.modelVersion, orNull: event.modelVersion)
        try putQuarantined.bind(QuarantinedColumn.key, entry.key.rawValue)
        try putQuarantined.bind(QuarantinedColumn.detail, Int64(bitPattern: entry.detail.rawValue))
        try putQuarantined.bind(QuarantinedColumn.createdAt, entry.createdAt)
        try putQuarantined.bind(QuarantinedColumn.winner, event.isWinner ? 1 : 0)
        try putQuarantined.run()
    }
}
