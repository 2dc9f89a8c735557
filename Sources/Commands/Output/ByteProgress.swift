internal import Clocks

/// Shows how far work is that is counted in bytes, and ends it when a stop is asked for.
final class ByteProgress {
    private let label: String
    private let console: Console
    private let isStopping: () -> Bool
    private var meter: ProgressMeter?
    /// Whether the work was ended.
    private(set) var isStopped = false

    init(_ label: String, _ console: Console, isStopping: @escaping () -> Bool) {
        self.label = label
        self.console = console
        self.isStopping = isStopping
    }

    /// Takes note of progress.
    /// - Returns: whether to go on.
    func note(done: Int64, total: Int64) -> Bool {
        let now = SystemClock().uptime.milliseconds
        var current =
            meter
            ?? ProgressMeter(
                label: label, total: total, unit: "bytes", isTerminal: console.errorIsTerminal, milliseconds: now)
        if let status = current.status(done: done, events: done, milliseconds: now) { console.writeError(status) }
        meter = current
        isStopped = isStopping()
        return !isStopped
    }

    /// Removes the bar; the next work begins anew.
    func end() {
        if let end = meter?.end() { console.writeError(end) }
        meter = nil
    }
}
