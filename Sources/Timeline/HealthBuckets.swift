/// The hours of model health of a site's origins: differences that the store does not have yet (SPEC 6.1).
///
/// Invariant: like ``HourBuckets``, but definitions never clear them. Only origins with changes have slots, because a
/// site may have very many of which few are in use; the place of an origin is that of its slots, plus one, 0 for none.
struct HealthBuckets: Sendable {
    private var places: [UInt32] = []
    private var slots: [BucketSlots<HealthSums>] = []
    /// The origins of the slots.
    private var touched: [UInt32] = []
    private var pending: [HealthRow] = []
    private var inFlight: [HealthRow] = []

    /// Rows of the next commit, those of the newest hours too: with many origins these are the most.
    var pendingRowCount: Int { pending.count + touched.count }
    var originCount: Int { places.count }
    /// For tests: how many slots memory has room for.
    var slotCapacity: Int { slots.capacity }
    /// More of them are not kept from one commit to the next; one takes 400 bytes.
    static let slotsKeptMaximum = 4096

    mutating func addOrigin() { places.append(0) }

    /// Adds (1) or removes (-1) a sample.
    mutating func count(_ entry: TimelineEntry, isMarked: Bool, _ sign: Int64, changedAt: Int64) {
        let origin = entry.origin
        let slot = place(of: origin)
        slots[slot].change(
            FoldParameters.utc.hour(of: entry.time), changedAt,
            spill: { pending.append(HealthRow(origin: origin, sums: $0)) },
            { $0.add(confidence: entry.confidence, isMarked: isMarked, sign: sign) })
    }

    @inline(__always)
    private mutating func place(of origin: UInt32) -> Int {
        let place = places[Int(origin)]
        if place > 0 { return Int(place) - 1 }
        slots.append(BucketSlots())
        touched.append(origin)
        places[Int(origin)] = UInt32(slots.count)
        return slots.count - 1
    }

    /// Moves the slots of up to `left` origins to the pending differences; counts them off.
    mutating func gather(_ left: inout Int) {
        while left > 0, let origin = touched.popLast() {
            let last = slots.removeLast()
            last.collect { pending.append(HealthRow(origin: origin, sums: $0)) }
            places[Int(origin)] = 0
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
        if slots.capacity > HealthBuckets.slotsKeptMaximum { (slots, touched) = ([], []) }
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
        for (place, origin) in touched.enumerated() {
            slots[place].collect { rows.append(HealthRow(origin: origin, sums: $0)) }
        }
    }
}
