internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Timeline

/// Compares the stored sums of hours and the stays of a site.
struct HourComparison {
    let pair: SitePair

    func run(_ found: inout DifferenceCollector) throws {
        guard pair.hasSameHours else {
            return found.note(
                "\(pair.siteID.text): hours begin at other times in the two generations and were not compared")
        }
        try compare(.worker, .workerHour, pair.workers, &found)
        try compare(.workstation, .workstationHour, pair.stations, &found)
        try compare(.factory, .factoryHour, nil, &found)
        try compareStays(&found)
    }

    /// - Parameter ids: nil for the factory.
    private func compare(
        _ rows: HourKind, _ kind: DifferenceKind, _ ids: IDMatching?, _ found: inout DifferenceCollector
    ) throws {
        var merge = try RowMerge(
            pair.readers.live.hourRows(site: pair.live.index, rows),
            pair.readers.new.hourRows(site: pair.new.index, rows), group: { $0.sums.hour.number },
            liveNumber: { try Self.known($0.entity, count: ids?.liveCount ?? 1) },
            newNumber: { try Self.common($0.entity, ids?.common ?? [0]) })
        try merge.forEachPair { number, live, new in
            compare(kind, ids, number, live?.sums, new?.sums, &found)
        }
    }

    static func known(_ number: UInt32, count: Int) throws -> UInt32 {
        guard Int(number) < count else { throw ReplayError.foreignRow }
        return number
    }

    static func common(_ number: UInt32, _ common: [UInt32]) throws -> UInt32 {
        guard Int(number) < common.count else { throw ReplayError.foreignRow }
        return common[Int(number)]
    }

    private func compare(
        _ kind: DifferenceKind, _ ids: IDMatching?, _ number: UInt32, _ live: HourSums?, _ new: HourSums?,
        _ found: inout DifferenceCollector
    ) {
        guard let hour = (live ?? new)?.hour else { return }
        // A row of zeros and none at all are the same.
        let (before, after) = (live ?? HourSums(hour: hour), new ?? HourSums(hour: hour))
        let moved = DifferenceSize.sum(
            DifferenceSize.between(before.working, after.working), DifferenceSize.between(before.idle, after.idle),
            DifferenceSize.between(before.absent, after.absent),
            DifferenceSize.times(DifferenceSize.between(before.units, after.units), DifferenceSize.unit))
        let hasOtherNotes =
            pair.hasSameNotes
            && (before.newest != after.newest
                || live != nil && new != nil
                    && (before.changedAt != after.changedAt || before.withdrawn != after.withdrawn))
        guard moved > 0 || hasOtherNotes else { return found.equal(kind) }
        found.different(kind, size: max(moved, DifferenceSize.note)) {
            var difference = Difference(
                kind: kind, site: pair.siteID, ids: name(kind, ids, number),
                time: pair.live.parameters.start(of: hour), size: max(moved, DifferenceSize.note),
                members: sums(live, new))
            if hasOtherNotes { difference.members += notes(before, after) }
            return .init(difference: difference, hour: kind == .workerHour ? hour : nil)
        }
    }

    private func name(_ kind: DifferenceKind, _ ids: IDMatching?, _ number: UInt32) -> [NamedValue] {
        guard let ids else { return [] }
        return [NamedValue(kind == .workerHour ? "worker_id" : "workstation_id", .id(ids.id(number)))]
    }

    private func sums(_ live: HourSums?, _ new: HourSums?) -> [Difference.Member] {
        let figures: [(String, KeyPath<HourSums, Int64>)] = [
            ("working_us", \.working), ("idle_us", \.idle), ("absent_us", \.absent), ("units", \.units),
        ]
        return figures.compactMap { name, figure in
            let (before, after) = (live?[keyPath: figure], new?[keyPath: figure])
            guard before ?? 0 != after ?? 0 else { return nil }
            return Difference.Member(name, before.map { .integer($0) }, after.map { .integer($0) })
        }
    }

