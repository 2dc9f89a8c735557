internal import EventLog
internal import Foundation

/// Asks again while brokers may not all know yet what one of them was told: topics are made by one and known to the
/// others a little later, and any of them may be the one that answers.
enum Patience {
    /// Brokers tell each other within milliseconds; a second more for those that are busy.
    private static let milliseconds: Int64 = 2000
    private static let stepSeconds = 0.1

    /// Calls `body` until it gives something; the last call has to, or to throw.
    static func ask<Answer>(
        _ body: (_ isLast: Bool) throws(LogError) -> Answer?
    ) throws(LogError) -> Answer {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while ContinuousClock.now < deadline {
            if let answer = try body(false) { return answer }
            Thread.sleep(forTimeInterval: stepSeconds)
        }
        guard let answer = try body(true) else { preconditionFailure("the last call has an answer") }
        return answer
    }
}
