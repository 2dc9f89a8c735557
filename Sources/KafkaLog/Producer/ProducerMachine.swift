internal import EventLog

/// What a producer may hold before it refuses more.
package struct ProducerLimits: Sendable, Equatable {
    /// Records on their way: at 24 thousand records a second, the 10 s of a delivery deadline fit.
    package var inFlightRecordsMaximum = 250_000
    /// Bytes of keys and values on their way; each is in memory once here and once compressed in a request.
    package var inFlightBytesMaximum = 256 << 20
    /// Wait before a client is made anew, after making one has failed.
    package var recreationDelayMilliseconds: Int64 = 1000
    /// How long reports on purged records are waited for.
    package var purgeMilliseconds: Int64 = 2000
    /// Longest wait for an event, so that deadlines are looked at.
    package var pollMilliseconds: Int64 = 200

    package init() {}
}

/// Life of a producer without its IO: which records are on their way, whom to answer, when to make a client anew, when
/// to end. Time comes in with every question; nothing here blocks.
struct ProducerMachine<Receipt> {
    enum State: Equatable {
        /// Takes records. Exits: `recreating` when the client is dead, `closing`.
        case open
        /// The client is dead, all its records are answered. Exits: `open` with a new client, `closed`.
        case recreating(at: Int64)
        /// Takes no more, waits for reports. Exits: `purging` when the time is up, `closed` when all are answered.
        case closing(deadline: Int64)
        /// What was not sent is thrown away, its reports are awaited. Exit: `closed`.
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
        /// Answer these, as nothing is known of them, then end.
        case end([Receipt])
    }

    enum Refusal: Error, Equatable { case full, recreating, closed }

    /// Names a record on its way; goes through librdkafka as its opaque value.
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
        /// Counts the uses, so that a late report never meets a later record.
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

    /// A record wants to go. One that is larger than all the room goes when nothing else is on its way.
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

    /// A record is through, whatever became of it, or was refused after all.
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
    /// - Returns: whom to answer that nothing is known.
    mutating func failed(now: Int64) -> [Receipt] {
        switch state {
        case .open: state = .recreating(at: now)
        case .closing, .purging: state = .closed
        case .recreating, .closed: break
        }
        return takeAll()
    }

    /// - Returns: false: it was closed in the meantime, and the new client is not needed.
    mutating func recreated() -> Bool {
        guard case .recreating = state else { return false }
        state = .open
        return true
    }

    mutating func recreationFailed(now: Int64) {
        if case .recreating = state { state = .recreating(at: now + limits.recreationDelayMilliseconds) }
    }

    /// No more records are taken; those on their way have until the deadline.
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