    private func notes(_ before: HourSums, _ after: HourSums) -> [Difference.Member] {
        var members: [Difference.Member] = []
        if before.changedAt != after.changedAt {
            members.append(.init("changed_at", .time(orNil: before.changedAt.time), .time(orNil: after.changedAt.time)))
        }
        if before.newest != after.newest {
            members.append(.init("last_activity", .time(orNil: before.newest.time), .time(orNil: after.newest.time)))
        }
        if before.withdrawn != after.withdrawn {
            members.append(.init("withdrawn", .integer(before.withdrawn), .integer(after.withdrawn)))
        }
        return members
    }

    // MARK: Stays

    private func compareStays(_ found: inout DifferenceCollector) throws {
        var merge = try RowMerge(
            pair.readers.live.stayRows(site: pair.live.index), pair.readers.new.stayRows(site: pair.new.index),
            // Hours have fewer bits than this.
            group: { Int64($0.scale) << 40 + $0.hours.lowerBound.number },
            liveNumber: { try Self.known($0.worker, count: pair.workers.liveCount) },
            newNumber: { try Self.common($0.worker, pair.workers.common) })
        try merge.forEachPair { number, live, new in try compare(number, live, new, &found) }
    }

    private func compare(
        _ number: UInt32, _ live: Stay?, _ new: Stay?, _ found: inout DifferenceCollector
    ) throws {
        guard let start = (live ?? new)?.hours.lowerBound else { return }
        let station = (before: try live.flatMap(liveStation), after: try new.flatMap(newStation))
        if let live, let new, live.hours == new.hours, live.state == new.state, station.before == station.after,
            !pair.hasSameNotes || live.changedAt == new.changedAt
        {
            return found.equal(.stay)
        }
        // Hours that were cut off only tell when they changed.
        if !pair.hasSameNotes, live?.state == nil, new?.state == nil { return found.equal(.stay) }
        var members: [Difference.Member] = []
        func add(_ name: String, _ before: DifferenceValue?, _ after: DifferenceValue?) {
            if before != after { members.append(.init(name, before, after)) }
        }
        let parameters = pair.live.parameters
        func end(_ stay: Stay?) -> DifferenceValue? {
            stay.map { .time(parameters.start(of: $0.hours.upperBound)) }
        }
        func state(_ stay: Stay?) -> DifferenceValue? { stay.map { .text($0.state?.text ?? "cut off") } }
        add("to", end(live), end(new))
        add("state", state(live), state(new))
        add(
            "workstation_id", station.before.map { .id(pair.stations.id($0)) },
            station.after.map { .id(pair.stations.id($0)) })
        let moved = members.isEmpty ? 0 : DifferenceSize.times(span(live, new), Microseconds.hour)
        if pair.hasSameNotes, let live, let new {
            add("changed_at", .time(orNil: live.changedAt.time), .time(orNil: new.changedAt.time))
        }
        let size = max(moved, DifferenceSize.note)
        found.different(.stay, size: size) {
            .init(
                difference: Difference(
                    kind: .stay, site: pair.siteID, ids: [NamedValue("worker_id", .id(pair.workers.id(number)))],
                    time: parameters.start(of: start), size: size, members: members))
        }
    }

    /// Hours that differ: those that only one has, or all where state or station differ.
    private func span(_ live: Stay?, _ new: Stay?) -> Int64 {
        guard let live, let new, live.state == new.state else { return max(live?.length ?? 0, new?.length ?? 0) }
        return live.length == new.length ? live.length : abs(live.length - new.length)
    }

    /// Common number of the station; nil where there is none.
    private func liveStation(_ stay: Stay) throws -> UInt32? {
        guard stay.state != nil else { return nil }
        return try Self.known(stay.station, count: pair.stations.liveCount)
    }

    private func newStation(_ stay: Stay) throws -> UInt32? {
        guard stay.state != nil else { return nil }
        return try Self.common(stay.station, pair.stations.common)
    }
}
