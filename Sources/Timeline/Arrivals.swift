/// What one created_at brought to a site: winners of the accepted and the low-confidence class (SPEC 5.8). A difference
/// like ``HourSums``.
public struct ArrivalRow: Sendable, Equatable {
    /// Microseconds since 1970.
    public var createdAt: Int64
    /// Number of winners; negative where other events took their places.
    public var winners: Int64
    /// Latest event time. Stays when another event takes the place of the winner: that one has the same event time and
    /// an earlier created_at, so whoever sees this row sees it as well.
    public var newestEvent: NewestTime

    public init(createdAt: Int64, winners: Int64 = 0, newestEvent: NewestTime = .none) {
        self.createdAt = createdAt
        self.winners = winners
        self.newestEvent = newestEvent
    }

    /// Adds a difference of the same created_at.
    public mutating func add(_ other: ArrivalRow) {
        winners += other.winners
        newestEvent.note(other.newestEvent)
    }
}

/// Reads the committed arrivals, from the store or its in-memory twin.
public protocol ArrivalReader: AnyObject {
    /// Calls `body` with the stored rows with a created_at up to `createdAt`, newest first, until it returns false.
    func forEachArrival(site: UInt32, upTo createdAt: Int64, _ body: (ArrivalRow) -> Bool) throws

    /// The latest event time of the stored rows with a created_at up to `createdAt`.
    func newestEvent(site: UInt32, upTo createdAt: Int64) throws -> NewestTime
}

/// When a site's events became known: the basis of freshness, also of an earlier state of knowledge (SPEC 5.8).
///
/// Invariant: the stored rows plus the differences here count every winner of both classes at its created_at.
struct Arrivals: Sendable {
    /// Of all events, whenever they became known.
    private(set) var newestEvent: NewestTime
    /// The differences of the next commit.
    private(set) var pending: [ArrivalRow] = []
    private var inFlight: [ArrivalRow] = []
    private var record = ArrivalRow(createdAt: 0)
    private var withdrawsPending = false
    private var withdrawsInFlight = false

    init(newestEvent: NewestTime = .none) { self.newestEvent = newestEvent }

    var pendingRowCount: Int { pending.count }

    mutating func beginRecord(_ createdAt: Int64) { record = ArrivalRow(createdAt: createdAt) }

    /// A winner of the record that is being folded.
    @inline(__always)
    mutating func add(_ time: Int64) {
        record.winners += 1
        record.newestEvent.note(time)
    }

    /// A winner of a record that was folded before, or of this one, lost its place.
    mutating func withdraw(_ createdAt: Int64) {
        withdrawsPending = true
        pending.append(ArrivalRow(createdAt: createdAt, winners: -1))
    }

    mutating func endRecord() {
        guard record.winners > 0 else { return }
        newestEvent.note(record.newestEvent)
        if let last = pending.last, last.createdAt == record.createdAt {
            pending[pending.count - 1].add(record)
        } else {
            pending.append(record)
        }
    }

    /// Puts the pending differences in flight; questions include them until ``finishCommit()``.
    mutating func beginCommit() {
        (inFlight, withdrawsInFlight) = (pending, withdrawsPending)
        (pending, withdrawsPending) = ([], false)
    }

    /// The store has the differences of the commit.
    mutating func finishCommit() { (inFlight, withdrawsInFlight) = ([], false) }

    /// Whether an uncommitted difference may be negative.
    var hasWithdrawals: Bool { withdrawsPending || withdrawsInFlight }

    /// Calls `body` with the differences that the store does not have yet.
    func forEachUncommitted(_ body: (ArrivalRow) -> Void) {
        inFlight.forEach(body)
        pending.forEach(body)
    }
}

/// The newest events that a question sees (SPEC 5.8).
public struct NewestArrival: Sendable, Equatable {
    /// Microseconds; nil without events.
    public var eventTime: Int64?
    /// Microseconds; nil without events.
    public var createdAt: Int64?

    public init(eventTime: Int64? = nil, createdAt: Int64? = nil) {
        self.eventTime = eventTime
        self.createdAt = createdAt
    }
}

extension SiteFold {
    /// The newest event time and the newest created_at of the visible accepted and low-confidence winners.
    public func newestArrival(_ view: KnowledgeView, _ reader: any ArrivalReader) throws -> NewestArrival {
        let limit = view.knownAt.newest
        var event = arrivals.newestEvent
        if !view.knownAt.isEverything {
            event = try reader.newestEvent(site: index, upTo: limit)
            arrivals.forEachUncommitted { if $0.createdAt <= limit { event.note($0.newestEvent) } }
        }
        return NewestArrival(eventTime: event.time, createdAt: try newestCreatedAt(upTo: limit, reader).time)
    }

    private func newestCreatedAt(upTo limit: Int64, _ reader: any ArrivalReader) throws -> NewestTime {
        var differences: [Int64: Int64] = [:]
        var newest = NewestTime.none
        if arrivals.hasWithdrawals {
            arrivals.forEachUncommitted { row in
                if row.createdAt <= limit { differences[row.createdAt, default: 0] += row.winners }
            }
        } else {
            arrivals.forEachUncommitted { row in if row.createdAt <= limit { newest.note(row.createdAt) } }
        }
        try reader.forEachArrival(site: index, upTo: limit) { row in
            let winners = row.winners + (differences.removeValue(forKey: row.createdAt) ?? 0)
            if winners > 0 { newest.note(row.createdAt) }
            return winners <= 0
        }
        // Those that the store does not have.
        for (createdAt, winners) in differences where winners > 0 { newest.note(createdAt) }
        return newest
    }
}
