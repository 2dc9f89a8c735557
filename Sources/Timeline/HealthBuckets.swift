/// The hours of model health of a site's origins: differences that the store does not have yet (SPEC 6.1).
///
/// Invariant: like ``HourBuckets``, but definitions never clear them.
struct HealthBuckets: Sendable {
    private var origins: [BucketSlots<HealthSums>] = []
    private var touched: [UInt32] = []
    private var pending: [HealthRow] = []
    private var inFlight: [HealthRow] = []

    var pendingRowCount: Int { pending.count }
    var originCount: Int { origins.count }

    mutating func addOrigin() { origins.append(BucketSlots()) }

    /// Adds (1) or removes (-1) a sample.
    mutating func count(_ entry: TimelineEntry, isMarked: Bool, _ sign: Int64, changedAt: Int64) {
        let origin = entry.origin
        if origins[Int(origin)].isEmpty { touched.append(origin) }
        origins[Int(origin)].change(
            FoldParameters.utc.hour(of: entry.time), changedAt,
            spill: { pending.append(HealthRow(origin: origin, sums: $0)) },
            { $0.add(confidence: entry.confidence, isMarked: isMarked, sign: sign) })
    }

    /// Moves the pending differences into a commit; questions still include them until ``finishCommit()``.
    mutating func takeChanges() -> [HealthRow] {
        var rows = pending
        pending = []
        appendSlots(to: &rows)
        for origin in touched { origins[Int(origin)].clear() }
        touched.removeAll(keepingCapacity: true)
        inFlight = rows
        return rows
    }

    /// The store has the differences of the commit.
    mutating func finishCommit() { inFlight = [] }

    /// Differences that the store does not have yet.
    var uncommitted: [HealthRow] {
        var rows = inFlight
        rows.append(contentsOf: pending)
        appendSlots(to: &rows)
        return rows
    }

    private func appendSlots(to rows: inout [HealthRow]) {
        for origin in touched {
            origins[Int(origin)].collect { rows.append(HealthRow(origin: origin, sums: $0)) }
        }
    }
}
