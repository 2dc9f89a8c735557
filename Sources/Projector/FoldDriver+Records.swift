public import Clocks
public import EventLog
internal import EventModel
internal import Timeline

// From a record to the fold. What takes long is computed beside the fold, on a copy that shares all memory that does not
// change, and put in its place at once: the driver alone changes the fold, so nothing is lost in between.
extension FoldDriver {
    /// Folds the next record of the read under way; its bytes are not needed afterwards.
    ///
    /// A record that comes after ``FoldInput/stop`` or a failure is left for the next fold.
    /// - Returns: what is to be done at once; empty for most records.
    /// - Throws: what keeps the record from being folded. The read is to be ended and ``FoldInput/failed(_:)`` given.
    public mutating func fold(_ record: LogRecord, at now: MonotonicTime) throws -> [FoldEffect] {
        guard life == .catchingUp else { return [] }
        try records.decode(record)
        let passed = try records.isDefinition ? foldBeside() : foldInPlace()
        lastRecord = now
        recordsInRead += 1
        var effects: [FoldEffect] = []
        answer(passed, isPassed: true, &effects)
        recordsSinceCheck += 1
        if recordsSinceCheck >= FoldLimits.recordsPerCheck { tendCommit(now, &effects) }
        return effects
    }

    private func foldInPlace() throws -> [FoldWaiter] {
        try pages.load(shared.read { records.absentPages(in: $0) })
        defer { pages.forget() }
        return try shared.apply(eventCount: records.eventCount, limits) { fold in
            try records.apply(to: &fold, pages: pages)
        }
    }

    /// A definition that drops many workers loads pages of each of them.
    private func foldBeside() throws -> [FoldWaiter] {
        var fold = shared.fold
        try records.apply(to: &fold, pages: pages)
        return shared.replace(&fold, eventCount: 0)
    }

    /// Makes a slice of the hours that a definition asked to make again (DESIGN 1.7).
    func rederive() throws {
        guard var slice = shared.takeRederiveSlice() else { return }
        try slice.run(pageLimit: limits.rederivePages, pages: pages)
        shared.finish(&slice)
    }
}
