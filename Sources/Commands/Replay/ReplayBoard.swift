internal import EventModel
internal import Replay

/// Shows how far a replay is: on a terminal a bar for each partition that is being folded and one for all of them, off
/// it a line of JSON for each.
///
/// Pure: the caller passes the time and writes the text to stderr.
struct ReplayBoard {
    private let isTerminal: Bool
    /// Cells of a line.
    private let columns: Int
    private var meters: [Int32: ProgressMeter] = [:]
    private var whole: ProgressMeter?
    private var shownAt: Int64?
    /// Lines of the terminal that the bars take now.
    private var lines = 0

    init(isTerminal: Bool, columns: Int?) {
        self.isTerminal = isTerminal
        self.columns = columns ?? 80
    }

    /// What to write to stderr now; nil if the next update is not due.
    mutating func status(_ progress: [ReplayProgress], milliseconds: Int64) -> String? {
        let folded = progress.filter { $0.state == .folding || $0.state == .finishing }
        let texts = folded.map { text($0, milliseconds) } + (progress.count > 1 ? [sum(progress, milliseconds)] : [])
        let interval = isTerminal ? ProgressMeter.barMillisecondsInterval : ProgressMeter.lineMillisecondsInterval
        let last = shownAt ?? (isTerminal ? milliseconds - interval : milliseconds)
        if shownAt == nil, !isTerminal { shownAt = milliseconds }
        guard milliseconds - last >= interval else { return nil }
        shownAt = milliseconds
        guard isTerminal else { return texts.joined() }
        defer { lines = texts.count }
        return cleared + texts.map { String($0.prefix(columns - 1)) + "\n" }.joined()
    }

    /// Removes the bars.
    mutating func end() -> String? {
        defer { lines = 0 }
        return lines > 0 ? cleared : nil
    }

    /// Moves to the first of the bars and removes all of them.
    private var cleared: String { lines > 0 ? "\u{1B}[\(lines)A\r\u{1B}[J" : "" }

    private mutating func text(_ progress: ReplayProgress, _ milliseconds: Int64) -> String {
        var meter =
            meters[progress.partition.value]
            ?? ProgressMeter(
                label: isTerminal ? "partition" : "replay", partition: progress.partition.value,
                total: progress.total, done: progress.done, amount: "records", isTerminal: isTerminal,
                milliseconds: milliseconds)
        meter.total = progress.total
        meters[progress.partition.value] = meter
        return meter.text(done: progress.done, events: progress.events, milliseconds: milliseconds)
    }

    private mutating func sum(_ progress: [ReplayProgress], _ milliseconds: Int64) -> String {
        let done = progress.reduce(0) { $0 + $1.done }
        let total = progress.reduce(0) { $0 + $1.total }
        var meter =
            whole
            ?? ProgressMeter(
                label: isTerminal ? "all" : "replay", total: total, done: done, amount: "records",
                isTerminal: isTerminal,
                milliseconds: milliseconds)
        meter.total = total
        whole = meter
        let events = progress.reduce(0) { $0 + $1.events }
        return meter.text(done: done, events: events, milliseconds: milliseconds)
    }
}
