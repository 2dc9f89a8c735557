internal import JSON

/// Decides when long work reports progress, and how: a bar on a terminal, JSON lines elsewhere.
///
/// Pure: the caller passes the time and gets the text to write.
struct ProgressMeter {
    /// Maximum time between two updates on a terminal (UX).
    static let barMillisecondsInterval: Int64 = 500
    /// Maximum time between two lines in other output, where lines pile up.
    static let lineMillisecondsInterval: Int64 = 5_000

    private let label: String
    private let partition: Int32?
    private let amount: String?
    private let unit: String
    /// Amount of work in the unit of `done`; nil if nobody knows.
    var total: Int64?
    private let isTerminal: Bool
    private let startedAt: Int64
    private let doneAtStart: Int64
    private var shownAt: Int64?

    /// - Parameters:
    ///   - partition: the part of the work that this is about; nil for all of it.
    ///   - amount: what `done` counts, where a bar shows it, e.g. `records`.
    ///   - unit: what is counted beside the bar.
    ///   - total: amount of work in the unit of `done`, e.g. bytes of a file; nil if nobody knows.
    ///   - done: work done by an earlier run; it counts for the bar, not for the speed.
    ///   - milliseconds: now, on a monotonic clock.
    init(
        label: String, partition: Int32? = nil, total: Int64?, done: Int64 = 0, amount: String? = nil,
        unit: String = "events", isTerminal: Bool, milliseconds: Int64
    ) {
        self.label = label
        self.partition = partition
        self.amount = amount
        self.unit = unit
        self.total = total
        self.isTerminal = isTerminal
        startedAt = milliseconds
        doneAtStart = done
    }

    /// What to write to stderr now; nil if the next update is not due.
    /// - Parameters:
    ///   - done: work done, including earlier runs.
    ///   - events: events that this run has sent.
    mutating func status(done: Int64, events: Int64, milliseconds: Int64) -> String? {
        let interval = isTerminal ? Self.barMillisecondsInterval : Self.lineMillisecondsInterval
        let last = shownAt ?? (isTerminal ? startedAt - interval : startedAt)
        guard milliseconds - last >= interval else { return nil }
        shownAt = milliseconds
        let text = text(done: done, events: events, milliseconds: milliseconds)
        return isTerminal ? "\r\u{1B}[K\(text)" : text
    }

    /// The final output; on a terminal it removes the bar. nil if nothing was shown.
    func end() -> String? { isTerminal && shownAt != nil ? "\r\u{1B}[K" : nil }

    /// The bar, or the line of JSON, whether it is due or not.
    func text(done: Int64, events: Int64, milliseconds: Int64) -> String {
        let elapsed = max(1, milliseconds - startedAt)
        let perSecond = events * 1_000 / elapsed
        let worked = done - doneAtStart
        let left: Int64? = worked > 0 ? total.map { max(0, $0 - done) * elapsed / worked / 1_000 } : nil
        let percent = total.map { $0 > 0 ? min(100, done * 100 / $0) : 100 }
        guard isTerminal else {
            return JSONWriter.text { writer in
                writer.object { writer in
                    writer.member("progress", label)
                    if let partition { writer.member("partition", Int64(partition)) }
                    writer.member("done", done)
                    writer.key("total")
                    writer.integer(orNull: total)
                    writer.key("percent")
                    writer.integer(orNull: percent)
                    writer.key(unit)
                    writer.integer(events)
                    writer.key("\(unit)_per_second")
                    writer.integer(perSecond)
                    writer.key("eta_seconds")
                    writer.integer(orNull: left)
                }
                writer.endLine()
            }
        }
        let name = partition.map { "\(label) \($0)" } ?? label
        guard let total, let percent else { return "\(name) \(grouped(events)) \(unit)  \(grouped(perSecond))/s" }
        // What counts both leaves less room for the bar.
        let width = amount == nil ? 30 : 10
        let filled = Int(percent) * width / 100
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        let eta = left.map { "ETA \($0 / 60):\($0 % 60 < 10 ? "0" : "")\($0 % 60)" } ?? "ETA -"
        let counted =
            amount.map { "\(grouped(done)) of \(grouped(total)) \($0)  \(grouped(perSecond)) \(unit)/s" }
            ?? "\(grouped(events)) \(unit)  \(grouped(perSecond))/s"
        return "\(name) [\(bar)] \(percent)%  \(counted)  \(eta)"
    }
}
