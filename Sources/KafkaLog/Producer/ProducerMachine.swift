internal import EventLog

/// How much a producer may hold before it refuses more.
package struct ProducerLimits: Sendable, Equatable {
    /// Records in flight: enough for the 10 s of a delivery deadline at 24 thousand records a second.
    package var inFlightRecordsMaximum = 250_000
    /// Bytes of keys and values in flight; each is in memory once here and once, compressed, in a request.
    package var inFlightBytesMaximum = 256 << 20
    /// Wait before the next try when a new client could not be created.
    package var recreationDelayMilliseconds: Int64 = 1000
    /// How long to wait for reports on purged records.
    package var purgeMilliseconds: Int64 = 2000
    /// Longest wait for an event, so that deadlines are checked.
    package var pollMilliseconds: Int64 = 200

    package init() {}
}

/// The life of a producer without its IO: which records are in flight, whom to answer, when to replace the client, when
/// to end. Time comes in with every call; nothing here blocks.
struct ProducerMachine<Receipt> {
    enum State: Equatable {
        /// Accepts records. Exits: `recreating` when the client is dead, `closing`.
        case open
        /// The client is dead, and all its records have been answered. Exits: `open` with a new client, `closed`.
        case recreating(at: Int64)
        /// Accepts no more records and waits for reports. Exits: `purging` when the time is up, `closed` when all are answered.
        case closing(deadline: Int64)
        /// Unsent records were discarded; waits for their reports. Exit: `closed`.
        case purging(deadline: Int64)
        /// The end.
        case closed
    }

    /// What the polling thread does next.
    enum Action {
        case poll(milliseconds: Int64)
        case recreate
        case wait(milliseconds: Int64)
        case purge
        /// Answer these as uncertain, then end.
        case end([Receipt])
    }

    enum Refusal: Error, Equatable { case full, recreating, closed }

    /// Identifies a record in flight; passed through librdkafka as its opaque value.
    struct Ticket: Hashable {
        var rawValue: Int
        init(rawValue: Int) { self.rawValue = rawValue }
        fileprivate init(index: Int, stamp: UInt32) { rawValue = Int(stamp) << 32 | index }
        fileprivate var index: Int { rawValue & 0xFFFF_FFFF }
        fileprivate var stamp: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    }

    private struct Slot {
        /// nil: free.
        var receipt: Receipt?
        var bytes = 0
        /// Counts the uses, so that a late report is never taken for a later record's.
        var stamp: UInt32 = 0
    }

    private let limits: ProducerLimits
    private var slots: [Slot] = []
    private var free: [Int] = []
    private(set) var state = State.open
    private(set) var inFlightBytes = 0
    var inFlightRecords: Int { slots.count - free.count }

    init(_ limits: ProducerLimits) { self.limits = limits }

    // MARK: Records

    /// Asks to send a record. One that is larger than the limit may go when nothing else is in flight.
    mutating func admit(bytes: Int, _ receipt: Receipt) throws(Refusal) -> Ticket {
        switch state {
        case .open: break
        case .recreating: throw .recreating
        case .closing, .purging, .closed: throw .closed
        }
        let hasRoom = inFlightBytes + bytes <= limits.inFlightBytesMaximum || inFlightRecords == 0
        guard hasRoom, inFlightRecords < limits.inFlightRecordsMaximum else { throw .full }
        inFlightBytes += bytes
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(Slot()) }
        slots[index].receipt = receipt
        slots[index].bytes = bytes
        return Ticket(index: index, stamp: slots[index].stamp)
    }

    /// A record is done, whatever its outcome, or was refused after all.
    /// - Returns: whom to answer; nil when that was done before.
    mutating func finish(_ ticket: Ticket) -> Receipt? {
        let index = ticket.index
        guard slots.indices.contains(index), slots[index].stamp == ticket.stamp,
            let receipt = slots[index].receipt
        else { return nil }
        release(index)
        return receipt
    }

    private mutating func release(_ index: Int) {
        inFlightBytes -= slots[index].bytes
        // Stays below 31 bits, so that a ticket is a positive number.
        slots[index] = Slot(receipt: nil, bytes: 0, stamp: (slots[index].stamp &+ 1) & 0x7FFF_FFFF)
        free.append(index)
    }

    private mutating func takeAll() -> [Receipt] {
        slots.indices.compactMap { index in
            guard let receipt = slots[index].receipt else { return nil }
            release(index)
            return receipt
        }
    }

    // MARK: Life

    /// The client reports that it is dead.
    /// - Returns: whom to answer as uncertain.
    mutating func failed(now: Int64) -> [Receipt] {
        switch state {
        case .open: state = .recreating(at: now)
        case .closing, .purging: state = .closed
        case .recreating, .closed: break
        }
        return takeAll()
    }

    /// - Returns: false when it was closed meanwhile and the new client is not needed.
    mutating func recreated() -> Bool {
        guard case .recreating = state else { return false }
        state = .open
        return true
    }

    mutating func recreationFailed(now: Int64) {
        if case .recreating = state { state = .recreating(at: now + limits.recreationDelayMilliseconds) }
    }

    /// Accepts no more records; those in flight have until the deadline.
    mutating func close(deadline: Int64) {
        switch state {
        case .open: state = .closing(deadline: deadline)
        case .recreating: state = .closed
        case .closing, .purging, .closed: break
        }
    }

    mutating func next(now: Int64) -> Action {
        switch state {
        case .open:
            return .poll(milliseconds: limits.pollMilliseconds)
        case .recreating(let at):
            return now >= at ? .recreate : .wait(milliseconds: at - now)
        case .closing(let deadline):
            if inFlightRecords == 0 { return end() }
            if now < deadline { return .poll(milliseconds: min(limits.pollMilliseconds, deadline - now)) }
            state = .purging(deadline: now + limits.purgeMilliseconds)
            return .purge
        case .purging(let deadline):
            if inFlightRecords == 0 || now >= deadline { return end() }
            return .poll(milliseconds: min(limits.pollMilliseconds, deadline - now))
        case .closed:
            return end()
        }
    }

    private mutating func end() -> Action {
        state = .closed
        return .end(takeAll())
    }
}
