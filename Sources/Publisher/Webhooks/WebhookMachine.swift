internal import EventModel

/// When one target is told, without any IO: inputs in, actions out.
///
/// What waits is in the file. A request that fails is made again with what waits then, later and later, for ever.
struct WebhookMachine: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// → sending
        case resting
        /// A request is under way. → resting, waiting
        case sending
        /// After a failure. → sending
        case waiting(until: Int64)
    }

    /// What a request came to.
    enum Outcome: Sendable, Equatable {
        /// 2xx: it knows.
        case told
        /// It will never take this content.
        case refused(String)
        /// No answer, or one that says that it cannot at the moment.
        case failed(String, retryAfterSeconds: Int64?)
    }

    enum Input: Sendable, Equatable {
        /// Time passed, or an alert was noted.
        case tick(isWaiting: Bool)
        case answered(Outcome)
    }

    enum Action: Sendable, Equatable {
        /// Take what waits and send it.
        case send
        /// What was sent is done.
        case forget
        /// The target knows it.
        case reportTold
        /// The first failure after a success.
        case report(String)
        /// What was sent is not taken, and dropped.
        case reportRefused(String)
        /// The first success after a failure.
        case reportRecovered
    }

    private(set) var state = State.resting
    private(set) var failures = 0

    static let firstWait = Microseconds.second
    static let waitMaximum = 300 * Microseconds.second
    /// A target cannot ask for more patience than this.
    static let retryAfterMaximum = Microseconds.hour
    /// Below this a wait makes no difference to a target that is overloaded.
    static let waitMinimum = Microseconds.second / 10

    /// When to send the next tick if nothing happens before; nil: only when something does.
    var wakeTime: Int64? {
        guard case .waiting(let until) = state else { return nil }
        return until
    }

    func maySend(_ now: Int64) -> Bool {
        switch state {
        case .resting: true
        case .waiting(let until): now >= until
        case .sending: false
        }
    }

    /// - Parameter random: from 0 up to, but not including, 1: spreads the requests of many processes.
    mutating func step(_ now: Int64, _ input: Input, random: Double) -> [Action] {
        switch (state, input) {
        case (.resting, .tick(isWaiting: true)):
            state = .sending
            return [.send]
        case (.waiting(let until), .tick(isWaiting: true)) where now >= until:
            state = .sending
            return [.send]
        case (.waiting(let until), .tick(isWaiting: false)) where now >= until:
            state = .resting
            return []
        case (.sending, .answered(.told)):
            state = .resting
            defer { failures = 0 }
            return [.forget, .reportTold] + (failures > 0 ? [.reportRecovered] : [])
        case (.sending, .answered(.refused(let reason))):
            state = .resting
            failures = 0
            return [.forget, .reportRefused(reason)]
        case (.sending, .answered(.failed(let reason, let retryAfter))):
            let asked = min(Self.retryAfterMaximum, (retryAfter ?? 0) * Microseconds.second)
            state = .waiting(until: now + max(asked, Self.wait(failures, random)))
            failures += 1
            return failures == 1 ? [.report(reason)] : []
        default: return []
        }
    }

    /// Full jitter: anything up to 1, 2, 4 … 300 s.
    private static func wait(_ failures: Int, _ random: Double) -> Int64 {
        let limit = min(waitMaximum, firstWait << Int64(min(failures, 20)))
        return max(waitMinimum, Int64(Double(limit) * random))
    }
}

extension WebhookMachine.Outcome {
    /// What an answer means. A redirect is not followed: another host would learn of the plant, and of the signature.
    init(status: Int, retryAfter: String?, location: String?) {
        switch status {
        case 200..<300: self = .told
        case 300..<400:
            let place = location.map { WebhookConfiguration.shown($0) } ?? "elsewhere"
            self = .failed("it redirects to \(place), which is not followed; name that URL", retryAfterSeconds: nil)
        // A fault of the content, where the others may be faults of the target or of its URL.
        case 400, 413, 415, 422: self = .refused("it answers \(status)")
        default:
            let seconds = retryAfter.flatMap { Int64($0) }.map { max(0, $0) }
            self = .failed("it answers \(status)", retryAfterSeconds: seconds.map { min($0, 86_400) })
        }
    }
}
