internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Timeline

/// Compares what a site is, apart from hours and events: its rules, ledger, ids, definitions and last intervals.
struct SiteComparison {
    let pair: SitePair
    /// Most ids or stations that are named where two definitions differ.
    private static let namedMaximum = 20

    func run(_ found: inout DifferenceCollector) throws {
        compareRules(&found)
        compareLedgers(&found)
        compareIDs(pair.workers, .worker, "worker_id", &found)
        compareIDs(pair.stations, .workstation, "workstation_id", &found)
        try compareDefinitions(&found)
        try compareOpenIntervals(&found)
    }

    private func note(
        _ kind: DifferenceKind, _ members: [Difference.Member], size: Int64, ids: [NamedValue] = [],
        time: Int64? = nil, _ found: inout DifferenceCollector
    ) {
        guard !members.isEmpty else { return found.equal(kind) }
        found.different(kind, size: size) {
            .init(
                difference: Difference(
                    kind: kind, site: pair.siteID, ids: ids, time: time, size: size, members: members))
        }
    }

    private func compareRules(_ found: inout DifferenceCollector) {
        var members = MemberList()
        let (live, new) = (pair.live.state, pair.new.state)
        members.add("observation_ttl_us", .integer(live.parameters.ttl), .integer(new.parameters.ttl))
        members.add("hours_begin_us", .integer(live.parameters.hourOffset), .integer(new.parameters.hourOffset))
        members.add("next_offset", .integer(live.nextOffset.value), .integer(new.nextOffset.value))
        members.add(
            "newest_event_time", .time(orNil: live.newestEvent.time), .time(orNil: new.newestEvent.time))
        members.add(
            "newest_quarantined_time", .time(orNil: live.newestQuarantined.time),
            .time(orNil: new.newestQuarantined.time))
        note(.site, members.list, size: DifferenceSize.site, &found)
    }

    private func compareLedgers(_ found: inout DifferenceCollector) {
        var members = MemberList()
        var size: Int64 = 0
        let counts: [(String, KeyPath<Ledger, Int64>)] = [
            ("received", \.received), ("folded", \.folded), ("duplicates", \.duplicates),
            ("low_confidence", \.lowConfidence), ("quarantined", \.quarantined), ("definitions", \.definitions),
        ]
        for (name, count) in counts {
            let (one, other) = (pair.live.ledger[keyPath: count], pair.new.ledger[keyPath: count])
            members.add(name, .integer(one), .integer(other))
            size = DifferenceSize.sum(
                size, DifferenceSize.times(DifferenceSize.between(one, other), DifferenceSize.unit))
        }
        note(.ledger, members.list, size: size, &found)
    }

    private func compareIDs(
        _ ids: IDMatching, _ kind: DifferenceKind, _ name: String, _ found: inout DifferenceCollector
    ) {
        for number in 0..<ids.count {
            guard (ids.live(number) == nil) != (ids.new(number) == nil) else {
                found.equal(kind)
                continue
            }
            let id = ids.id(UInt32(number))
            let member = Difference.Member(
                "known", .text(ids.live(number) == nil ? "no" : "yes"), .text(ids.new(number) == nil ? "no" : "yes"))
            note(kind, [member], size: DifferenceSize.entity, ids: [NamedValue(name, .id(id))], &found)
        }
    }

    // MARK: Definitions

    private func compareDefinitions(_ found: inout DifferenceCollector) throws {
        let live = try pair.readers.live.definitionRows(site: pair.live.index)
        let new = try pair.readers.new.definitionRows(site: pair.new.index)
        var version: Int64 = 0
        while true {
            let (one, other) = (try live.next(), try new.next())
            guard one != nil || other != nil else { return }
            version += 1
            note(
                .definition, members(one, other), size: DifferenceSize.definition,
                ids: [NamedValue("version", .integer(version))],
                time: (one ?? other)?.record.createdAt.microseconds, &found)
        }
    }

    private func members(_ live: StoredDefinition?, _ new: StoredDefinition?) -> [Difference.Member] {
        if let live, let new, live.record == new.record, live.offset == new.offset { return [] }
        var members = MemberList()
        members.add("offset", live.map { .integer($0.offset.value) }, new.map { .integer($0.offset.value) })
        members.add(
            "created_at", live.map { .time($0.record.createdAt.microseconds) },
            new.map { .time($0.record.createdAt.microseconds) })
        members.add(
            "gateway_id", live.map { .id($0.record.gatewayID) }, new.map { .id($0.record.gatewayID) })
        let (before, after) = (live?.record.definition, new?.record.definition)
        func add(_ name: String, _ value: (SiteDefinition) -> DifferenceValue?) {
            members.add(name, before.flatMap(value), after.flatMap(value))
        }
        add("name") { .text($0.name) }
        add("time_zone") { .text($0.timeZone) }
        add("observation_ttl_seconds") { .integer($0.observationTTLSeconds) }
        add("confidence_threshold") { .confidence(Int64($0.confidenceThreshold.partsPerMillion)) }
        add("max_future_seconds") { .integer($0.maxFutureSeconds) }
        add("handover_minutes") { .integer($0.handoverMinutes) }
        add("target_microunits_per_hour") { $0.targetMicrounitsPerHour.map { .integer($0) } }
        add("hides_names") { .integer($0.showsNamesOnBoards ? 0 : 1) }
        addSets("shifts", before?.shifts.map(Self.text), after?.shifts.map(Self.text), &members)
        addSets("workers", before?.workers.map(\.workerID.text), after?.workers.map(\.workerID.text), &members)
        addSets("workstations", before?.workstations.map(Self.text), after?.workstations.map(Self.text), &members)
        return members.list
    }

