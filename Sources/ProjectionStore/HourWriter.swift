internal import EventModel
internal import SQLite
internal import Timeline

/// Writes the hours of workers, stations and the factory, and the stays.
final class HourWriter {
    private let clearHours: Statement
    private let clearStays: Statement
    private let addHour: Statement
    private let putStay: Statement
    private let removeStay: Statement

    init(_ connection: Connection) throws {
        clearHours = try connection.prepare("DELETE FROM hour WHERE site = ?")
        clearStays = try connection.prepare("DELETE FROM stay WHERE site = ?")
        addHour = try connection.prepare(
            """
            \(CommitWriter.insert("hour", HourColumn.self)) ON CONFLICT DO UPDATE SET
            working = working + excluded.working, idle = idle + excluded.idle, absent = absent + excluded.absent,
            units = units + excluded.units, changed = max(changed, excluded.changed),
            newest = max(newest, excluded.newest), withdrawn = withdrawn + excluded.withdrawn
            """)
        putStay = try connection.prepare(CommitWriter.insert("stay", StayColumn.self, orReplaces: true))
        removeStay = try connection.prepare(
            """
            DELETE FROM stay WHERE site = ?\(StayColumn.site.parameter) AND scale = ?\(StayColumn.scale.parameter)
            AND start = ?\(StayColumn.start.parameter) AND worker = ?\(StayColumn.worker.parameter)
            """)
    }

    func write(_ site: CommitSet.Site) throws {
        let number = Int64(site.index)
        if site.clearsHours {
            for statement in [clearHours, clearStays] {
                try statement.bind(1, number)
                try statement.run()
            }
        }
        try add(number, site.hours)
        try change(number, site.stays)
    }

    /// Adds the differences in the order of the table; combines those of the same row first.
    private func add(_ site: Int64, _ rows: [HourRow]) throws {
        var merged: [HourRow] = []
        var places: [HourKey: Int] = [:]
        for row in rows {
            let key = HourKey(kind: row.kind.rawValue, entity: row.entity, hour: row.sums.hour)
            if let place = places[key] {
                merged[place].sums.add(row.sums)
            } else {
                places[key] = merged.count
                merged.append(row)
            }
        }
        let order = merged.indices.sorted { merged[$0].precedes(merged[$1]) }
        for place in order { try add(site, merged[place]) }
    }

    private struct HourKey: Hashable {
        var kind: UInt8
        var entity: UInt32
        var hour: Hour
    }

    private func add(_ site: Int64, _ row: HourRow) throws {
        let sums = row.sums
        try addHour.bind(HourColumn.site, site)
        try addHour.bind(HourColumn.kind, Int64(row.kind.rawValue))
        try addHour.bind(HourColumn.hour, sums.hour.number)
        try addHour.bind(HourColumn.entity, Int64(row.entity))
        try addHour.bind(HourColumn.working, sums.working)
        try addHour.bind(HourColumn.idle, sums.idle)
        try addHour.bind(HourColumn.absent, sums.absent)
        try addHour.bind(HourColumn.units, sums.units)
        try addHour.bind(HourColumn.changed, sums.changedAt.stored)
        try addHour.bind(HourColumn.newest, sums.newest.stored)
        try addHour.bind(HourColumn.withdrawn, sums.withdrawn)
        try addHour.run()
    }

    /// Writes the last change of each stay in the order of the table.
    private func change(_ site: Int64, _ changes: [StayChange]) throws {
        var last: [StayKey: StayChange] = [:]
        for change in changes { last[StayKey(change.stay)] = change }
        for (key, change) in last.sorted(by: { $0.key.precedes($1.key) }) {
            let statement = change.isRemoval ? removeStay : putStay
            try statement.bind(StayColumn.site, site)
            try statement.bind(StayColumn.scale, Int64(key.scale))
            try statement.bind(StayColumn.start, key.start.number)
            try statement.bind(StayColumn.worker, Int64(key.worker))
            if !change.isRemoval {
                try statement.bind(StayColumn.ending, change.stay.hours.upperBound.number)
                try statement.bind(StayColumn.state, change.stay.storedState)
                try statement.bind(StayColumn.station, Int64(change.stay.station))
                try statement.bind(StayColumn.changed, change.stay.changedAt.stored)
            }
            try statement.run()
        }
    }

    private struct StayKey: Hashable {
        var scale: Int
        var start: Hour
        var worker: UInt32

        init(_ stay: Stay) { (scale, start, worker) = (stay.scale, stay.hours.lowerBound, stay.worker) }

        func precedes(_ other: StayKey) -> Bool {
            (scale, start.number, worker) < (other.scale, other.start.number, other.worker)
        }
    }
}

extension HourRow {
    /// Sort order of the table's rows.
    func precedes(_ other: HourRow) -> Bool {
        if kind != other.kind { return kind.rawValue < other.kind.rawValue }
        return sums.hour != other.sums.hour ? sums.hour < other.sums.hour : entity < other.entity
    }
}

extension Stay {
    /// The stored value of hours that were cut off.
    private static let cutOff: Int64 = -1

    fileprivate var storedState: Int64 { state.map { Int64($0.rawValue) } ?? Stay.cutOff }

    /// Decodes a row of ``StayColumn``.
    init(row: Statement) throws {
        let start = row.int64(StayColumn.start)
        let ending = row.int64(StayColumn.ending)
        let stored = row.int64(StayColumn.state)
        let state = UInt8(exactly: stored).flatMap { EventType(rawValue: $0) }
        guard start < ending, state != nil || stored == Stay.cutOff, state != .productCount else {
            throw StoreError.damaged("a stored stay is damaged")
        }
        self.init(
            worker: try row.number(StayColumn.worker), hours: Hour(start)..<Hour(ending), state: state,
            station: try row.number(StayColumn.station), changedAt: NewestTime(stored: row.int64(StayColumn.changed)))
    }
}
