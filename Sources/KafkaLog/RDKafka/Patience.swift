internal import EventLog
internal import Foundation

/// Repeats a request while not all brokers may know yet what one of them was told: one broker creates a topic, the others
/// learn of it a little later, and any of them may answer.
enum Patience {
    /// Brokers inform each other within milliseconds; a second more for busy ones.
    private static let milliseconds: Int64 = 2000
    private static let stepSeconds = 0.1

    /// Calls `body` until it returns a value; the last call has to return one or to throw.
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