    /// Names what only one of two lists has.
    private func addSets(_ name: String, _ live: [String]?, _ new: [String]?, _ members: inout MemberList) {
        func only(_ list: [String]?, _ other: [String]?) -> DifferenceValue? {
            guard let list else { return nil }
            let missing = Set(list).subtracting(other ?? []).sorted()
            let more = missing.count > Self.namedMaximum ? " and \(missing.count - Self.namedMaximum) more" : ""
            return .text(missing.prefix(Self.namedMaximum).joined(separator: ", ") + more)
        }
        guard live != new else { return }
        members.list.append(.init(name, only(live, new), only(new, live)))
    }

    private static func text(_ shift: SiteDefinition.Shift) -> String {
        "\(shift.name) \(shift.startMinute)–\(shift.endMinute) min, days \(shift.days)"
    }

    private static func text(_ station: SiteDefinition.Workstation) -> String {
        let line = station.line.map { " line \($0)" } ?? ""
        return "\(station.workstationID.text) capacity \(station.capacity)\(line)"
    }

    // MARK: Last intervals

    private func compareOpenIntervals(_ found: inout DifferenceCollector) throws {
        let live = try OpenIntervals(pair.live, pair.readers.live)
        let new = try OpenIntervals(pair.new, pair.readers.new)
        for number in 0..<pair.workers.count {
            let (one, other) = (pair.workers.live(number).flatMap(live.of), pair.workers.new(number).flatMap(new.of))
            guard one != nil || other != nil else { continue }
            var members = MemberList()
            members.add("state", one.map { .text($0.owner.type.text) }, other.map { .text($0.owner.type.text) })
            members.add(
                "workstation_id", one.map { .id(Array(pair.live.stationID(of: $0.owner))) },
                other.map { .id(Array(pair.new.stationID(of: $0.owner))) })
            let isSameState = members.list.isEmpty
            members.add("from", one.map { .time($0.range.lowerBound) }, other.map { .time($0.range.lowerBound) })
            members.add("to", one.map { .time($0.range.upperBound) }, other.map { .time($0.range.upperBound) })
            let moved = members.list.isEmpty ? 0 : Self.span(one?.range, other?.range, isSameState)
            members.add("position", one.map(position), other.map(position))
            members.add("created_at", one.map { .time($0.owner.createdAt) }, other.map { .time($0.owner.createdAt) })
            note(
                .openInterval, members.list, size: max(moved, DifferenceSize.note),
                ids: [NamedValue("worker_id", .id(pair.workers.id(UInt32(number))))],
                time: (one ?? other)?.range.lowerBound, &found)
        }
    }

    private func position(_ state: OpenState) -> DifferenceValue {
        let record = RecordPosition(partition: pair.partition, offset: state.owner.offset)
        return .text(Position(record: record, index: state.owner.index).description)
    }

    private static func span(_ live: Range<Int64>?, _ new: Range<Int64>?, _ isSameState: Bool) -> Int64 {
        func length(_ range: Range<Int64>?) -> Int64 {
            range.map { DifferenceSize.between($0.upperBound, $0.lowerBound) } ?? 0
        }
        guard isSameState, let live, let new else { return max(length(live), length(new)) }
        return DifferenceSize.sum(
            DifferenceSize.between(live.lowerBound, new.lowerBound),
            DifferenceSize.between(live.upperBound, new.upperBound))
    }
}

/// The last intervals of all workers of a site.
struct OpenIntervals {
    private var states: [UInt32: OpenState] = [:]

    init(_ site: SiteFold, _ reader: StoreReader) throws {
        for state in try site.openStates(in: { _ in [] }, site.view(knownAt: nil), reader) {
            states[state.worker] = state
        }
    }

    /// - Parameter worker: by number in that generation.
    func of(_ worker: UInt32) -> OpenState? { states[worker] }
}

/// The members that differ.
struct MemberList {
    var list: [Difference.Member] = []

    mutating func add(_ name: String, _ before: DifferenceValue?, _ after: DifferenceValue?) {
        if before != after { list.append(.init(name, before, after)) }
    }
}
