public import Clocks
public import EventModel
internal import SQLite
internal import Timeline

// One state is not read for long: holding it makes the write-ahead log grow (DESIGN 1.9). A question about the past may
// take longer than that. Where nothing that was known then can change any more, it goes on with a later state.
extension StoreReader {
    struct Turn {
        var reading: ReadingTurns.Reading
        var deadline: MonotonicTime
        var clock: any ProcessClock
    }

    struct Lasting {
        var knownAt: KnowledgeLimit
        var isStored: () -> Bool
        /// Whether a later state is read than in the beginning.
        var hasMoved = false
    }

    /// Waits for the turn to read, and stays in it until ``end()``; call it before ``begin()``, where waiting is allowed.
    ///
    /// After `time` reads throw ``TimelineError`` `.tooLong`, and earlier when the writer waits.
    /// - Throws: ``StoreError``, retriable, when the turn does not come.
    public func takeTurn(until time: MonotonicTime, by clock: any ProcessClock) throws {
        turn = Turn(reading: try turns.begin(), deadline: time, clock: clock)
    }

    /// ``takeTurn(until:by:)`` and ``begin()``.
    public func begin(until time: MonotonicTime, by clock: any ProcessClock) throws -> UInt64 {
        try takeTurn(until: time, by: clock)
        return try begin()
    }

    /// From now on this reader goes on with a later state when the writer waits, until ``end()``: what a question with
    /// `knownAt` sees of pages is the same in every later one, because no later event was created before.
    ///
    /// Hours are another matter. A row that has changed since, and any other kind of row, ends the question.
    /// - Parameters:
    ///   - knownAt: the fold has every event that was created until then.
    ///   - isStored: whether the store has them, too, so that nothing in memory comes on top of a later state.
    public func goesOn(knownAt: Timestamp, while isStored: @escaping () -> Bool) {
        lasting = Lasting(knownAt: KnowledgeLimit(knownAt.microseconds), isStored: isStored)
    }

    /// Before a page is read.
    func checkTime() throws {
        guard let turn else { return }
        if turn.clock.uptime > turn.deadline { throw TimelineError.tooLong }
        if turn.reading.isOver { try goOn(turn) }
    }

    /// Between rows, where nobody can go on with a later state: who may do so gets to the end of the rows.
    func checkTimeInLoop() throws {
        guard let turn else { return }
        if turn.clock.uptime > turn.deadline || turn.reading.isOver && lasting == nil { throw TimelineError.tooLong }
    }

    /// Lets the writer have its turn, and begins again after it. What that takes is not the question's time.
    private func goOn(_ before: Turn) throws {
        guard loops == 0, let lasting, lasting.hasMoved || lasting.isStored() else { throw TimelineError.tooLong }
        let rules = try ruleCount()
        let stopped = before.clock.uptime
        connection.endRead()
        turns.end(before.reading)
        turn = nil
        guard let reading = try? turns.begin() else { throw TimelineError.tooLong }
        let waited = before.clock.uptime - stopped
        let deadline = MonotonicTime(microseconds: before.deadline.microseconds + waited)
        turn = Turn(reading: reading, deadline: deadline, clock: before.clock)
        try condition.watch(connection.path) { try connection.beginRead() }
        self.lasting?.hasMoved = true
        // Another definition may have cleared all hours.
        guard try ruleCount() == rules else { throw TimelineError.tooLong }
    }

    private func ruleCount() throws -> Int64 {
        try condition.watch(connection.path) {
            try connection.integer("SELECT total(definitions) + count(*) FROM site") ?? 0
        }
    }

    /// Checks that a row of hours is what it was in the beginning.
    func checkUnchanged(_ sums: HourSums) throws {
        guard let lasting, lasting.hasMoved else { return }
        guard lasting.knownAt.covers(sums.changedAt) else { throw TimelineError.tooLong }
    }

    func checkUnmoved() throws {
        if let lasting, lasting.hasMoved { throw TimelineError.tooLong }
    }
}
