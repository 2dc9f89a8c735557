internal import Foundation

/// A server that is asked again while it is away or busy, for as long as patience lasts; says what it waits for.
final class PatientServer {
    /// How often a wait that lasts is mentioned again.
    private static let reminderMilliseconds: Int64 = 30_000

    private enum Cause: Equatable { case away, limited, busy }

    private let environment: Importer.Environment
    private let patienceMilliseconds: Int
    private var told: (cause: Cause, at: Int64)?

    init(_ environment: Importer.Environment, patienceMilliseconds: Int) {
        self.environment = environment
        self.patienceMilliseconds = patienceMilliseconds
    }

    /// The answer to a request, whatever its status; nil if a stop was requested.
    /// - Parameters:
    ///   - attempt: sends the request.
    ///   - next: what the user can do if patience runs out.
    ///   - tick: called now and then while waiting.
    /// - Throws: ``CommandFailure`` if the server stays unavailable.
    func answer(
        _ attempt: (APIClient) throws(TransportFailure) -> APIAnswer, next: String, tick: () -> Void
    ) throws(CommandFailure) -> APIAnswer? {
        var backoff = Backoff(patienceMilliseconds: patienceMilliseconds)
        let client = environment.client
        while true {
            let failure: CommandFailure
            let retryAfter: Int?
            let cause: Cause
            do throws(TransportFailure) {
                let answer = try attempt(client)
                guard answer.isRetriable else {
                    tellThatItAnswers()
                    return answer
                }
                failure = client.failure(answer)
                retryAfter = answer.retryAfterSeconds
                cause = answer.status == 429 ? .limited : .busy
            } catch {
                failure = client.unreachable(error)
                guard error.isRetriable else { throw failure }
                retryAfter = error.retryAfterSeconds
                cause = .away
            }
            guard let wait = backoff.next(retryAfterSeconds: retryAfter) else {
                var last = failure
                last.next = next
                throw last
            }
            tell(cause, failure, waitMilliseconds: wait, patience: backoff.leftMilliseconds + wait)
            guard pause(wait, tick) else { return nil }
        }
    }

    /// False if a stop was requested.
    private func pause(_ milliseconds: Int, _ tick: () -> Void) -> Bool {
        var left = milliseconds
        while left > 0, !environment.isStopping() {
            let step = min(left, Int(ProgressMeter.barMillisecondsInterval))
            environment.pause(step)
            left -= step
            tick()
        }
        return !environment.isStopping()
    }

    /// Says at once why nothing happens, and until when.
    private func tell(_ cause: Cause, _ failure: CommandFailure, waitMilliseconds: Int, patience: Int) {
        let now = environment.milliseconds()
        if let told, told.cause == cause, now - told.at < Self.reminderMilliseconds { return }
        told = (cause, now)
        let client = environment.client
        let end = client.time(after: (patience + 999) / 1_000)
        let text =
            switch cause {
            case .away: "waiting for \(client.access.url) until \(end): \(failure.why ?? failure.what)"
            case .limited:
                "waiting until \(client.time(after: (waitMilliseconds + 999) / 1_000)): the server accepts no more "
                    + "requests until then (429); andon key create --rate-limit 0 makes a key without a limit"
            case .busy: "waiting for \(client.access.url) until \(end): \(failure.what)"
            }
        environment.say(text)
    }

    private func tellThatItAnswers() {
        if told?.cause == .away || told?.cause == .busy {
            environment.say("\(environment.client.access.url) answers")
        }
        told = nil
    }
}
