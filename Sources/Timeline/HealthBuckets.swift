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

    /// Moves the slots of up to `left` origins to the pending differences; counts them off.
    mutating func gather(_ left: inout Int) {
        while left > 0, let origin = touched.popLast() {
            origins[Int(origin)].collect { pending.append(HealthRow(origin: origin, sums: $0)) }
            origins[Int(origin)].clear()
            left -= 1
        }
    }

    /// The differences of the next commit.
    ///
    /// - Precondition: everything is gathered.
    var gathered: [HealthRow] {
        precondition(touched.isEmpty, "hours would be lost")
        return pending
    }

    /// Puts the gathered differences in flight; questions include them until ``finishCommit()``.
    mutating func beginCommit() {
        inFlight = gathered
        pending = []
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
