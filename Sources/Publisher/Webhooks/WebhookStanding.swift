/// How it goes with one target of alerts, since the publisher started (SPEC 6.4).
public struct WebhookStanding: Sendable, Equatable {
    /// The target's place in ``WebhookConfiguration/targets``, from 1: two targets may be on one host.
    public var number: Int
    /// The target without what may be secret in it, e.g. `https://alerts.example`.
    public var target: String
    /// Changes of alerts that the target has.
    public var told: Int64 = 0
    /// Requests that came to nothing and are made again.
    public var failedRequests: Int64 = 0
    /// Changes that the target will never be told of: too many waited, or it did not take them.
    public var dropped: Int64 = 0
    /// Changes that wait for it now.
    public var waiting: Int64 = 0
    /// When it last took something, in microseconds; nil: not since the start.
    public var toldAt: Int64?
    /// Why it cannot be told at the moment; nil while it can.
    public var trouble: String?

    init(number: Int, _ target: String) { (self.number, self.target) = (number, target) }

    mutating func take(_ outcome: WebhookMachine.Outcome, at now: Int64) {
        switch outcome {
        case .told: (toldAt, trouble) = (now, nil)
        case .refused: trouble = nil
        case .failed(let reason, _):
            failedRequests += 1
            trouble = reason
        }
    }
}
