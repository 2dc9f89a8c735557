internal import EventModel
internal import ProjectionStore
internal import Timeline

/// Compares the stored samples of model health of a site, and when its events arrived.
struct HealthComparison {
    let pair: SitePair

    func run(_ found: inout DifferenceCollector) throws {
        var merge = try RowMerge(
            pair.readers.live.healthRows(site: pair.live.index), pair.readers.new.healthRows(site: pair.new.index),
            group: { $0.sums.hour.number },
            liveNumber: { try HourComparison.known($0.origin, count: pair.origins.liveCount) },
            newNumber: { try HourComparison.common($0.origin, pair.origins.common) })
        try merge.forEachPair { origin, live, new in compare(origin, live?.sums, new?.sums, &found) }
    }

    private func compare(
        _ number: UInt32, _ live: HealthSums?, _ new: HealthSums?, _ found: inout DifferenceCollector
    ) {
        guard let hour = (live ?? new)?.hour else { return }
        // A row of zeros and none at all are the same.
        let (before, after) = (live ?? HealthSums(hour: hour), new ?? HealthSums(hour: hour))
        let moved = size(before, after)
        let hasOtherNotes = live != nil && new != nil && before.changedAt != after.changedAt
        guard moved > 0 || hasOtherNotes else { return found.equal(.modelHealth) }
        let size = max(moved, DifferenceSize.note)
        found.different(.modelHealth, size: size) {
            .init(
                difference: Difference(
                    kind: .modelHealth, site: pair.siteID, ids: pair.name(ofOrigin: number),
                    time: FoldParameters.utc.start(of: hour), size: size, members: members(live, new)))
        }
    }

    private func size(_ before: HealthSums, _ after: HealthSums) -> Int64 {
        let bins = (0..<HealthSums.binCount).reduce(Int64(0)) {
            DifferenceSize.sum($0, DifferenceSize.between(before.bins[$1], after.bins[$1]))
        }
        return DifferenceSize.sum(
            DifferenceSize.times(DifferenceSize.between(before.samples, after.samples), DifferenceSize.second),
            DifferenceSize.times(DifferenceSize.between(before.marked, after.marked), DifferenceSize.second),
            DifferenceSize.between(before.confidenceSum, after.confidenceSum), bins)
    }

    private func members(_ live: HealthSums?, _ new: HealthSums?) -> [Difference.Member] {
        var members: [Difference.Member] = []
        func add(_ name: String, _ before: DifferenceValue?, _ after: DifferenceValue?) {
            if before != after { members.append(.init(name, before, after)) }
        }
        func integer(_ value: Int64?) -> DifferenceValue? { value.map { .integer($0) } }
        add("samples", integer(live?.samples), integer(new?.samples))
        add("confidence_sum_ppm", integer(live?.confidenceSum), integer(new?.confidenceSum))
        add("below_threshold_count", integer(live?.marked), integer(new?.marked))
        add("histogram", live.map(histogram), new.map(histogram))
        if let live, let new {
            add("changed_at", .time(orNil: live.changedAt.time), .time(orNil: new.changedAt.time))
        }
        return members
    }

    private func histogram(_ sums: HealthSums) -> DifferenceValue {
        .text((0..<HealthSums.binCount).map { "\(sums.bins[$0])" }.joined(separator: " "))
    }

    /// Winners by the hours of their created_at: what freshness is computed from (SPEC 5.8).
    func runArrivals(_ found: inout DifferenceCollector) throws {
        var merge = try RowMerge(
            pair.readers.live.arrivalHours(site: pair.live.index),
            pair.readers.new.arrivalHours(site: pair.new.index), group: { $0.createdAt }, liveNumber: { _ in 0 },
            newNumber: { _ in 0 })
        try merge.forEachPair { _, live, new in
            guard let createdAt = (live ?? new)?.createdAt else { return }
            let (winners, others) = (live?.winners ?? 0, new?.winners ?? 0)
            let (newest, otherNewest) = (live?.newestEvent.time, new?.newestEvent.time)
            guard winners != others || newest != otherNewest else { return found.equal(.arrival) }
            let size = max(
                DifferenceSize.times(DifferenceSize.between(winners, others), DifferenceSize.second),
                DifferenceSize.note)
            found.different(.arrival, size: size) {
                var members: [Difference.Member] = []
                if winners != others { members.append(.init("winners", .integer(winners), .integer(others))) }
                if newest != otherNewest {
                    members.append(.init("newest_event_time", .time(orNil: newest), .time(orNil: otherNewest)))
                }
                return .init(
                    difference: Difference(
                        kind: .arrival, site: pair.siteID, time: createdAt, size: size, members: members))
            }
        }
    }
}

extension SitePair {
    /// Station, camera and model version of an origin, by common number.
    func name(ofOrigin number: UInt32) -> [NamedValue] {
        let origin = origins.origins[Int(number)]
        var ids = [NamedValue("workstation_id", .id(stations.id(origin.station)))]
        if origin.camera != 0 { ids.append(NamedValue("camera_id", .id(names.id(origin.camera - 1)))) }
        if origin.modelVersion != 0 {
            ids.append(NamedValue("model_version", .id(names.id(origin.modelVersion - 1))))
        }
        return ids
    }
}
