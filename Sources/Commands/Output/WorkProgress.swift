internal import Clocks

/// Shows how far long work is, and ends it when a stop is asked for.
final class WorkProgress {
    private let label: String
    private let unit: String
    private let console: Console
    private let isStopping: () -> Bool
    private var meter: ProgressMeter?
    /// Whether the work was ended.
    private(set) var isStopped = false

    /// - Parameter unit: what is counted.
    init(_ label: String, unit: String = "bytes", _ console: Console, isStopping: @escaping () -> Bool) {
        self.label = label
        self.unit = unit
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
                label: label, total: total, unit: unit, isTerminal: console.errorIsTerminal, milliseconds: now)
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
