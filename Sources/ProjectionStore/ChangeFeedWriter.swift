internal import EventModel
internal import SQLite
internal import Timeline

/// Records, in the transaction of a commit, which hours it changed (DESIGN 3).
///
/// One row per hour or stay, not per figure: the publisher compares all figures of an hour with the published ones anyway,
/// because the open end of a time line changes figures that have no row. So a commit costs a handful of rows.
final class ChangeFeedWriter: Sendable {
    // Like the writer they belong to, the statements are used by the committing thread only.
    private struct Statements: @unchecked Sendable {
        let put: Statement
        let clear: Statement
    }
    private let statements: Statements

    init(_ connection: Connection) throws {
        statements = Statements(
            put: try connection.prepare(
                """
                INSERT INTO changed_hour (\(ChangedHourColumn.names)) VALUES (\(ChangedHourColumn.parameters))
                ON CONFLICT DO UPDATE SET ending = max(ending, excluded.ending), generation = excluded.generation
                """),
            clear: try connection.prepare(
                "DELETE FROM changed_hour WHERE site = ? AND kind <> \(ChangedHour.Kind.health.rawValue)"))
    }

    func write(_ site: CommitSet.Site, generation: UInt64) throws {
        let number = Int64(site.index)
        if site.clearsHours {
            try statements.clear.bind(1, number)
            try statements.clear.run()
        }
        var hours: Set<Hour> = []
        for row in site.hours { hours.insert(row.sums.hour) }
        try put(number, .hour, hours, generation)
        hours.removeAll(keepingCapacity: true)
        for row in site.health { hours.insert(row.sums.hour) }
        try put(number, .health, hours, generation)
        try put(number, .open, site.openHours, generation)
        var stays: [Hour: Hour] = [:]
        for change in site.stays {
            let hours = change.stay.hours
            stays[hours.lowerBound] = max(stays[hours.lowerBound] ?? hours.upperBound, hours.upperBound)
        }
        for (start, end) in stays.sorted(by: { $0.key < $1.key }) { try put(number, .stay, start..<end, generation) }
        switch site.definitionReach {
        case .nothing: break
        case .from(let time):
            let hour = site.state.parameters.hour(of: time)
            try put(number, .onward, hour..<hour.next, generation)
        case .everything:
            let hour = Hour(ChangedHour.everyHour)
            try put(number, .onward, hour..<hour.next, generation)
        }
    }

    private func put(_ site: Int64, _ kind: ChangedHour.Kind, _ hours: Set<Hour>, _ generation: UInt64) throws {
        for hour in hours.sorted() { try put(site, kind, hour..<hour.next, generation) }
    }

    private func put(_ site: Int64, _ kind: ChangedHour.Kind, _ hours: Range<Hour>, _ generation: UInt64) throws {
        try statements.put.bind(ChangedHourColumn.site, site)
        try statements.put.bind(ChangedHourColumn.kind, kind.rawValue)
        try statements.put.bind(ChangedHourColumn.hour, hours.lowerBound.number)
        try statements.put.bind(ChangedHourColumn.ending, hours.upperBound.number)
        try statements.put.bind(ChangedHourColumn.generation, Int64(generation))
        try statements.put.run()
    }
}
