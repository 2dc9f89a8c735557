internal import EventLog
internal import Foundation

/// Repeats a request while not all brokers may know yet what one of them knows: one broker creates a topic, the others
/// learn of it a little later, and any of them may answer.
enum Patience {
    /// Brokers inform each other within milliseconds; a second more for busy ones.
    private static let milliseconds = 2000
    private static let stepSeconds = 0.05

    /// Calls `body` until it returns a value; the last call has to return one or to throw.
    static func ask<Answer>(
        milliseconds: Int = milliseconds, _ body: (_ isLast: Bool) throws(LogError) -> Answer?
    ) throws(LogError) -> Answer {
        let deadline = BrokerTime.deadline(milliseconds: milliseconds)
        while BrokerTime.now < deadline {
            if let answer = try body(false) { return answer }
            pause()
        }
        guard let answer = try body(true) else { preconditionFailure("the last call has an answer") }
        return answer
    }

    /// Between two questions to a broker. Nothing on this machine can signal its answer earlier, so this only sleeps.
    static func pause() { Thread.sleep(forTimeInterval: stepSeconds) }
}
