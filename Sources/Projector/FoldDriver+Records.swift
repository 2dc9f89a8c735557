public import Clocks
public import EventLog
public import EventModel
internal import Timeline

// Folds records. Slow work runs on a copy of the fold, which shares all unchanged memory, and the result replaces the
// fold at once. Only the driver changes the fold, so nothing is lost in between.
extension FoldDriver {
    /// Folds the next record of the current read; its bytes are not needed afterwards.
    ///
    /// A record after ``FoldInput/stop`` or a failure is left for the next fold.
    /// - Returns: the effects to execute immediately; empty for most records.
    /// - Throws: why the record cannot be folded. The caller must end the read and report ``FoldInput/failed(_:)``.
    public mutating func fold(_ record: LogRecord, at now: MonotonicTime) throws -> [FoldEffect] {
        guard life == .catchingUp else { return [] }
        try records.decode(record)
        let passed = try records.isDefinition ? foldBeside() : foldInPlace()
        lastRecord = now
        recordsInRead += 1
        var effects: [FoldEffect] = []
        answer(passed, isPassed: true, &effects)
        recordsSinceCheck += 1
        entriesSinceCheck += records.entryCount
        if recordsSinceCheck >= FoldLimits.recordsPerCheck || entriesSinceCheck >= FoldLimits.entriesPerCheck {
            tendCommit(now, &effects)
        }
        return effects
    }

    /// Passes over offsets before the next record of the current read, or at its end, that the log declares as skipped.
    ///
    /// - Returns: the effects to execute immediately.
    /// - Throws: `TimelineError` where something is between that nobody has declared (SPEC 7.4). The caller must end the
    ///   read and report ``FoldInput/failed(_:)``.
    public mutating func pass(
        to offset: LogOffset, over skips: [LogSkip], at now: MonotonicTime
    ) throws -> [FoldEffect] {
        guard life == .catchingUp else { return [] }
        let passed = try shared.pass(to: offset, over: skips)
        lastRecord = now
        recordsInRead += 1
        var effects: [FoldEffect] = []
        answer(passed, isPassed: true, &effects)
        return effects
    }

    /// Passes over the next record of the current read, because this fold does not take it.
    ///
    /// - Returns: the effects to execute immediately.
    public mutating func leaveOut(_ offset: LogOffset, at now: MonotonicTime) -> [FoldEffect] {
        guard life == .catchingUp else { return [] }
        var effects: [FoldEffect] = []
        answer(shared.leaveOut(offset), isPassed: true, &effects)
        lastRecord = now
        recordsInRead += 1
        return effects
    }

    private func foldInPlace() throws -> [FoldWaiter] {
        if shared.read({ records.needsStore($0) }) { try records.load(pages, for: shared.fold) }
        defer { pages.forget() }
        return try shared.apply(eventCount: records.eventCount, limits) { fold in
            try records.apply(to: &fold, pages: pages)
        }
    }

    /// Folds on a copy: a definition that drops many workers loads pages of each of them.
    private func foldBeside() throws -> [FoldWaiter] {
        var fold = shared.fold
        try records.apply(to: &fold, pages: pages)
        return shared.replace(&fold, eventCount: 0)
    }

    /// Rebuilds a slice of the hours that a definition requires to be rebuilt (DESIGN 1.7).
    func rederive() throws {
        guard var slice = shared.takeRederiveSlice() else { return }
        try slice.run(pageLimit: limits.rederivePages, pages: pages)
        shared.finish(&slice)
    }
}
