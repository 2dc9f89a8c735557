internal import EventLog
internal import EventModel
internal import Locks

/// Gathers concurrent appends into groups: a caller that finds nobody writing writes at once, the others queue up. When
/// a group is through, the first of the queue writes all that wait by then.
///
/// A lone caller thus pays for no switch of threads, and while one group syncs the next one gathers. Each call waits
/// on a monitor of its own, so that nobody is woken for nothing.
/// `@unchecked Sendable`: the writer is used only by the thread that set `isWriting`, or that it was handed over to.
final class Appender: @unchecked Sendable {
    /// What a waiting call is told to do.
    private enum Task {
        case done(Result<LogOffset, LogError>)
        case write
    }

    /// One call.
    private final class Ticket: Sendable {
        let records: [NewRecord]
        let bytes: Int
        let task = Monitor<Task?>(nil)

        init(_ records: [NewRecord]) {
            self.records = records
            bytes = records.reduce(0) { $0 + $1.byteCount }
        }

        func end(_ outcome: Result<LogOffset, LogError>) { task.update { $0 = .done(outcome) } }
    }

    private struct State {
        var queue: [Ticket] = []
        var queueBytes = 0
        var queueRecords = 0
        /// Calls that the queue has no room for, in the order in which they came: none is overtaken.
        var line: [Ticket] = []
        var isWriting = false
        var isClosed = false
        var hook: LogWriter.CommitHook?
        var groups = 0
        var arrivals = 0
    }

    private let limits: SQLiteLogLimits
    private let state = Monitor(State())
    private var writer: LogWriter?
    /// Called for every written group, in order, before its callers go on.
    private let publish: @Sendable ([[NewRecord]], LogOffset) -> Void

    private static let closed = LogError(.unavailable, "the log is closed")

    init(
        _ writer: sending LogWriter, _ limits: SQLiteLogLimits,
        publish: @escaping @Sendable ([[NewRecord]], LogOffset) -> Void
    ) {
        self.writer = writer
        self.limits = limits
        self.publish = publish
    }

    /// - Returns: the offset of the first record.
    func append(_ records: [NewRecord]) throws(LogError) -> LogOffset {
        let ticket = Ticket(records)
        try enqueue(ticket)
        if case .done(let outcome) = ticket.task.wait(until: { $0 }) { return try outcome.get() }
        // Whoever is told to write is the first of the queue, and so part of its group.
        writeGroup()
        guard case .done(let outcome) = ticket.task.withLock({ $0 }) else {
            preconditionFailure("a call is not part of the group that it wrote")
        }
        return try outcome.get()
    }

    private func enqueue(_ ticket: Ticket) throws(LogError) {
        try state.update { (state) throws(LogError) in
            guard !state.isClosed else { throw Self.closed }
            state.arrivals += 1
            state.line.append(ticket)
            moveUp(&state)
            guard !state.isWriting else { return }
            state.isWriting = true
            ticket.task.update { $0 = .write }
        }
    }

    /// Lets calls from the line into the queue while there is room; one that is larger than the queue goes in alone.
    private func moveUp(_ state: inout State) {
        var count = 0
        for ticket in state.line {
            let bytes = state.queueBytes + ticket.bytes
            let records = state.queueRecords + ticket.records.count
            let hasRoom = bytes <= limits.queueBytesMaximum && records <= limits.queueRecordsMaximum
            guard hasRoom || state.queue.isEmpty else { break }
            state.queue.append(ticket)
            (state.queueBytes, state.queueRecords) = (bytes, records)
            count += 1
        }
        state.line.removeFirst(count)
    }

    private func takeGroup() -> (group: [Ticket], hook: LogWriter.CommitHook?) {
        state.update { state in
            var bytes = 0
            var records = 0
            let count =
                state.queue.firstIndex { ticket in
                    bytes += ticket.bytes
                    records += ticket.records.count
                    return bytes > limits.groupBytesMaximum || records > limits.groupRecordsMaximum
                } ?? state.queue.count
            let group = Array(state.queue.prefix(max(1, count)))
            state.queue.removeFirst(group.count)
            state.queueBytes -= group.reduce(0) { $0 + $1.bytes }
            state.queueRecords -= group.reduce(0) { $0 + $1.records.count }
            state.groups += 1
            moveUp(&state)
            return (group, state.hook)
        }
    }

    private func writeGroup() {
        let (group, hook) = takeGroup()
        let calls = group.map(\.records)
        do throws(LogError) {
            guard let writer else { throw Self.closed }
            var next = try writer.write(calls, hook: hook)
            publish(calls, next)
            for ticket in group {
                ticket.end(.success(next))
                next = LogOffset(next.value + Int64(ticket.records.count))
            }
        } catch {
            for ticket in group { ticket.end(.failure(error)) }
        }
        writer?.checkpointIfDue()
        handOver()
    }

    /// Gives the right to write to the first call that waits, if there is one.
    private func handOver() {
        state.update { state in
            if state.isClosed {
                for ticket in state.queue + state.line { ticket.end(.failure(Self.closed)) }
                (state.queue, state.line) = ([], [])
            }
            if let first = state.queue.first {
                first.task.update { $0 = .write }
            } else {
                state.isWriting = false
            }
        }
    }

    /// Runs `body` with the writer while nobody writes.
    private func whileNobodyWrites<Result>(_ body: () throws -> Result) rethrows -> Result {
        state.wait { state -> Void? in
            guard !state.isWriting else { return nil }
            state.isWriting = true
            return ()
        }
        defer { handOver() }
        return try body()
    }

    /// Waits for the group that is being written, fails the calls that wait, closes the file and lets go of the lock.
    func close() {
        state.update { $0.isClosed = true }
        whileNobodyWrites { writer = nil }
    }

    // MARK: For tests

    /// Lets commits fail.
    func onCommit(_ hook: LogWriter.CommitHook?) { state.withLock { $0.hook = hook } }

    /// Groups written, or tried, so far.
    var groupCount: Int { state.withLock { $0.groups } }

    /// Records that wait for the next group.
    var waitingRecords: Int { state.withLock { $0.queueRecords } }

    /// Waits until this many calls are in the queue, behind the group that is being written.
    func waitForQueue(calls: Int) { state.wait { $0.queue.count >= calls ? () : nil } }

    /// Waits until this many calls came, whether the queue had room for them or not.
    func waitForArrivals(calls: Int) { state.wait { $0.arrivals >= calls ? () : nil } }

    /// Runs `body` with the writer while nobody writes.
    func withWriter<Result>(_ body: (LogWriter) throws -> Result) rethrows -> Result? {
        try whileNobodyWrites { try writer.map(body) }
    }
}
