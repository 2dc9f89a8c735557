/// How long to wait before sending the same batch again.
///
/// Pure. Each failure is answered with a wait, or with nil, which means to give up; a success resets the sequence.
struct Backoff {
    /// The longest single wait; if a server asks for more, it is tried again after this.
    static let waitMillisecondsMaximum = 60_000
    static let firstWaitMilliseconds = 250

    private let patienceMilliseconds: Int
    private var waited = 0
    private var failures = 0

    /// - Parameter patienceMilliseconds: how long to continue without a success.
    init(patienceMilliseconds: Int) { self.patienceMilliseconds = patienceMilliseconds }

    /// How long to continue after the waits so far.
    var leftMilliseconds: Int { max(0, patienceMilliseconds - waited) }

    /// The next wait in milliseconds; nil if patience has run out.
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
