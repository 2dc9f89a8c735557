/// How long to wait before the same batch is sent again.
///
/// Pure. A valid sequence: failures, each answered with a wait or with nil, which means to give up; a success resets.
struct Backoff {
    /// The longest single wait; a server that asks for more is asked again after this.
    static let waitMillisecondsMaximum = 60_000
    static let firstWaitMilliseconds = 250

    private let patienceMilliseconds: Int
    private var waited = 0
    private var failures = 0

    /// - Parameter patienceMilliseconds: how long to go on without one success.
    init(patienceMilliseconds: Int) { self.patienceMilliseconds = patienceMilliseconds }

    /// The next wait in milliseconds; nil when patience is at its end.
    mutating func next(retryAfterSeconds: Int?) -> Int? {
        guard waited < patienceMilliseconds else { return nil }
        let doubled = Self.firstWaitMilliseconds << min(failures, 8)
        let asked = retryAfterSeconds.map { max(0, min($0, Self.waitMillisecondsMaximum / 1_000)) * 1_000 } ?? 0
        let wait = min(max(doubled, asked), Self.waitMillisecondsMaximum, max(1, patienceMilliseconds - waited))
        failures += 1
        waited += wait
        return wait
    }

    mutating func reset() {
        waited = 0
        failures = 0
    }
}
